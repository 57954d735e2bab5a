/** What a campaign has made and knows, for all that act in it. */
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { ListedServer } from '../src/contract';
import type { ServerState } from '../simulator/compute/nic-states';
import type { Plan, ServerPlan, Wanted } from './plan';
import type { Stage } from './stage';
import { Tally } from './tally';

/** Who sends the messages. */
export const WHO = { by: 'chaos', reason: 'the plan says so' };

/** A call of Temporal may meet a server that is being started again. */
const CALL_MS = 12_000;

export interface ServerRecord {
  serverId: string;
  primary: string;
  /** All but the primary one, in the order of attachment. */
  nics: string[];
  /** As it was made. */
  before: ServerState;
}

export interface FleetRecord {
  run: string;
  /** The list, page by page. */
  pages: ListedServer[][];
  /** As it was told last. */
  phase: string;
}

export class World {
  readonly tally = new Tally();
  readonly servers: ServerRecord[] = [];
  /** Decommission runs that were started, or may have been. */
  readonly fleets: FleetRecord[] = [];
  /** Ids of faults whose strikes are in the tally. */
  readonly counted = new Set<string>();
  /** The minutes are over: people bring to an end what is open. */
  ending = false;

  constructor(
    readonly stage: Stage,
    readonly plan: Plan,
  ) {}

  async makeServer({ nics, jobSeconds, kept, elasticIp }: ServerPlan): Promise<ServerRecord> {
    const { simulator } = this.stage;
    const specs = Array.from({ length: nics }, (_, position) => ({
      ...(position === kept ? { deleteOnTermination: false } : {}),
      ...(position === elasticIp ? { elasticIp: true } : {}),
    }));
    const made = await simulator.post<{ id: string }>('/_sim/servers', {
      nics: [{ primary: true }, ...specs],
      jobSeconds,
    });
    const before = await simulator.get<ServerState>(`/_sim/servers/${made.id}/state`);
    const record = {
      serverId: made.id,
      primary: before.nics.find(({ primary }) => primary)?.id ?? '',
      nics: before.nics.filter(({ primary }) => !primary).map(({ id }) => id),
      before,
    };
    this.servers.push(record);
    return record;
  }

  /** From now on these go wrong with the server's calls. */
  async arm({ serverId }: ServerRecord, { faults }: ServerPlan): Promise<void> {
    if (this.ending) return;
    for (const fault of faults)
      await this.stage.simulator.post('/_sim/faults', { ...fault, match: { ...fault.match, serverId } });
  }

  /**
   * Something that is told to Temporal by somebody who waits for the answer for some seconds. It may have arrived all the same.
   * @returns whether it was taken
   */
  async tell(what: string, send: (client: Client) => Promise<unknown>): Promise<boolean> {
    const { client } = this.stage;
    try {
      await client.withDeadline(Date.now() + CALL_MS, () => send(client));
      this.tally.add('messages', `${what}: taken`);
      return true;
    } catch (error) {
      const refused =
        error instanceof WorkflowUpdateFailedError ||
        error instanceof WorkflowExecutionAlreadyStartedError ||
        error instanceof WorkflowNotFoundError;
      this.tally.add('messages', `${what}: ${refused ? 'refused' : 'no answer'}`);
      return false;
    }
  }

  /** `null`: nobody has answered. */
  async ask<T>(question: (client: Client) => Promise<T>): Promise<T | null> {
    const { client } = this.stage;
    return client.withDeadline(Date.now() + CALL_MS, () => question(client)).catch(() => null);
  }

  /** Open runs of the stage, by workflow id. `null`: the server has not answered. */
  openIds(): Promise<string[] | null> {
    return this.ask(async (client) => {
      const query = `TaskQueue = '${this.stage.taskQueue}' AND ExecutionStatus = 'Running'`;
      const ids: string[] = [];
      for await (const { workflowId } of client.workflow.list({ query, pageSize: 1_000 }))
        ids.push(workflowId);
      return ids.sort();
    });
  }
}

/** What a request says of its NICs. */
export function chosen(wanted: Wanted, { nics }: ServerRecord): 'all' | { id: string }[] {
  return wanted === 'all' ? 'all' : wanted.flatMap((position) => nics[position] ?? []).map((id) => ({ id }));
}

/** One of them, by a share of their number. */
export function oneOf<T>(items: readonly T[], share: number): T | undefined {
  return items[Math.floor(share * items.length)];
}
