/** The three workers of one process: workflows, looks, and what changes the cloud; each on a queue of its own. */
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import type { Config } from './config';
import type { CloudActivities } from '../activities/agreement';
import { HEARTBEAT, LOOKS } from '../activities/agreement';
import { cloudTaskQueue, looksTaskQueue } from '../contract/names';
import { identityOf } from './temporal/strangers';
import type { Shutdown } from './shutdown';

/** A cached run was measured at some 40 KB of heap: 2,000 of them are cheap, and a miss costs a replay. */
const MAX_CACHED_WORKFLOWS = 2_000;
/** The sticky queue of a killed worker delays its runs for this long (10 s by default). */
const STICKY_TIMEOUT = '2 seconds';
const POLLERS = { type: 'autoscaling', minimum: 1, initial: 2, maximum: 20 } as const;

/** A look waits most of its time for a call that it shares with up to 100 others; at very low rates some still meet. */
const LEAST_LOOKS = 4;
const MOST_LOOKS = 200;

/** What there is of each of the three. */
export interface Three<T> {
  workflows: T;
  cloud: T;
  looks: T;
}

/** Options of each of the three workers. */
export function workerOptions(
  config: Config,
  connection: NativeConnection,
  namespace: string,
  activities: CloudActivities,
): Three<WorkerOptions> {
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
            interceptors: {
              workflowModules: [require.resolve(join(__dirname, '..', 'workflows', 'interceptors'))],
            },
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
      // An attempt makes up to 15 calls. With more slots, its last calls would miss the end of the attempt.
      maxConcurrentActivityTaskExecutions: Math.min(Math.max(1, Math.floor(2 * config.cloudRps)), 200),
      activityTaskPollerBehavior: POLLERS,
      // By default the SDK passes a heartbeat on after 80 % of its time-out, and one that gets lost is one too many.
      maxHeartbeatThrottleInterval: HEARTBEAT.everyMs,
    },
    looks: {
      ...common,
      taskQueue: looksTaskQueue(config.taskQueue),
      activities: Object.fromEntries(LOOKS.map((name) => [name, activities[name]])),
      // No rate: one look is no longer one call, and the limiter counts calls. An inspection makes one or two calls of its own
      // beside the shared ones, and with three workers each has a third of the rate less the room for bursts: 5 s of calls in slots take up to 40 s
      // then, and the last one is made before the end of its attempt (45 s).
      maxConcurrentActivityTaskExecutions: Math.min(
        Math.max(LEAST_LOOKS, Math.floor(5 * config.cloudRps)),
        MOST_LOOKS,
      ),
      activityTaskPollerBehavior: POLLERS,
    },
  };
}

export async function createWorkers(options: Three<WorkerOptions>): Promise<Three<Worker>> {
  return {
    workflows: await Worker.create(options.workflows),
    cloud: await Worker.create(options.cloud),
    looks: await Worker.create(options.looks),
  };
}

type Runnable = Pick<Worker, 'run' | 'shutdown' | 'getState'>;

/**
 * Runs the workers until the shutdown, and to the end of their drain. If one fails, the others are shut down and
 * drained, too, because one may have a deletion in flight. The error is thrown after that.
 * @throws UndrainedError when the drain does not come to an end
 */
export async function runAll(workers: Three<Runnable>, shutdown: Shutdown): Promise<void> {
  const all = Object.values(workers) as Runnable[];
  const running = all.map((worker) => worker.run().finally(() => shutdown.request()));
  void shutdown.whenRequested().then(() => {
    for (const worker of all) if (worker.getState() === 'RUNNING') worker.shutdown();
  });
  const ends = await Promise.race([Promise.allSettled(running), shutdown.whenOverdue()]);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
