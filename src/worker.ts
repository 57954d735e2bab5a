#!/usr/bin/env node
/**
 * The worker: configuration, runtime, connection, workers, run, drain.
 *
 * Exit codes: 0 drained after a signal · 1 fatal · 2 configuration · 3 Temporal not reachable within 60 s.
 */
import { Runtime } from '@temporalio/worker';
import type { Logger } from '@temporalio/worker';
import { createActivities } from './activities';
import type { Config } from './config';
import { ConfigError, readConfig } from './config';
import { createCloud } from './ecs/client';
import { systemClock } from './ecs/clock';
import { RateLimiter } from './ecs/limiter';
import { undiciTransport } from './ecs/transport';
import { createLogger, loggingOptions } from './worker/logging';
import { version } from './version';
import { connect, describeNamespace, UnreachableError } from './worker/temporal';
import { createWorkers } from './worker/workers';

const EXIT = { drained: 0, fatal: 1, configuration: 2, unreachable: 3 } as const;

/** Calls that may go without spacing after a pause: one inspection of a small server. */
const BURST = 5;

async function main(): Promise<number> {
  const [unknown] = process.argv.slice(2);
  if (unknown !== undefined) {
    // A worker that ignored a word such as --check would go on to serve real requests.
    process.stderr.write(
      `ecs-nics-worker: unknown argument ${unknown}; it is configured by the environment alone\n`,
    );
    return EXIT.configuration;
  }
  let config: Config;
  try {
    config = readConfig(process.env, __dirname, process.stdout.isTTY);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`ecs-nics-worker: ${error.message}\n`);
    return EXIT.configuration;
  }
  const log = createLogger(config);
  // SIGUSR2 is one of the SDK's defaults, and a habit for heap dumps: it must not stop a worker.
  Runtime.install({ ...loggingOptions(config, log), shutdownSignals: ['SIGTERM', 'SIGINT', 'SIGQUIT'] });
  try {
    await run(config, log);
    log.info('drained');
    return EXIT.drained;
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`ecs-nics-worker: ${error.message}\n`);
      return EXIT.configuration;
    }
    log.error(error instanceof Error ? error.message : 'fatal', { error });
    return error instanceof UnreachableError ? EXIT.unreachable : EXIT.fatal;
  }
}

async function run(config: Config, log: Logger): Promise<void> {
  const stop = stopBeforeRunning();
  const temporal = await Promise.race([connect(log), stop.requested]);
  if (temporal === 'stop') return;
  config.credentials.notices?.listen((level, message) => void log[level](message));
  const cloud = createCloud({
    projectId: config.projectId,
    region: config.region,
    endpoints: config.endpoints,
    credentials: config.credentials,
    transport: undiciTransport(),
    limiter: new RateLimiter(config.cloudRps, Math.min(BURST, Math.ceil(config.cloudRps)), systemClock),
    clock: systemClock,
    userAgent: `ecs-nics/${version}`,
  });
  const prepare = async () => {
    const activities = createActivities({
      cloud,
      namespace: await describeNamespace(temporal, log),
      clock: systemClock,
      log,
      workerStartedAt: Date.now(),
    });
    return createWorkers(config, temporal.connection, temporal.namespace, activities);
  };
  const workers = await Promise.race([prepare(), stop.requested]);
  // Nothing runs yet that would have to be drained: the end of the process ends it all.
  if (workers === 'stop') return;
  stop.release();
  log.info('running', {
    temporal: temporal.address,
    namespace: temporal.namespace,
    taskQueue: config.taskQueue,
    project: config.projectId,
    region: config.region,
    credentials: config.credentialKind,
    bundle: config.bundlePath === null ? 'built at start' : 'prebuilt',
  });
  try {
    await runBoth(workers);
  } finally {
    await cloud.close();
    await temporal.connection.close();
  }
}

/** Both run until a signal; when one dies, the other is drained, and the first error is what is reported. */
async function runBoth({ workflows, cloud }: Awaited<ReturnType<typeof createWorkers>>): Promise<void> {
  const stopping = (worker: typeof cloud) => () => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  await Promise.all([workflows.run().finally(stopping(cloud)), cloud.run().finally(stopping(workflows))]);
}

/** Until the workers run, nobody else listens to signals: a stop while connecting must be a clean one. */
function stopBeforeRunning(): { requested: Promise<'stop'>; release(): void } {
  let release = () => {};
  const requested = new Promise<'stop'>((resolve) => {
    const onSignal = () => resolve('stop');
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, onSignal);
    release = () => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.removeListener(signal, onSignal);
    };
  });
  return { requested, release: () => release() };
}

main().then(
  // Pools and telemetry may hold the process; what had to be finished is finished.
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `ecs-nics-worker: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(EXIT.fatal);
  },
);
