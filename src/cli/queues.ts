/** Does a worker poll the task queues of a run? */
import { cloudTaskQueue } from '../contract';
import type { Temporal } from '../connection';

const CALL_MS = 3_000;
/** A worker's long poll lasts a minute; the server goes on listing a dead worker for five. */
const POLLER_FRESH_MS = 70_000;

/** `temporal.api.enums.v1.TaskQueueType` */
const TASK_QUEUE_TYPE = { workflow: 1, activity: 2 } as const;

/**
 * The queues that no worker polls. `clockOffset`: the server's clock minus ours, in ms: a wrong clock must not make live
 * workers look dead. Throws gRPC errors.
 */
export async function idleQueues(
  temporal: Temporal,
  taskQueue: string,
  clockOffset: () => Promise<number> = () => Promise.resolve(0),
): Promise<string[]> {
  const idle: string[] = [];
  for (const [name, type] of [
    [taskQueue, TASK_QUEUE_TYPE.workflow],
    [cloudTaskQueue(taskQueue), TASK_QUEUE_TYPE.activity],
  ] as const) {
    const last = await lastPoll(temporal, name, type);
    if (last !== null && Date.now() - last < POLLER_FRESH_MS) continue;
    if (last !== null && Date.now() + (await clockOffset()) - last < POLLER_FRESH_MS) continue;
    idle.push(name);
  }
  return idle;
}

/** When a worker last asked the queue for work, in ms since the epoch by the server's clock. */
async function lastPoll(temporal: Temporal, queue: string, type: 1 | 2): Promise<number | null> {
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
