/** What one measurement stands on, made anew for each: Temporal, the simulated cloud, our worker and the naive one. */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { root } from '../dev/root';
import { freePort, until } from '../dev/ports';
import { cleanEnvironment } from '../dev/processes';
import { cloudSettings } from '../dev/simulator';
import { startStack } from '../dev/stack';
import type { Stack } from '../dev/stack';
import { Worker } from '../dev/worker';
import { Cloud } from './targets';
import type { Target } from './targets';
import type { SubjectName } from './figures';
import type { Pace } from './subjects';
import { naiveStart, oursStart, wrongResult } from './subjects';
import type { Promised } from './subjects';

/** Of the image, which sets both for the worker alone. */
const ALLOCATOR = 'MALLOC_ARENA_MAX';
const NODE_OPTIONS = 'NODE_OPTIONS';

/** Above anything that is called here: what is measured is Temporal's work, not a rate limit. */
const CLOUD_RPS = '1000';

export interface Subject {
  readonly name: SubjectName;
  readonly worker: Worker;
  readonly taskQueue: string;
  /** What its Node.js is started with. */
  readonly nodeOptions: string;
  /** Starts a run that deletes all that the target names. `promised`: of ours alone. */
  start(target: Target, pace?: Pace, promised?: Promised): Promise<WorkflowHandle>;
}

export interface Bed {
  readonly stack: Stack;
  readonly client: Client;
  readonly cloud: Cloud;
  /** Our worker's metrics as text, as Prometheus reads them. */
  metrics(): Promise<string>;
  /** The two that take turns. */
  readonly subjects: readonly [Subject, Subject];
  /** A further worker of the bench's own, not started yet; closed with the bed. `program`: below `lib/`. */
  addWorker(program: string, taskQueue: string): Worker;
  close(): Promise<void>;
}

/** @throws Error when the Dockerfile does not set it */
function imageSetting(name: string): string {
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const [, quoted, plain] = new RegExp(`^ENV ${name}=(?:"([^"]*)"|(\\S+))$`, 'm').exec(dockerfile) ?? [];
  const value = quoted ?? plain;
  if (value === undefined) throw new Error(`the Dockerfile does not set ${name}`);
  return value;
}

/** As the entry of the image sets it where the container has no limit, or a large one. */
function heapLimit(): string {
  const megabytes = /^megabytes=(\d+)$/m.exec(readFileSync(join(root, 'image/start.sh'), 'utf8'))?.[1];
  if (megabytes === undefined) throw new Error('image/start.sh does not name its upper bound');
  return `--max-old-space-size=${megabytes}`;
}

export async function openBed(): Promise<Bed> {
  const address = async () => `127.0.0.1:${await freePort()}`;
  const metricsAddress = await address();
  const nodeOptions = heapLimit();
  const stack = await startStack({
    label: 'bench',
    // Servers of earlier runs must not come again on a Temporal server that goes on: their ids are the runs' ids.
    simulatorArgs: ['--seed', String(randomInt(2 ** 31))],
    workerEnv: {
      ECS_NICS_CLOUD_RPS: CLOUD_RPS,
      // On, as in production: they take memory and time, too.
      ECS_NICS_HEALTH_ADDRESS: await address(),
      ECS_NICS_METRICS_ADDRESS: metricsAddress,
      [ALLOCATOR]: imageSetting(ALLOCATOR),
      [NODE_OPTIONS]: nodeOptions,
    },
    startWorker: false,
  });
  const { temporal, simulator } = stack;
  const naiveQueue = `${stack.taskQueue}-naive`;
  const further: Worker[] = [];
  const addWorker = (program: string, taskQueue: string) => {
    const settings = { ECS_NICS_TASK_QUEUE: taskQueue, ECS_NICS_CLOUD_RPS: CLOUD_RPS };
    const env = { ...temporal.env, ...settings, ...cloudSettings(simulator) };
    const worker = new Worker(cleanEnvironment(process.env, env), program);
    further.push(worker);
    return worker;
  };
  const naive = addWorker('bench/naive/worker.js', naiveQueue);
  let connection: Connection | undefined;
  const close = async () => {
    await connection?.close();
    await Promise.all(further.map((worker) => worker.close()));
    await stack.close();
  };
  try {
    stack.worker.start();
    naive.start();
    await Promise.all([stack.worker.ready(temporal, stack.taskQueue), naive.ready(temporal, naiveQueue)]);
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: temporal.env });
    connection = await Connection.connect(connectionOptions);
    const client = new Client({ connection, namespace });
    return {
      stack,
      client,
      cloud: new Cloud(simulator),
      metrics: async () => (await fetch(`http://${metricsAddress}/metrics`)).text(),
      subjects: [
        {
          name: 'ours',
          worker: stack.worker,
          taskQueue: stack.taskQueue,
          nodeOptions,
          start: (...run) => oursStart(client, stack.taskQueue, ...run),
        },
        {
          name: 'naive',
          worker: naive,
          taskQueue: naiveQueue,
          nodeOptions: '',
          start: (target, pace) => naiveStart(client, naiveQueue, target, pace),
        },
      ],
      addWorker,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A new process in place of the worker's, seen by the server. `env`: changes for this life. */
export async function restartWorker(
  bed: Bed,
  { worker, taskQueue }: Subject,
  env: Record<string, string> = {},
): Promise<void> {
  await worker.kill();
  worker.start(env);
  await worker.ready(bed.stack.temporal, taskQueue);
}

/** Open runs of that worker. Counted by the server, so that nobody waits in a call which would cost it CPU time. */
export async function openRuns(bed: Bed, { taskQueue }: Subject): Promise<number> {
  const query = `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Running'`;
  return (await bed.client.workflow.count(query)).count;
}

/** @throws Error when some run is still open after that time */
export async function untilClosed(bed: Bed, subject: Subject, timeoutMs: number): Promise<void> {
  const closed = async () => {
    // Between two questions: each costs the server time, too.
    await sleep(500);
    return (await openRuns(bed, subject)) === 0;
  };
  if (await until(closed, timeoutMs)) return;
  throw new Error(
    `${subject.name}: ${await openRuns(bed, subject)} runs are open after ${timeoutMs / 1_000} s`,
  );
}

/**
 * Every run has to have deleted what it was started for, by its own result and by the cloud's ledger: figures of runs
 * that did something else mean nothing.
 */
export async function checkDeleted(
  bed: Bed,
  { name }: Subject,
  targets: readonly Target[],
  handles: readonly WorkflowHandle[],
): Promise<void> {
  const results = await Promise.allSettled(handles.map((handle) => handle.result() as Promise<unknown>));
  const problems = results.flatMap((result, i) => {
    const problem =
      result.status === 'fulfilled' ? wrongResult(name, result.value) : (result.reason as Error).message;
    return problem === undefined ? [] : [`${handles[i]?.workflowId}: ${problem}`];
  });
  problems.push(...(await bed.cloud.notDeletedOnce(targets)), ...(await bed.cloud.violations()));
  if (problems.length === 0) return;
  throw new Error(`${name}: ${problems.length} problems with what was measured, the first: ${problems[0]}`);
}
