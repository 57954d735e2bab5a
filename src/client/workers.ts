/** Who polls the task queues of a run, and which version of the workers the server gives their tasks to. */
import { cloudTaskQueue } from '../contract';
import type { Temporal } from './connect';

const CALL_MS = 3_000;
/** A worker's long poll lasts a minute; the server goes on listing a dead worker for five. */
export const POLLER_FRESH_MS = 70_000;

/** `temporal.api.enums.v1.TaskQueueType` */
const TASK_QUEUE_TYPE = { workflow: 1, activity: 2 } as const;
/** `temporal.api.enums.v1.WorkerVersioningMode` */
const VERSIONED = 2;

/** Of a worker deployment; `null` stands for workers without a version. */
export interface Version {
  deploymentName: string;
  buildId: string;
}

export interface Poller {
  /** Process and host; the workers of ecs-nics also say for which project and region. */
  identity: string;
  version: Version | null;
  /** When it last asked for work, by the server's clock, in ms since the epoch. */
  lastSeen: number;
}

export interface Queue {
  name: string;
  pollers: Poller[];
  /** Whose workers get the tasks of new runs and of those that are not pinned. More than one: a version is being ramped. */
  takers: (Version | null)[];
}

/** Our clock may be wrong: the server's minus ours, in ms. */
export type ClockOffset = () => Promise<number>;
export const SAME_CLOCK: ClockOffset = () => Promise.resolve(0);

/** Queue of the workflows and queue of the cloud calls, with all pollers that the server lists. Throws gRPC errors. */
export function readQueues(temporal: Temporal, taskQueue: string): Promise<Queue[]> {
  return Promise.all([
    readQueue(temporal, taskQueue, TASK_QUEUE_TYPE.workflow),
    readQueue(temporal, cloudTaskQueue(taskQueue), TASK_QUEUE_TYPE.activity),
  ]);
}

/** The queues without the pollers of workers that are gone. */
export async function livingOf(queues: readonly Queue[], clockOffset: ClockOffset): Promise<Queue[]> {
  const isFresh = (now: number) => (poller: Poller) => now - poller.lastSeen < POLLER_FRESH_MS;
  const all = queues.flatMap(({ pollers }) => pollers);
  // Asked for only where it can matter.
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
