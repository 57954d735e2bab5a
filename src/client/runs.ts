/** The runs on servers as Temporal's visibility has them: neither a worker nor a search attribute is needed. */
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { ResultDocument } from '../contract';
import {
  DEFAULT_TASK_QUEUE,
  MEMO,
  SEARCH_ATTRIBUTE,
  WORKFLOW_TYPE,
  planWorkflowId,
  serverIdOf,
  serverWorkflowId,
} from '../contract';
import { isUuid } from '../contract/values';
import type { Temporal } from './connect';
import { asTotals, lastEvent } from './ending';
import type { RunPointer } from './find';
import { chainStart, describe, firstRunOf, isOpenRun, queryStatus, readAsker } from './find';
import { idleQueues } from './pollers';

const CALL_MS = 10_000;
/** Details are optional: a list must appear quickly. */
const DETAILS_MS = 3_000;
const AT_ONCE = 10;
const SEARCH_MS = 30_000;
const SEARCH_STEP = 50;
const MAX_SEARCHED = 5_000;
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
  /** Who asked for the run, and why; `null`: the request does not say, or {@link addDetails} could not read it. */
  requestedBy: string | null;
  reason: string | null;
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
  return readListed(temporal, { openOnly }, limit);
}

/** Which runs are wanted; what is left out does not matter. */
export interface RunFilter {
  /** A lower-case UUID. */
  serverId?: string;
  openOnly?: boolean;
  /** Of a closed run, `running` of an open one; for one without a document Temporal's word, such as `terminated`. */
  outcome?: string;
  /** Upper and lower case are the same. */
  requestedBy?: string;
  /** Begun at this time or later. */
  since?: Date;
}

export interface FoundRuns {
  runs: ListedRun[];
  /** There may be more such runs. */
  more: boolean;
  /** The search ended before it had looked at all runs; the ones at which it has looked. `null`: it is whole. */
  lookedAt: number | null;
}

/**
 * At most `limit` runs that fit, with their details: the open ones first, then those that ended last. What only a run itself can
 * tell is read run by run, for at most half a minute. Throws gRPC errors.
 */
export async function searchRuns(temporal: Temporal, filter: RunFilter, limit: number): Promise<FoundRuns> {
  const { outcome, requestedBy, since } = filter;
  if (outcome === undefined && requestedBy === undefined) {
    const { runs, more } = await readListed(temporal, filter, limit);
    await addDetails(temporal, runs);
    return { runs: runs.filter((run) => isSince(run, since)), more, lookedAt: null };
  }
  const until = Date.now() + SEARCH_MS;
  const listed = await readListed(temporal, filter, MAX_SEARCHED);
  const runs: ListedRun[] = [];
  for (let at = 0; at < listed.runs.length; at += SEARCH_STEP) {
    const rest = until - Date.now();
    if (rest <= 0) return { runs, more: true, lookedAt: at };
    const step = listed.runs.slice(at, at + SEARCH_STEP).filter((run) => mayFit(run, outcome));
    const isWhole = await addDetails(temporal, step, rest);
    const fitting = step.filter((run) => fits(run, filter));
    runs.push(...fitting.slice(0, limit - runs.length));
    if (!isWhole) return { runs, more: true, lookedAt: at };
    if (runs.length === limit) {
      const isLast = at + SEARCH_STEP >= listed.runs.length && fitting.at(-1) === runs.at(-1);
      return { runs, more: listed.more || !isLast, lookedAt: null };
    }
  }
  return { runs, more: listed.more, lookedAt: listed.more ? listed.runs.length : null };
}

/** The attribute, where it is set, spares a read. */
function mayFit(run: ListedRun, outcome: string | undefined): boolean {
  return outcome === undefined || run.outcome === null || run.outcome === outcome;
}

function fits(run: ListedRun, { outcome, requestedBy, since }: RunFilter): boolean {
  return (
    isSince(run, since) &&
    (outcome === undefined || (run.outcome ?? run.status) === outcome) &&
    (requestedBy === undefined || run.requestedBy?.trim().toLowerCase() === requestedBy.trim().toLowerCase())
  );
}

