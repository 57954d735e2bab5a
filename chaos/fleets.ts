/** Decommission runs, and the people who load, approve, steer and end them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { DecommissionStatus } from '../src/contract';
import { decommissionWorkflowId, WORKFLOW_TYPE } from '../src/contract';
import type { FleetPlan, FleetUpdate, Remedy } from './plan';
import { PACE } from './plan';
import { start } from './requests';
import type { FleetRecord, ServerRecord, World } from './world';
import { chosen, WHO } from './world';

const LOOK_EVERY_MS = 1_200;
/** While the server is being started again nobody takes anything. */
const LOAD_TRIES = 12;
/** In the end nobody waits any longer for a run that does not get on: its phase has to change within that time. */
const PATIENCE_MS = 45_000;
const MAX_SERVERS = 1_000;

export async function playFleet(world: World, plan: FleetPlan, number: number): Promise<void> {
  const servers = await Promise.all(plan.servers.map((each) => world.makeServer(each)));
  if (world.stage.subject === 'naive') {
    // It knows single deletions alone.
    world.tally.add('started', 'single requests', servers.length);
    await arm(world, plan, servers);
    await Promise.all(servers.map((server, n) => start(world, server, plan.servers[n]?.wanted ?? 'all', {})));
    return;
  }
  const name = `chaos-${number}`;
  world.tally.add('started', 'decommission runs');
  world.tally.add('started', 'servers of decommission runs', servers.length);
  const person = new Person(world, plan, name, servers);
  if (await person.loads()) await person.watches();
}

async function arm(world: World, plan: FleetPlan, servers: readonly ServerRecord[]): Promise<void> {
  await Promise.all(
    servers.map(async (server, n) => {
      const planned = plan.servers[n];
      if (planned !== undefined) await world.arm(server, planned);
    }),
  );
}

class Person {
  private readonly workflowId: string;
  private readonly record: FleetRecord;
  private phaseSince = Date.now();
  private stops = 0;
  private approvedAt: number | null = null;

  constructor(
    private readonly world: World,
    private readonly plan: FleetPlan,
    name: string,
    private readonly servers: readonly ServerRecord[],
  ) {
    this.workflowId = decommissionWorkflowId(name);
    this.record = { run: name, pages: [], phase: 'loading' };
  }

