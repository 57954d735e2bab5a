#!/usr/bin/env node
/**
 * The worker: configuration, health, runtime, connection, workers, run, drain. With `--check`: only checks all that.
 * Exit codes: 0 drained after a signal · 1 fatal · 2 configuration · 3 Temporal not reachable within 60 s.
 */
import { Runtime } from '@temporalio/worker';
import type { Logger } from '@temporalio/worker';
import { createActivities } from './activities';
import type { Config } from './worker/config';
import { ConfigError, inspectConfig, unreadAdvice } from './worker/config';
import { createCloud } from './ecs/client';
import { systemClock } from './ecs/clock';
import { RateLimiter } from './ecs/limiter';
import { observed } from './ecs/observe';
import { createSets } from './ecs/sets';
import { DEFAULT_LIMITS, undiciTransport } from './ecs/transport';
import { explain } from './client/explain/connection';
import { readRetention } from './client/namespace-settings';
import type { TemporalTarget } from './client/target';
import { readTarget } from './client/target';
import { cleanLine, cleanLines } from './contract/text';
import { version } from './version';
import { addressProblem, collide, probeAddress } from './worker/addresses';
import { check } from './worker/check';
import { serveHealth } from './worker/health';
import type { Health } from './worker/health';
import { HELP } from './worker/help';
import { Lifecycle } from './worker/lifecycle';
import { createLogger, passOverClosedPipe, tellThrottled } from './worker/logging';
import { cloudObserver, rateGauge, sendObserver, setObserver, startAtZero } from './worker/metrics';
import { openNamespace } from './worker/temporal/namespace';
import { installRuntime } from './worker/runtime';
import { trickleOf } from './worker/shares';
import { Shutdown, UndrainedError } from './worker/shutdown';
import { connect, UnreachableError } from './worker/temporal/connection';
import { watchConnection } from './worker/connection-watch';
import { watchQueue } from './worker/temporal/watch-queue';
import { watchShares } from './worker/temporal/watch-shares';
import { createWorkers, runAll, workerOptions } from './worker/workers';

const EXIT = { drained: 0, fatal: 1, configuration: 2, unreachable: 3 } as const;

/** A server that has not answered by then counts as away; the worker asks every 10 s. */
const ANSWER_MS = 5_000;

async function main(): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', passOverClosedPipe);
  const [word, ...more] = process.argv.slice(2);
  if (word === '--help' && more.length === 0) {
    process.stdout.write(HELP);
    return 0;
  }
  const unknown = word === '--check' ? more[0] : word;
  if (unknown !== undefined) {
    // If the worker ignored an unknown argument, it would start to serve real requests.
    process.stderr.write(
      `ecs-nics-worker: unknown argument ${cleanLine(unknown)}; it is configured by the environment alone (--help, --check)\n`,
    );
    return EXIT.configuration;
  }
  if (word === '--check') return check(process.env, __dirname, (line) => process.stdout.write(`${line}\n`));
  try {
    return await serve();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`ecs-nics-worker: ${cleanLines(error.message)}\n`);
    return EXIT.configuration;
  }
}

/** Throws {@link ConfigError}, with all problems of the environment and of the two addresses. */
async function serve(): Promise<number> {
  const { config, problems } = inspectConfig(process.env, __dirname, process.stdout.isTTY);
  const { target, problems: more } = readTarget(process.env);
  problems.push(...more.filter((problem) => !problems.includes(problem)));
  const shutdown = new Shutdown(config.shutdownGraceMs);
  const lifecycle = new Lifecycle(target?.address ?? '', shutdown.requested);
  const health = await listen(config, lifecycle, problems);
  if (problems.length > 0 || target === null) {
    await health?.close();
    throw new ConfigError(problems);
  }
  const log = createLogger(config);
  try {
    installRuntime(config, log);
    startAtZero(Runtime.instance().metricMeter, target.namespace, config.taskQueue);
    await run(config, target, log, shutdown, lifecycle);
    shutdown.report(log);
    log.info('drained');
    return EXIT.drained;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    lifecycle.failed(error instanceof Error ? error.message : 'fatal');
    // The messages of these two errors are complete: a stack would only hide them.
    const plain = error instanceof UnreachableError || error instanceof UndrainedError;
    log.error(error instanceof Error ? error.message : 'fatal', plain ? {} : { error });
    return error instanceof UnreachableError ? EXIT.unreachable : EXIT.fatal;
  } finally {
    await health?.close();
  }
}

