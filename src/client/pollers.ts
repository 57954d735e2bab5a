/** Which workers poll the task queues of a run, and to which version of the workers the server gives their tasks. */
import { cloudTaskQueue, looksTaskQueue } from '../contract';
import type { Temporal } from './connect';

const CALL_MS = 3_000;
/** A worker's long poll lasts a minute. The server lists a dead worker for five. */
export const POLLER_FRESH_MS = 70_000;

/** `temporal.api.enums.v1.TaskQueueType` */
const TASK_QUEUE_TYPE = { workflow: 1, activity: 2 } as const;
/** `temporal.api.enums.v1.WorkerVersioningMode` */
const VERSIONED = 2;

/** A version of a worker deployment; `null` stands for workers without a version. */
export interface Version {
  deploymentName: string;
  buildId: string;
}

export interface Poller {
  /** Process and host; workers of ecs-nics add their project and region. */
  identity: string;
  version: Version | null;
  /** When the worker last asked for work, by the server's clock, in ms since the epoch. */
  lastSeen: number;
}

export interface Queue {
  name: string;
  pollers: Poller[];
  /** Versions that get the tasks of new runs and of unpinned runs. More than one: a version is being ramped. */
  takers: (Version | null)[];
}

/** The server's clock minus the local one, in ms: the local clock may be wrong. */
export type ClockOffset = () => Promise<number>;
export const SAME_CLOCK: ClockOffset = () => Promise.resolve(0);

/** The three queues of a worker, with all pollers that the server lists. Throws gRPC errors. */
export function readQueues(temporal: Temporal, taskQueue: string): Promise<Queue[]> {
  return Promise.all([
    readQueue(temporal, taskQueue, TASK_QUEUE_TYPE.workflow),
    readQueue(temporal, cloudTaskQueue(taskQueue), TASK_QUEUE_TYPE.activity),
    readQueue(temporal, looksTaskQueue(taskQueue), TASK_QUEUE_TYPE.activity),
  ]);
}

/** Workers that call the cloud, those of older releases included: they have no queue of looks. Throws gRPC errors. */
export async function readCallers(temporal: Temporal, taskQueue: string): Promise<Poller[]> {
  return (await readQueue(temporal, cloudTaskQueue(taskQueue), TASK_QUEUE_TYPE.activity)).pollers;
}

/** The queues without the pollers of ended workers. */
export async function livingOf(queues: readonly Queue[], clockOffset: ClockOffset): Promise<Queue[]> {
  const isFresh = (now: number) => (poller: Poller) => now - poller.lastSeen < POLLER_FRESH_MS;
  const all = queues.flatMap(({ pollers }) => pollers);
  // Asked for only when it can change the result.
  const offset = all.every(isFresh(Date.now())) ? 0 : await clockOffset();
  const now = Math.min(Date.now(), Date.now() + offset);
  return queues.map((queue) => ({ ...queue, pollers: queue.pollers.filter(isFresh(now)) }));
}

/** The queues that no worker polls. Throws gRPC errors. */
export async function idleQueues(temporal: Temporal, taskQueue: string): Promise<string[]> {
  const queues = await livingOf(await readQueues(temporal, taskQueue), SAME_CLOCK);
  return queues.filter(({ pollers }) => pollers.length === 0).map(({ name }) => name);
}

async function readQueue(temporal: Temporal, name: string, type: 1 | 2): Promise<Queue> {
  const { pollers, versioningInfo } = await temporal.call(CALL_MS, () =>
    temporal.client.workflowService.describeTaskQueue({
      namespace: temporal.namespace,
      taskQueue: { name },
      taskQueueType: type,
    }),
  );
  const takers = [versionOf(versioningInfo?.currentDeploymentVersion)];
  if (versioningInfo && (versioningInfo.rampingVersionPercentage ?? 0) > 0)
    takers.push(versionOf(versioningInfo.rampingDeploymentVersion));
  return {
    name,
    takers,
    pollers: (pollers ?? []).map(({ identity, lastAccessTime, deploymentOptions }) => ({
      identity: identity ?? '',
      version:
        Number(deploymentOptions?.workerVersioningMode) === VERSIONED ? versionOf(deploymentOptions) : null,
      lastSeen: Number(lastAccessTime?.seconds ?? 0) * 1_000,
    })),
  };
}

export function versionOf(
  version: { deploymentName?: string | null; buildId?: string | null } | null | undefined,
): Version | null {
  const { deploymentName, buildId } = version ?? {};
  return deploymentName && buildId ? { deploymentName, buildId } : null;
}

export function sameVersion(a: Version | null, b: Version | null): boolean {
  return a?.deploymentName === b?.deploymentName && a?.buildId === b?.buildId;
}
