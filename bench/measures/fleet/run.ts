/** A decommission run of the bench, and what its histories say about it. */
import { randomBytes } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { DecommissionRun } from '../../../dev/decommission-run';
import { startDecommission } from '../../../dev/decommission-run';
import type { Bed } from '../../bed';
import type { Target } from '../../targets';

export function startFleet(
  bed: Bed,
  targets: readonly Target[],
  settings: Record<string, unknown>,
): Promise<DecommissionRun> {
  const servers = targets.map(({ serverId, nicIds }) => ({ serverId, nics: nicIds.map((id) => ({ id })) }));
  return startDecommission(bed.client, servers, {
    run: `bench-${randomBytes(6).toString('hex')}`,
    taskQueue: bed.subjects[0].taskQueue,
    who: { by: 'bench', reason: 'a measurement' },
    settings: { maxServers: 100_000, pauseAfter: 'never', maxErrors: 0, ...settings },
  });
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
export async function historiesOf(
  bed: Bed,
  run: DecommissionRun,
  targets: readonly Target[],
): Promise<Histories> {
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
