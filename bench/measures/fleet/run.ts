/** A decommission run as another service drives it, and what its histories say about it. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { DecommissionStatus } from '../../../src/contract';
import { decommissionWorkflowId, PAGE_LIMITS } from '../../../src/contract';
import type { Bed } from '../../bed';
import type { Target } from '../../targets';

const WHO = { by: 'bench', reason: 'a measurement' };
const LOOK_EVERY_MS = 250;

export type Settings = Record<string, unknown>;

export interface FleetRun {
  handle: WorkflowHandle;
  status(): Promise<DecommissionStatus>;
  /** @throws Error after that time */
  reaches(what: (status: DecommissionStatus) => boolean, withinMs: number): Promise<DecommissionStatus>;
  update(name: string, argument?: object): Promise<DecommissionStatus>;
}

export async function startFleet(
  bed: Bed,
  targets: readonly Target[],
  settings: Settings,
): Promise<FleetRun> {
  const workflowId = decommissionWorkflowId(`bench-${randomBytes(6).toString('hex')}`);
  const handle = await bed.client.workflow.start('decommission', {
    taskQueue: bed.subjects[0].taskQueue,
    workflowId,
    args: [{ maxServers: 100_000, pauseAfter: 'never', maxErrors: 0, ...settings }],
    priority: { priorityKey: 4 },
  });
  const size = PAGE_LIMITS.servers;
  const pages = Math.ceil(targets.length / size);
  for (let page = 0; page < pages; page++) {
    const servers = targets
      .slice(page * size, (page + 1) * size)
      .map(({ serverId, nicIds }) => ({ serverId, nics: nicIds.map((id) => ({ id })) }));
    await handle.executeUpdate('load', { args: [{ page, servers }] });
  }
  const status = () => handle.query<DecommissionStatus>('status');
  await handle.executeUpdate('loaded', { args: [{ pages, servers: targets.length }] });
  return {
    handle,
    status,
    reaches: async (what, withinMs) => {
      const until = Date.now() + withinMs;
      for (;;) {
        const seen = await status();
        if (what(seen)) return seen;
        if (Date.now() >= until)
          throw new Error(
            `the decommission run is ${seen.phase} (${seen.reason}) after ${withinMs / 1_000} s`,
          );
        await sleep(LOOK_EVERY_MS);
      }
    },
    update: (name, argument = {}) =>
      handle.executeUpdate<DecommissionStatus, [object]>(name, { args: [{ ...WHO, ...argument }] }),
  };
}

export async function approve(run: FleetRun): Promise<DecommissionStatus> {
  const { digest, servers, nics } = await run.status();
  return run.update('approve', { digest, servers, nics });
}

export interface Histories {
  events: number;
  /** Of the longest one. */
  mostEvents: number;
  mostBytes: number;
  /** Of one event, nearly all of which is its payload. */
  largestEvent: number;
}

/** Of the run, its pages and its servers' own runs. */
export async function historiesOf(bed: Bed, run: FleetRun, targets: readonly Target[]): Promise<Histories> {
  const { pages } = await run.status();
  const ids = [
    run.handle.workflowId,
    ...pages.map(({ workflowId }) => workflowId),
    ...targets.map(({ serverId }) => `nics/${serverId}`),
  ];
  const all: Histories = { events: 0, mostEvents: 0, mostBytes: 0, largestEvent: 0 };
  for (const id of ids) {
    for (let runId: string | undefined = undefined; ;) {
      const handle: WorkflowHandle = bed.client.workflow.getHandle(id, runId);
      const [{ events = [] }, { raw }] = await Promise.all([handle.fetchHistory(), handle.describe()]);
      const list = events ?? [];
      all.events += list.length;
      all.mostEvents = Math.max(all.mostEvents, list.length);
      all.mostBytes = Math.max(all.mostBytes, Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0));
      for (const event of list) all.largestEvent = Math.max(all.largestEvent, JSON.stringify(event).length);
      const before = list[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
      if (!before) break;
      runId = before;
    }
  }
  return all;
}
