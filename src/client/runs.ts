/** The runs on servers as Temporal's visibility has them: neither a worker nor a search attribute is needed. */
import type { WorkflowExecutionInfo } from '@temporalio/client';
import {
  DEFAULT_TASK_QUEUE,
  MEMO,
  SEARCH_ATTRIBUTE,
  WORKFLOW_TYPE,
  serverIdOf,
  serverWorkflowId,
} from '../contract';
import { isUuid } from '../contract/values';
import type { Temporal } from './connect';
import { asTotals, lastEvent } from './ending';
import type { RunPointer } from './find';
import { chainStart, describe, firstRunOf, isOpenRun, queryStatus } from './find';
import { idleQueues } from './pollers';

const CALL_MS = 10_000;
/** Details are optional: a list must appear quickly. */
const DETAILS_MS = 3_000;
const AT_ONCE = 10;
/** Only a hint for an operator who waits. */
const HINT_MS = 3_000;
const MAX_QUEUES_TRIED = 5;
const MAX_CONTINUED = 1_000;
const RECENT = 100;
/** Dry runs are skipped, and there may be many more of them than of other runs. */
const MAX_PAGE = 1_000;

/** To steer the run, call `findOpenRun`: a list does not say with which run a chain began. */
export interface ListedRun extends RunPointer {
  /**
   * Id of the chain's first run; `null`: not known. Only {@link addDetails} finds it, and only for a run that has
   * continued as new.
   */
  firstRunId: string | null;
  serverId: string;
  serverName: string | null;
  type: string;
  taskQueue: string;
  /** Temporal's own word in lower case: `running`, `completed`, `timed-out`, … */
  status: string;
  open: boolean;
  /** `null`: unknown. */
  phase: string | null;
  outcome: string | null;
  /** Start of the chain, for a run that has continued as new. */
  startedAt: Date;
  endedAt: Date | null;
}

// By type, not by the prefix of the id: every version of Temporal supports that. Of a chain only the last run is shown.
const TYPES = Object.values(WORKFLOW_TYPE).map((type) => `'${type}'`);
const OURS = `WorkflowType IN (${TYPES.join(', ')})`;
const QUERY = `${OURS} AND ExecutionStatus != 'ContinuedAsNew'`;

/** At most `limit` runs: the open ones first, then those that ended last. Throws gRPC errors. */
export async function readRuns(
  temporal: Temporal,
  limit: number,
  openOnly: boolean,
): Promise<{ runs: ListedRun[]; more: boolean }> {
  const query = openOnly ? `${QUERY} AND CloseTime IS NULL` : QUERY;
  return temporal.call(CALL_MS, async () => {
    const runs: ListedRun[] = [];
    // The server already returns the wanted order.
    for await (const info of temporal.client.workflow.list({ query, pageSize: MAX_PAGE })) {
      const serverId = serverIdOf(info.workflowId);
      // Skips what is no run on a server. The workflow itself refuses a foreign id. A dry run has an id of its own: it
      // has held no server and changed nothing, and a list full of plans would hide the actual changes.
      if (!isUuid(serverId) || info.workflowId !== serverWorkflowId(serverId)) continue;
      if (runs.length === limit) return { runs, more: true };
      runs.push(listedRun(info, serverId));
    }
    return { runs, more: false };
  });
}

/** Workflow ids with a run that has continued as new, among the latest thousand. */
async function continuedIds(temporal: Temporal): Promise<Set<string>> {
  const ids = new Set<string>();
  let rest = MAX_CONTINUED;
  await temporal.call(CALL_MS, async () => {
    const query = `${OURS} AND ExecutionStatus = 'ContinuedAsNew'`;
    for await (const { workflowId } of temporal.client.workflow.list({ query, pageSize: MAX_CONTINUED })) {
      ids.add(workflowId);
      if (--rest === 0) break;
    }
  });
  return ids;
}

