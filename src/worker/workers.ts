/** The two workers of one process: workflows on one queue, calls to the cloud on another with its own rate limit. */
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import type { Config } from './config';
import type { CloudActivities } from '../activities/agreement';
import { HEARTBEAT } from '../activities/agreement';
import { cloudTaskQueue } from '../contract/names';
import { identityOf } from './temporal/strangers';
import type { Shutdown } from './shutdown';

/** A cached run was measured at some 40 KB of heap: 2,000 of them are cheap, and a miss costs a replay. */
const MAX_CACHED_WORKFLOWS = 2_000;
/** The sticky queue of a killed worker delays its runs for this long (10 s by default). */
const STICKY_TIMEOUT = '2 seconds';
const POLLERS = { type: 'autoscaling', minimum: 1, initial: 2, maximum: 20 } as const;

export interface BothOptions {
  workflows: WorkerOptions;
  cloud: WorkerOptions;
}

/** Options of each of the two workers. */
export function workerOptions(
  config: Config,
  connection: NativeConnection,
  namespace: string,
  activities: CloudActivities,
): BothOptions {
  const common = {
    connection,
    namespace,
    identity: identityOf(config),
    // The default is 0: the signal would cut off a deletion in flight.
    shutdownGraceTime: config.shutdownGraceMs,
    ...(config.deployment === null
      ? {}
      : {
          workerDeploymentOptions: {
            version: config.deployment,
            useWorkerVersioning: true,
            defaultVersioningBehavior: 'PINNED',
          },
        }),
  } satisfies Partial<WorkerOptions>;
  return {
    workflows: {
      ...common,
      taskQueue: config.taskQueue,
      ...(config.bundlePath === null
        ? {
            workflowsPath: require.resolve(join(__dirname, '..', 'workflows')),
            dataConverter: {
              payloadConverterPath: require.resolve(
                join(__dirname, '..', 'workflows', 'run', 'payload-converter'),
              ),
            },
          }
        : { workflowBundle: { codePath: config.bundlePath } }),
      maxCachedWorkflows: MAX_CACHED_WORKFLOWS,
      stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
      workflowTaskPollerBehavior: POLLERS,
      // No call to the cloud may bypass the queue that limits its rate.
      maxEagerActivityReservationsPerWorkflowTask: 0,
    },
    cloud: {
      ...common,
      taskQueue: cloudTaskQueue(config.taskQueue),
      activities,
      // The server applies it to all workers together. Equal on all of them, because the last poller sets it.
      maxTaskQueueActivitiesPerSecond: config.cloudRps,
      // An inspection makes up to 15 calls. With more slots, its last calls would miss the end of its attempt.
      maxConcurrentActivityTaskExecutions: Math.min(Math.max(1, Math.floor(2 * config.cloudRps)), 200),
      activityTaskPollerBehavior: POLLERS,
      // By default the SDK passes a heartbeat on after 80 % of its time-out, and one that gets lost is one too many.
      maxHeartbeatThrottleInterval: HEARTBEAT.everyMs,
    },
  };
}

export async function createWorkers(options: BothOptions): Promise<{ workflows: Worker; cloud: Worker }> {
  return { workflows: await Worker.create(options.workflows), cloud: await Worker.create(options.cloud) };
}

type Runnable = Pick<Worker, 'run' | 'shutdown' | 'getState'>;

/**
 * Runs both workers until the shutdown, and to the end of their drain. If one fails, the other is shut down and
 * drained, too, because it may have a deletion in flight. The error is thrown after that.
 * @throws UndrainedError when the drain does not come to an end
 */
export async function runBoth(
  { workflows, cloud }: { workflows: Runnable; cloud: Runnable },
  shutdown: Shutdown,
): Promise<void> {
  const both = [workflows, cloud];
  const running = both.map((worker) => worker.run().finally(() => shutdown.request()));
  void shutdown.whenRequested().then(() => {
    for (const worker of both) if (worker.getState() === 'RUNNING') worker.shutdown();
  });
  const ends = await Promise.race([Promise.allSettled(running), shutdown.whenOverdue()]);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
