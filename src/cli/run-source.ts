/** The questions of `follow`, asked of a Temporal server. */
import { WorkflowNotFoundError, isGrpcServiceError } from '@temporalio/client';
import { QUERY_STATUS, cloudTaskQueue } from '../contract';
import type { Temporal } from '../connection';
import { asDocument, readEnding } from './ending';
import type { RunSource } from './follow';

const QUERY_MS = 3_000;
const CALL_MS = 3_000;
/** A worker's long poll lasts a minute; the server goes on listing a dead worker for five. */
const POLLER_FRESH_MS = 70_000;

/** `temporal.api.enums.v1.TaskQueueType` */
const TASK_QUEUE_TYPE = { workflow: 1, activity: 2 } as const;
/** gRPC codes after which the same question may be answered: everything that isn't about us or the run. */
const FINAL_CODES = new Set([3, 5, 6, 7, 12, 16]);

export interface FollowedRun {
  workflowId: string;
  runId: string;
  taskQueue: string;
  /** Our clock when we started it; `null`: somebody else did. */
  startedAt: number | null;
}

export function runSource(temporal: Temporal, run: FollowedRun): RunSource {
  // Not bound to the run id: a run that has continued as new answers under a new one.
  const handle = temporal.client.workflow.getHandle(run.workflowId, undefined, {
    firstExecutionRunId: run.runId,
  });
  let clockOffset: number | null = null;

  /** Server's clock minus ours, known when we started the run: a wrong clock must not make live workers look dead. */
  async function offset(): Promise<number> {
    if (clockOffset === null) {
      const { startedAt } = run;
      if (startedAt === null) return 0;
      const first = temporal.client.workflow.getHandle(run.workflowId, run.runId);
      clockOffset = (await temporal.call(CALL_MS, () => first.describe())).startTime.getTime() - startedAt;
    }
    return clockOffset;
  }

  return {
    status: async () => asDocument(await temporal.call(QUERY_MS, () => handle.query(QUERY_STATUS))),
    idleQueues: async () => {
      const queues = [
        { name: run.taskQueue, type: TASK_QUEUE_TYPE.workflow },
        { name: cloudTaskQueue(run.taskQueue), type: TASK_QUEUE_TYPE.activity },
      ];
      const idle: string[] = [];
      for (const { name, type } of queues) {
        const last = await lastPoll(temporal, name, type);
        if (last !== null && Date.now() - last < POLLER_FRESH_MS) continue;
        if (last !== null && Date.now() + (await offset()) - last < POLLER_FRESH_MS) continue;
        idle.push(name);
      }
      return idle;
    },
    ending: () => readEnding(temporal, run.workflowId, run.runId),
    isPassing: (error) => {
      if (error instanceof WorkflowNotFoundError) return false;
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      return isGrpcServiceError(cause) && !FINAL_CODES.has(cause.code);
    },
  };
}

/** When a worker last asked the queue for work, in ms since the epoch by the server's clock. */
export async function lastPoll(temporal: Temporal, queue: string, type: 1 | 2): Promise<number | null> {
  const { pollers } = await temporal.call(CALL_MS, () =>
    temporal.client.workflowService.describeTaskQueue({
      namespace: temporal.namespace,
      taskQueue: { name: queue },
      taskQueueType: type,
    }),
  );
  const times = (pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000);
  return times.length === 0 ? null : Math.max(...times);
}