/** The server's own filter knows the start of a chain's last run alone. */
function isSince({ startedAt }: ListedRun, since: Date | undefined): boolean {
  return since === undefined || startedAt.getTime() >= since.getTime();
}

async function readListed(
  temporal: Temporal,
  filter: RunFilter,
  limit: number,
): Promise<{ runs: ListedRun[]; more: boolean }> {
  const query = queryOf(filter);
  return temporal.call(CALL_MS, async () => {
    const runs: ListedRun[] = [];
    // The server already returns the wanted order.
    for await (const info of temporal.client.workflow.list({ query, pageSize: MAX_PAGE })) {
      const serverId = serverIdOf(info.workflowId);
      // Skips what is no run on a server. The workflow itself refuses a foreign id. A dry run has an id of its own: it
      // has held no server and changed nothing, and a list full of plans would hide the actual changes.
      if (!isUuid(serverId)) continue;
      if (info.workflowId !== serverWorkflowId(serverId) && filter.outcome !== PLANNED) continue;
      if (runs.length === limit) return { runs, more: true };
      runs.push(listedRun(info, serverId));
    }
    return { runs, more: false };
  });
}

/** Who asks for plans gets those under the id of dry runs, too. */
const PLANNED = 'planned';

function queryOf({ serverId, openOnly, outcome, since }: RunFilter): string {
  const parts = [QUERY];
  if (serverId !== undefined) {
    const ids = [serverWorkflowId(serverId), planWorkflowId(serverId)];
    parts.push(`WorkflowId IN (${ids.map((id) => `'${id}'`).join(', ')})`);
  }
  if (since !== undefined) parts.push(`StartTime >= '${since.toISOString()}'`);
  if (openOnly === true || outcome === 'running') parts.push('CloseTime IS NULL');
  else if (outcome !== undefined) parts.push('CloseTime IS NOT NULL');
  return parts.join(' AND ');
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
    requestedBy: null,
    reason: null,
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
 * Adds to `runs` in place what the list itself lacks: names, exact phases and outcomes, who asked for it and why, the start of a
 * chain. Leaves out what can't be read, or not in time (by default within 3 s), and then returns `false`. Never throws.
 */
export async function addDetails(
  temporal: Temporal,
  runs: readonly ListedRun[],
  withinMs = DETAILS_MS,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeOut = new Promise<'over'>((resolve) => {
    timer = setTimeout(() => resolve('over'), withinMs);
  });
  let over = false;
  let isWhole = true;
  const unread = (error: unknown): null => {
    // The namespace has just forgotten it.
    isWhole &&= error instanceof WorkflowNotFoundError;
    return null;
  };
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
      const isAnswered = !run.open || polled.has(run.taskQueue);
      const document = isAnswered ? await documentOf(temporal, run).catch(unread) : null;
      if (document !== null) addDocument(run, document);
      await addAsker(temporal, run, document).catch(() => {});
      return next();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  };
  const end = await Promise.race([work(), timeOut]);
  over = true;
  clearTimeout(timer);
  return end !== 'over' && isWhole;
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

async function documentOf(temporal: Temporal, run: ListedRun): Promise<ResultDocument | null> {
  return run.open
    ? queryStatus(temporal, run, DETAILS_MS)
    : (await lastEvent(temporal, run, DETAILS_MS)).document;
}

function addDocument(run: ListedRun, { serverName, phase, outcome }: ResultDocument): void {
  Object.assign(run, { serverName, phase, outcome });
}

async function addAsker(temporal: Temporal, run: ListedRun, document: ResultDocument | null): Promise<void> {
  const { workflowId, runId, firstRunId } = run;
  const ids = { workflowId, runId, firstRunId: firstRunId ?? runId };
  Object.assign(run, await readAsker(temporal, ids, document));
}