  /** `false`: the run does not exist. */
  async loads(): Promise<boolean> {
    const { world, plan, servers } = this;
    const list = servers.map((server, n) => ({
      serverId: server.serverId,
      nics: chosen(plan.servers[n]?.wanted ?? 'all', server),
    }));
    const pages = Array.from({ length: Math.ceil(list.length / plan.pageSize) }, (_, page) =>
      list.slice(page * plan.pageSize, (page + 1) * plan.pageSize),
    );
    this.record.pages = pages;
    world.fleets.push(this.record);
    const { undoWindow, ...settings } = plan.settings;
    const input = {
      ...settings,
      ...{ maxServers: MAX_SERVERS, undoWindow, timing: PACE, deadline: world.plan.deadline },
      ...{ requestedBy: WHO.by, reason: WHO.reason },
    };
    const started = await this.again('decommission', async (client) => {
      try {
        await client.workflow.start(WORKFLOW_TYPE.decommission, {
          ...{ taskQueue: world.stage.taskQueue, workflowId: this.workflowId, priority: { priorityKey: 4 } },
          args: [input],
        });
      } catch (error) {
        // The answer of an earlier try was lost.
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    });
    if (!started) return false;
    for (const [page, some] of pages.entries())
      await this.again('load', (client) =>
        this.handle(client).executeUpdate('load', { args: [{ page, servers: some }] }),
      );
    await this.again('loaded', (client) =>
      this.handle(client).executeUpdate('loaded', { args: [{ pages: pages.length, servers: list.length }] }),
    );
    return true;
  }

  /** To the end of the run. */
  async watches(): Promise<void> {
    const messages: Promise<void>[] = [];
    for (let open = true; open;) {
      await sleep(LOOK_EVERY_MS);
      const status = await this.status();
      open = status !== 'closed';
      if (!open) this.record.phase = 'closed';
      if (status === null || status === 'closed') continue;
      if (status.phase !== this.record.phase) this.phaseSince = Date.now();
      this.record.phase = status.phase;
      await this.acts(status);
      if (this.approvedAt !== null && messages.length === 0)
        messages.push(...this.plan.messages.map((each) => this.sends(each)));
    }
    await Promise.all(messages);
  }

  private async status(): Promise<DecommissionStatus | 'closed' | null> {
    return this.world.ask(async (client) => {
      try {
        const handle = client.workflow.getHandle(this.workflowId);
        const { status } = await handle.describe();
        if (status.name !== 'RUNNING') return 'closed';
        return await handle.query<DecommissionStatus>('status');
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'closed';
        throw error;
      }
    });
  }

  private async acts(status: DecommissionStatus): Promise<void> {
    const { world, plan } = this;
    const inPhaseMs = Date.now() - this.phaseSince;
    const soon = inPhaseMs >= plan.personMs || world.ending;
    if (world.ending && inPhaseMs > PATIENCE_MS) {
      if (status.next.includes('abort')) return this.tells('abort');
      if (status.next.includes('commit')) return this.tells('commit');
    }
    switch (status.phase) {
      case 'loading':
        return world.ending ? this.tells('abort') : undefined;
      case 'planned': {
        if (!soon) return;
        const { digest, servers, nics } = status;
        // Not before: one server that can't be inspected holds up the plan of all, for ten minutes at most.
        if (this.approvedAt === null) await arm(world, plan, this.servers);
        if (await this.update('approve', { digest, servers, nics })) this.approvedAt ??= Date.now();
        else await this.tells('abort');
        return;
      }
      case 'paused':
        return soon ? this.tells('resume') : undefined;
      case 'stopped':
        return soon
          ? this.mends(world.ending ? 'abort' : (plan.remedies[this.stops++] ?? 'abort'), status)
          : undefined;
      case 'undo-window':
        return world.ending || inPhaseMs >= plan.windowMs ? this.tells('commit') : undefined;
      case 'planning':
      case 'running':
      case 'committing':
      case 'undoing':
      case 'done':
        this.approvedAt ??= status.phase === 'planning' ? null : Date.now();
        return;
    }
  }

  private async mends(remedy: Remedy, { failures, failed }: DecommissionStatus): Promise<void> {
    if (remedy === 'abort') return this.tells('abort');
    if (remedy === 'retryFailed') await this.tells('retryFailed');
    if (remedy === 'setLimits') await this.update('setLimits', { maxErrors: failed + 1 });
    if (remedy === 'skip' && failures.length > 0)
      await this.update('skip', { servers: failures.map(({ serverId }) => serverId) });
    await this.tells('resume');
  }

  private async sends({ afterMs, what, share }: FleetPlan['messages'][number]): Promise<void> {
    await sleep(afterMs);
    if (this.world.ending) return;
    const from = Math.floor(share * this.servers.length);
    const some = this.servers.slice(from, from + 3).map(({ serverId }) => serverId);
    if (what === 'undoSome') await this.update('undo', { servers: some });
    else if (what === 'skip') await this.update('skip', { servers: some });
    else if (what === 'setLimits')
      await this.update('setLimits', {
        concurrency: 1 + Math.floor(share * 20),
        maxErrors: Math.floor(share * 10),
      });
    else await this.tells(what);
  }

  private async tells(what: Exclude<FleetUpdate, 'undoSome' | 'skip' | 'setLimits'>): Promise<void> {
    await this.update(what);
  }

  private update(name: string, argument: object = {}): Promise<boolean> {
    return this.world.tell(`decommission ${name}`, (client) =>
      this.handle(client).executeUpdate(name, { args: [{ ...WHO, ...argument }] }),
    );
  }

  private async again(what: string, send: Parameters<World['tell']>[1]): Promise<boolean> {
    for (let tries = 0; tries < LOAD_TRIES; tries++) {
      if (await this.world.tell(what, send)) return true;
      await sleep(1_000);
    }
    return false;
  }

  private handle(client: { workflow: { getHandle(id: string): WorkflowHandle } }): WorkflowHandle {
    return client.workflow.getHandle(this.workflowId);
  }
}
