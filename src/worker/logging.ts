/** One log stream: Core, workflows, activities and the worker itself, as JSON lines or for a terminal. */
import { createRequire } from 'node:module';
import { SdkComponent } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';
import type { LogEntry, Logger, RuntimeOptions } from '@temporalio/worker';
import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type Pretty from 'pino-pretty';
import type { Config } from './config';
import { decommissionOf } from '../contract/decommission/names';
import type { EventName } from '../contract/events';
import { EVENTS, sentenceOf } from '../contract/events';
import { serverIdOf } from '../contract/names';
import { bounded, cleanJson, cleanLines } from '../contract/text';
import type { Throttle } from '../ecs/limiter';
import { auditTo } from './audit';

type Format = Pick<Config, 'logLevel' | 'logFormat'>;

/**
 * Lines go to standard output. On a terminal they are formatted for people, if the development package for that is
 * installed.
 * @param load stands in for `require` in tests
 */
export function createLogger(
  { logLevel, logFormat, auditLog = null }: Format & Partial<Pick<Config, 'auditLog'>>,
  load: (name: string) => unknown = createRequire(__filename),
): Logger {
  const options = {
    level: logLevel,
    base: { service: 'ecs-nics-worker' },
    timestamp: false,
    formatters: { level: (name: string) => ({ level: name }) },
  };
  const readable = logFormat === 'pretty' ? prettyStream(load) : null;
  const sink = pino(options, readable ?? jsonLines());
  if (logFormat === 'pretty' && readable === null) {
    sink.warn(stamped(), NOT_READABLE);
  }
  const told = onceAMinute();
  const audit =
    auditLog === null ? null : auditTo(auditLog, (why) => void (told(AUDIT) || sink.error(stamped(), why)));
  return new DefaultLogger(logLevel === 'trace' ? 'TRACE' : 'DEBUG', (entry: LogEntry) => {
    if (EXPECTED.test(entry.message)) return;
    const fields = fieldsOf(entry);
    const event = asEvent(fields.event);
    if (event !== null) {
      const sentence = sentenceOf(event, fields);
      sink[EVENTS[event].level](fields, sentence);
      if (EVENTS[event].audit) audit?.({ ...fields, sentence });
      return;
    }
    const kind = kindOf(entry);
    if (kind !== null && told(kind)) return;
    const { level, message } = shortened(entry);
    sink[level](fields, message);
  });
}

const NOT_READABLE =
  'pino-pretty, a development package, is not installed, so the log is JSON lines. ECS_NICS_LOG_FORMAT=json asks for them.';

/** `null`: a production installation lacks the package, and a worker must start without it. */
function prettyStream(load: (name: string) => unknown): DestinationStream | null {
  try {
    const pretty = load('pino-pretty') as typeof Pretty;
    const stream = pretty({
      colorize: process.stdout.isTTY,
      ignore: 'service,pid,hostname',
      singleLine: true,
      sync: true,
    });
    return {
      write: (line) =>
        void stream.write(
          `${JSON.stringify(forPeople(JSON.parse(line, seen) as Record<string, unknown>))}\n`,
        ),
    };
  } catch {
    return null;
  }
}

/** The sentence of an event has its fields already. */
function forPeople(line: Record<string, unknown>): Record<string, unknown> {
  const { level, time, service, msg, event, server } = line;
  return event === undefined ? line : { level, time, service, msg, event, server };
}

/** An id or an error may hold any text, including terminal commands. */
const seen = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? cleanLines(value) : value;

/** Whoever reads may stop reading, as `head` does: what is written after that is for nobody, and no reason to end. */
export function passOverClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function jsonLines(): DestinationStream {
  const out = pino.destination({ sync: true });
  out.on('error', passOverClosedPipe);
  return { write: (line) => void out.write(cleanJson(line)) };
}

/** Each of the three workers serves one kind of task on purpose; the SDK warns about the other kinds at every start. */
const EXPECTED = /^No (activities|workflows|Nexus services) registered, not polling/;

/** Core tells each retry of each of its pollers: about five lines a second while Temporal is away, each with a dump of the error. */
function kindOf({ message, meta }: LogEntry): string | null {
  const retried = /^gRPC call (\w+) retried \d+ times/.exec(message);
  if (retried !== null) return retried[1] ?? '';
  return meta?.sdkComponent === SdkComponent.core ? message.slice(0, KIND_LENGTH) : null;
}

/** After it a line of Core has what differs from time to time. */
const KIND_LENGTH = 40;

/** The ends of runs are events of their own. A failed attempt is one line: it comes again, or its run tells of it. */
function shortened({ level, message, meta }: LogEntry): { level: pino.Level; message: string } {
  if (message === 'Workflow failed') return { level: 'debug', message };
  const { error, activityType, attempt } = meta ?? {};
  if (message !== 'Activity failed' || !(error instanceof Error)) return { level: LEVEL[level], message };
  return {
    level: LEVEL[level],
    message: `attempt ${String(attempt)} of ${String(activityType)} has failed: ${error.message}`,
  };
}

const AUDIT = 'audit';
const stamped = () => ({ time: new Date().toISOString() });
const asEvent = (name: unknown): EventName | null =>
  typeof name === 'string' && Object.hasOwn(EVENTS, name) ? (name as EventName) : null;

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

/** One key for one thing, whoever writes the line. */
const NAMES: Record<string, string> = {
  serverId: 'server',
  jobId: 'job',
  portId: 'nic',
  workflow_id: 'workflowId',
  run_id: 'runId',
  workflowRunId: 'runId',
};
/** Task tokens identify an attempt to the server, and mean nothing to a reader. */
const UNTOLD = new Set(['taskToken']);
/** Of an event its own fields say enough. */
const UNTOLD_OF_EVENTS = new Set([
  'sdkComponent',
  'namespace',
  'taskQueue',
  'workflowType',
  'updateId',
  'updateName',
]);
/** Core dumps whole answers, stack traces among them. */
const MAX_FIELD = 400;

function fieldsOf({ meta = {}, timestampNanos }: LogEntry): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(meta)) {
    if (UNTOLD.has(key) || ('event' in meta && UNTOLD_OF_EVENTS.has(key))) continue;
    const isDump = meta.sdkComponent === SdkComponent.core && typeof value === 'string';
    given[NAMES[key] ?? key] = isDump
      ? bounded(value, MAX_FIELD)
      : value instanceof Error
        ? describe(value)
        : value;
  }
  const { event, server, workflowId, runId, fleet, ...more } = given;
  const id = typeof workflowId === 'string' ? workflowId : '';
  const told = {
    // The time of the entry itself: lines of Core arrive in batches.
    time: new Date(Number(timestampNanos / 1_000_000n)).toISOString(),
    event,
    server: server ?? serverIdOf(id),
    workflowId,
    runId,
    fleet: fleet ?? decommissionOf(id)?.run,
    ...more,
  };
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
}

/** An `ApplicationFailure` is an expected answer of the cloud: its stack would only hide it. */
function describe(error: Error): Record<string, unknown> {
  const { name, message, stack } = error;
  if (name !== 'ApplicationFailure') return { type: name, message, stack };
  return { type: (error as { type?: string | null }).type ?? name, message };
}

/** For the limiter, which knows no runs: all of them are slowed. */
export function tellThrottled(log: Logger, { code, requestId }: Throttle, ms: number): void {
  const event = 'cloud.throttled';
  const fields = { code, seconds: Math.ceil(ms / 1_000), requestId };
  log.warn(event, { event, ...fields });
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
