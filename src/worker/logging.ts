/** One log stream: Core, workflows, activities and the worker itself, as JSON lines or for a terminal. */
import { DefaultLogger } from '@temporalio/worker';
import type { LogEntry, Logger, RuntimeOptions } from '@temporalio/worker';
import { pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from '../config';
import { serverIdOf } from '../contract/names';

type Format = Pick<Config, 'logLevel' | 'logFormat'>;

/** Lines go to standard output; a terminal gets them readable. */
export function createLogger({ logLevel, logFormat }: Format): Logger {
  const options = {
    level: logLevel,
    base: { service: 'ecs-nics-worker' },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  const sink =
    logFormat === 'pretty'
      ? pino(options, pretty({ colorize: process.stdout.isTTY, ignore: 'service,pid,hostname', sync: true }))
      : pino(options, pino.destination({ sync: true }));
  return new DefaultLogger(logLevel === 'trace' ? 'TRACE' : 'DEBUG', (entry: LogEntry) => {
    sink[LEVEL[entry.level]](fieldsOf(entry), entry.message);
  });
}

const LEVEL = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

function fieldsOf({ meta, timestampNanos }: LogEntry): Record<string, unknown> {
  const fields: Record<string, unknown> = { at: new Date(Number(timestampNanos / 1_000_000n)).toISOString() };
  for (const [key, value] of Object.entries(meta ?? {})) {
    // Task tokens identify an attempt to the server, and say nothing to a reader.
    if (typeof key !== 'string' || key === 'taskToken') continue;
    fields[key === 'workflowId' ? 'workflow' : key === 'runId' ? 'run' : key] =
      value instanceof Error ? { type: value.name, message: value.message, stack: value.stack } : value;
  }
  const server = typeof fields.workflow === 'string' ? serverIdOf(fields.workflow) : undefined;
  if (server !== undefined) fields.server = server;
  return fields;
}

export function loggingOptions(config: Format, logger: Logger): Partial<RuntimeOptions> {
  return {
    logger,
    telemetryOptions: {
      logging: {
        forward: {},
        // Core's own chatter below warnings helps only when Temporal itself is in doubt.
        filter: { core: config.logLevel === 'trace' ? 'DEBUG' : 'WARN', other: 'WARN' },
      },
    },
  };
}
