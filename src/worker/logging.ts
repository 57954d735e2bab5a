/** One log stream: Core, workflows, activities and the worker itself, as JSON lines or for a terminal. */
import { createRequire } from 'node:module';
import { DefaultLogger } from '@temporalio/worker';
import type { LogEntry, Logger, RuntimeOptions } from '@temporalio/worker';
import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type Pretty from 'pino-pretty';
import type { Config } from './config';
import { serverIdOf } from '../contract/names';
import { cleanJson, cleanLines } from '../contract/text';

type Format = Pick<Config, 'logLevel' | 'logFormat'>;

/**
 * Lines go to standard output. On a terminal they are formatted for people, if the development package for that is
 * installed.
 * @param load stands in for `require` in tests
 */
export function createLogger(
  { logLevel, logFormat }: Format,
  load: (name: string) => unknown = createRequire(__filename),
): Logger {
  const options = {
    level: logLevel,
    base: { service: 'ecs-nics-worker' },
    timestamp: false,
  };
  const readable = logFormat === 'pretty' ? prettyStream(load) : null;
  const sink = pino(options, readable ?? jsonLines());
  if (logFormat === 'pretty' && readable === null) {
    sink.warn({ time: new Date().toISOString() }, NOT_READABLE);
  }
  const told = onceAMinute();
  return new DefaultLogger(logLevel === 'trace' ? 'TRACE' : 'DEBUG', (entry: LogEntry) => {
    const retried = RETRIED.exec(entry.message);
    if (EXPECTED.test(entry.message) || (retried !== null && told(retried[1] ?? ''))) return;
    sink[LEVEL[entry.level]](fieldsOf(entry), entry.message);
  });
}

const NOT_READABLE =
  'pino-pretty, a development package, is not installed, so the log is JSON lines. ECS_NICS_LOG_FORMAT=json asks for them.';

/** `null`: a production installation lacks the package, and a worker must start without it. */
function prettyStream(load: (name: string) => unknown): DestinationStream | null {
  try {
    const pretty = load('pino-pretty') as typeof Pretty;
    const stream = pretty({ colorize: process.stdout.isTTY, ignore: 'service,pid,hostname', sync: true });
    return { write: (line) => void stream.write(`${JSON.stringify(JSON.parse(line, seen))}\n`) };
  } catch {
    return null;
  }
}

/** An id or an error may hold any text, including terminal commands. */
const seen = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? cleanLines(value) : value;

function jsonLines(): DestinationStream {
  const out = pino.destination({ sync: true });
  return { write: (line) => void out.write(cleanJson(line)) };
}

/** Each of the three workers serves one kind of task on purpose; the SDK warns about the other kinds at every start. */
const EXPECTED = /^No (activities|workflows|Nexus services) registered, not polling/;

/** Each of Core's pollers reports each of its retries: about five lines a second while Temporal is away. */
const RETRIED = /^gRPC call (\w+) retried \d+ times/;

/** Returns whether a line of that kind was logged within the last minute. If not, the current line counts as logged. */
function onceAMinute(): (kind: string) => boolean {
  const last = new Map<string, number>();
  return (kind) => {
    const now = performance.now();
    if (now - (last.get(kind) ?? -Infinity) < 60_000) return true;
    last.set(kind, now);
    return false;
  };
}

const LEVEL = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

const NAMES: Record<string, string> = { workflowId: 'workflow', runId: 'run', workflowRunId: 'run' };

function fieldsOf({ meta, timestampNanos }: LogEntry): Record<string, unknown> {
  // The time of the entry itself: lines of Core arrive in batches.
  const fields: Record<string, unknown> = {
    time: new Date(Number(timestampNanos / 1_000_000n)).toISOString(),
  };
  for (const [key, value] of Object.entries(meta ?? {})) {
    // Task tokens identify an attempt to the server, and mean nothing to a reader.
    if (key !== 'taskToken') fields[NAMES[key] ?? key] = value instanceof Error ? describe(value) : value;
  }
  const server = typeof fields.workflow === 'string' ? serverIdOf(fields.workflow) : undefined;
  if (server !== undefined) fields.server = server;
  return fields;
}

/** An `ApplicationFailure` is an expected answer of the cloud: its stack would only hide it. */
function describe(error: Error): Record<string, unknown> {
  const { name, message, stack } = error;
  return name === 'ApplicationFailure' ? { type: name, message } : { type: name, message, stack };
}

export function loggingOptions(config: Format, logger: Logger): Partial<RuntimeOptions> {
  return {
    logger,
    telemetryOptions: {
      logging: {
        forward: {},
        // Core's messages below warnings help only when Temporal itself is in doubt.
        filter: { core: config.logLevel === 'trace' ? 'DEBUG' : 'WARN', other: 'WARN' },
      },
    },
  };
}
