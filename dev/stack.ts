/** Temporal, the simulated cloud and the worker together: what demo, dev stack and end-to-end tests stand on. */
import { randomBytes } from 'node:crypto';
import { cleanEnvironment, startProgram } from './processes';
import type { Finished, Running } from './processes';
import { cloudSettings, startSimulator } from './simulator';
import type { Simulator } from './simulator';
import { startTemporal } from './temporal-server';
import type { Temporal, TemporalOptions } from './temporal-server';
import { Worker } from './worker';

export interface StackOptions {
  /** Part of the queue's name: `ecs-nics-<label>-<random>`. */
  label?: string;
  /** The queue's name on a server of our own, which nobody else uses; on any other one it is random all the same. */
  ownQueue?: string;
  /** A server that runs already (tests share one); closing it is its owner's business then. */
  temporal?: Temporal | TemporalOptions;
  /** A cloud that runs already, shared in the same way. */
  simulator?: Simulator;
  simulatorArgs?: string[];
  /** Further variables for the worker, e.g. `ECS_NICS_CLOUD_RPS`. */
  workerEnv?: Record<string, string>;
  /** `false`: the worker is only prepared; `stack.worker.start()` starts it. */
  startWorker?: boolean;
  /** What worker and starter run on, if not on our own Node.js. */
  node?: string;
}

export interface Stack {
  temporal: Temporal;
  simulator: Simulator;
  worker: Worker;
  /** A further worker on the same queues, not started yet. Closed with the stack. */
  addWorker(): Worker;
  /** Of this stack alone: what runs here can never serve, or be served by, anybody else's worker. */
  taskQueue: string;
  /** The variables of our own that the starter needs; enough to copy into a shell. */
  starterEnv: Record<string, string>;
  /** Runs the starter to its end. */
  starter(args: string[], env?: Record<string, string>): Promise<Finished>;
  /** Starts the starter, to look at it meanwhile. */
  startStarter(args: string[], env?: Record<string, string>): Running;
  close(): Promise<void>;
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const shared = options.temporal && 'address' in options.temporal ? options.temporal : undefined;
  const started: { close(): Promise<void> }[] = [];
  const close = async () => {
    // The last one started goes first: the worker drains while the server and the cloud are still there.
    while (started.length > 0) await started.pop()?.close();
  };
  try {
    const both = await Promise.allSettled([
      shared ?? startTemporal(options.temporal).then((it) => keep(started, it)),
      options.simulator ?? startSimulator(options.simulatorArgs).then((it) => keep(started, it)),
    ]);
    const [temporal, simulator] = [valueOf(both[0]), valueOf(both[1])];
    const random = `ecs-nics-${options.label ?? 'demo'}-${randomBytes(4).toString('hex')}`;
    const taskQueue = (temporal.pid === undefined ? undefined : options.ownQueue) ?? random;
    const starterEnv = { ...temporal.env, ECS_NICS_TASK_QUEUE: taskQueue };
    const workerEnv = { ...workerSettings(simulator), ...starterEnv, ...options.workerEnv };
    const addWorker = () =>
      keep(started, new Worker(cleanEnvironment(process.env, workerEnv), 'worker.js', options.node));
    const worker = addWorker();
    const startStarter = (args: string[], env: Record<string, string> = {}) =>
      startProgram(
        'starter.js',
        args,
        cleanEnvironment(process.env, { ...starterEnv, ...env }),
        options.node,
      );
    if (options.startWorker !== false) {
      worker.start();
      await worker.ready(temporal, taskQueue);
    }
    const starter = (args: string[], env?: Record<string, string>) => startStarter(args, env).finished;
    return { temporal, simulator, worker, addWorker, taskQueue, starterEnv, starter, startStarter, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function workerSettings(simulator: Simulator): Record<string, string> {
  return {
    ...cloudSettings(simulator),
    // Fixed ports would collide with a second stack, or with a real worker on this machine.
    ECS_NICS_HEALTH_ADDRESS: 'off',
    ECS_NICS_METRICS_ADDRESS: 'off',
    ECS_NICS_LOG_FORMAT: 'json',
    ECS_NICS_SHUTDOWN_GRACE: '5s',
  };
}

function keep<T extends { close(): Promise<void> }>(list: { close(): Promise<void> }[], it: T): T {
  list.push(it);
  return it;
}

/** Only when both have been tried: a failure of one must not leave the other behind, half started. */
function valueOf<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}