/** From here on health is served. The address that Core will listen at is only tested. Adds to the problems. */
async function listen(
  { healthAddress, metricsAddress }: Config,
  lifecycle: Lifecycle,
  problems: string[],
): Promise<Health | null> {
  let health: Health | null = null;
  if (healthAddress !== null) {
    try {
      health = await serveHealth(healthAddress, lifecycle);
    } catch (error) {
      problems.push(addressProblem('ECS_NICS_HEALTH_ADDRESS', healthAddress, error as NodeJS.ErrnoException));
    }
  }
  // Equal addresses are reported already, and a test would find the address taken by this process.
  const same = healthAddress !== null && metricsAddress !== null && collide(healthAddress, metricsAddress);
  const taken = metricsAddress === null || same ? null : await probeAddress(metricsAddress);
  if (metricsAddress !== null && taken !== null) {
    problems.push(addressProblem('ECS_NICS_METRICS_ADDRESS', metricsAddress, taken));
  }
  return health;
}

async function run(
  config: Config,
  target: TemporalTarget,
  log: Logger,
  shutdown: Shutdown,
  lifecycle: Lifecycle,
): Promise<void> {
  const stop = shutdown.whenRequested();
  const temporal = await Promise.race([connect(target, log, (why) => lifecycle.connecting(why)), stop]);
  if (temporal === 'stop') return;
  config.credentials.notices?.listen((level, message) => void log[level](message));
  lifecycle.starting();
  const meter = Runtime.instance().metricMeter;
  const { callsPerSecond, burst } = trickleOf(config.cloudRps, 1);
  const limiter = new RateLimiter(callsPerSecond, burst, systemClock, (throttle, ms) =>
    tellThrottled(log, throttle, ms),
  );
  const cloud = observed(
    createCloud({
      projectId: config.projectId,
      region: config.region,
      endpoints: config.endpoints,
      credentials: config.credentials,
      transport: shutdown.bound(undiciTransport(DEFAULT_LIMITS, config.through)),
      limiter,
      clock: systemClock,
      userAgent: `ecs-nics/${version}`,
      onSend: sendObserver(meter),
    }),
    cloudObserver(meter),
  );
  const prepare = async () => {
    const activities = createActivities({
      cloud,
      sets: createSets({
        cloud,
        clock: systemClock,
        warn: (message) => void log.warn(message),
        observer: setObserver(meter),
      }),
      namespace: await openNamespace(temporal, log, config.searchAttributes),
      clock: systemClock,
      log,
      callsPerSecond: config.cloudRps,
      workerStartedAt: Date.now(),
    });
    return createWorkers(workerOptions(config, temporal.connection, temporal.namespace, activities));
  };
  const workers = await Promise.race([prepare(), stop]);
  // Nothing runs yet, so nothing has to be drained: the end of the process is enough.
  if (workers === 'stop') return;
  lifecycle.running(
    workers,
    watchConnection(
      () => readRetention(temporal, ANSWER_MS),
      async (error) => {
        const { text, remedy } = await explain(error, target);
        return `${text}. ${remedy}`;
      },
      log,
    ),
  );
  log.info('running', {
    temporal: temporal.address,
    namespace: temporal.namespace,
    taskQueue: config.taskQueue,
    project: config.projectId,
    region: config.region,
    credentials: config.credentialKind,
    bundle: config.bundlePath === null ? 'built at start' : 'prebuilt',
  });
  if (config.unread.length > 0) log.warn(unreadAdvice(config.unread));
  watchQueue(temporal, config, log);
  const running = runAll(workers, shutdown);
  watchShares(temporal, config, limiter, log);
  rateGauge(meter, limiter);
  await running;
}

main().then(
  // Pools and telemetry may keep the process alive; all work that had to be finished is finished.
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `ecs-nics-worker: ${cleanLines(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`,
    );
    process.exit(EXIT.fatal);
  },
);
