/** The runs on servers as Temporal's visibility has them: neither a worker nor a search attribute is needed. */
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { MEMO, SEARCH_ATTRIBUTE, WORKFLOW_TYPE, isUuid, serverIdOf, serverWorkflowId } from '../contract';
import type { Temporal } from './connect';
import type { RunPointer } from './ending';
import { asTotals } from './ending';
import { isOpenRun } from './find';

const CALL_MS = 10_000;
const MAX_CONTINUED = 1_000;
const RECENT = 100;
/** Dry runs are passed over: of them there may be many more. */
const MAX_PAGE = 1_000;

export interface ListedRun extends RunPointer {
  firstRunId: string;
  serverId: string;
  serverName: string | null;
  type: string;
  taskQueue: string;
  /** Temporal's own word in lower case: `running`, `completed`, `timed-out`, … */
  status: string;
  open: boolean;
  /** `null`: not known. */
  phase: string | null;
  outcome: string | null;
  /** Of the chain, for a run that has continued as new. */
  startedAt: Date;
  endedAt: Date | null;
}

// By type, not by the prefix of the id: every version of Temporal can do that. Of a chain only the last run is shown.
const TYPES = Object.values(WORKFLOW_TYPE).map((type) => `'${type}'`);
const OURS = `WorkflowType IN (${TYPES.join(', ')})`;
const QUERY = `${OURS} AND ExecutionStatus != 'ContinuedAsNew'`;

/** At most `limit` runs; the open ones first, then those that ended last. Throws gRPC errors. */
export async function readRuns(
  temporal: Temporal,
  limit: number,
  openOnly: boolean,
): Promise<{ runs: ListedRun[]; more: boolean }> {
  const query = openOnly ? `${QUERY} AND CloseTime IS NULL` : QUERY;
  return temporal.call(CALL_MS, async () => {
    const runs: ListedRun[] = [];
    // The server's own order is the wanted one.
    for await (const info of temporal.client.workflow.list({ query, pageSize: MAX_PAGE })) {
      const serverId = serverIdOf(info.workflowId);
      // A foreign id is refused by the workflow itself: no run on a server. Nor is a dry run, which has an id of its own: it
      // has held no server and changed nothing, and a list full of plans would hide what was done.
      if (!isUuid(serverId) || info.workflowId !== serverWorkflowId(serverId)) continue;
      if (runs.length === limit) return { runs, more: true };
      runs.push(listedRun(info, serverId));
    }
    return { runs, more: false };
  });
}

/** Workflow ids of which some run has continued as new; the latest thousand. */
export async function continuedIds(temporal: Temporal): Promise<Set<string>> {
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

/** Task queues of the latest runs. Throws gRPC errors. */
export async function recentQueues(temporal: Temporal): Promise<string[]> {
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
    firstRunId: info.runId,
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