/** Other task queues of such runs that workers do poll; none if this takes longer than 3 s. Never throws. */
export async function polledElsewhere(temporal: Temporal, taskQueue: string): Promise<string[]> {
  const found: string[] = [];
  const look = async () => {
    const known = await recentQueues(temporal);
    const queues = [...new Set([DEFAULT_TASK_QUEUE, ...known])].filter((name) => name !== taskQueue);
    for (const queue of queues.slice(0, MAX_QUEUES_TRIED)) {
      if ((await idleQueues(temporal, queue)).length === 0) found.push(queue);
    }
  };
  await Promise.race([look().catch(() => {}), new Promise((resolve) => setTimeout(resolve, HINT_MS))]);
  return [...found];
}

/** Task queues of the latest runs. Throws gRPC errors. */
async function recentQueues(temporal: Temporal): Promise<string[]> {
  const queues = new Set<string>();
  let rest = RECENT;
  await temporal.call(CALL_MS, async () => {
    for await (const { taskQueue } of temporal.client.workflow.list({ query: OURS, pageSize: RECENT })) {
      queues.add(taskQueue);
      if (--rest === 0) break;
    }
  });
  return [...queues];
}

function listedRun(info: WorkflowExecutionInfo, serverId: string): ListedRun {
  const open = isOpenRun(info);
  const attribute = (name: string): string | null => {
    const value: unknown = info.searchAttributes[name]?.[0];
    return typeof value === 'string' ? value : null;
  };
  return {
    workflowId: info.workflowId,
    runId: info.runId,
    firstRunId: null,
    serverId,
    serverName: null,
    type: info.type,
    taskQueue: info.taskQueue,
    status: info.status.name.toLowerCase().replaceAll('_', '-'),
    open,
    phase: attribute(SEARCH_ATTRIBUTE.phase),
    outcome: open
      ? 'running'
      : (attribute(SEARCH_ATTRIBUTE.outcome) ?? asTotals(info.memo?.[MEMO.result])?.outcome ?? null),
    startedAt: info.startTime,
    endedAt: info.closeTime ?? null,
  };
}

/**
 * Adds to `runs` in place what the list itself lacks: names, exact phases and outcomes, the start of a chain. Leaves
 * out what does not arrive within 3 s. Never throws.
 */
export async function addDetails(temporal: Temporal, runs: readonly ListedRun[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeOut = new Promise<'over'>((resolve) => {
    timer = setTimeout(() => resolve('over'), DETAILS_MS);
  });
  let over = false;
  const work = async () => {
    const [continued, polled] = await Promise.all([
      continuedIds(temporal).catch(() => new Set<string>()),
      polledQueues(temporal, runs),
    ]);
    const waiting = [...runs];
    const next = async (): Promise<void> => {
      const run = waiting.shift();
      if (run === undefined || over) return;
      if (continued.has(run.workflowId)) await addChain(temporal, run).catch(() => {});
      // Without a worker each query would use up its whole time limit.
      if (!run.open || polled.has(run.taskQueue)) await addDocument(temporal, run).catch(() => {});
      return next();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  };
  await Promise.race([work(), timeOut]);
  over = true;
  clearTimeout(timer);
}

async function polledQueues(temporal: Temporal, runs: readonly ListedRun[]): Promise<Set<string>> {
  const queues = new Set(runs.filter((run) => run.open).map((run) => run.taskQueue));
  const polled = new Set<string>();
  await Promise.all(
    [...queues].map(async (queue) => {
      const idle = await idleQueues(temporal, queue).catch(() => [queue]);
      if (!idle.includes(queue)) polled.add(queue);
    }),
  );
  return polled;
}

async function addChain(temporal: Temporal, run: ListedRun): Promise<void> {
  const description = await describe(temporal, run.workflowId, run.runId);
  run.firstRunId = firstRunOf(description);
  run.startedAt = await chainStart(temporal, description);
}

async function addDocument(temporal: Temporal, run: ListedRun): Promise<void> {
  const document = run.open
    ? await queryStatus(temporal, run, DETAILS_MS)
    : (await lastEvent(temporal, run, DETAILS_MS)).document;
  if (document === null) return;
  run.serverName = document.serverName;
  run.phase = document.phase;
  run.outcome = document.outcome;
}
