/** The SDK's runtime: logs, metrics, and no signals. */
import { Runtime } from '@temporalio/worker';
import type { Logger, RuntimeOptions } from '@temporalio/worker';
import type { Config } from './config';
import { ConfigError } from './config';
import { addressProblem } from './addresses';
import { loggingOptions } from './logging';
import { metricsOptions } from './metrics';

type Told = Pick<Config, 'logLevel' | 'logFormat' | 'metricsAddress'>;

/** Options for the SDK's runtime. */
export function runtimeOptions(config: Told, log: Logger): RuntimeOptions {
  const { telemetryOptions, ...options } = loggingOptions(config, log);
  const { metricsAddress } = config;
  return {
    ...options,
    telemetryOptions: {
      ...telemetryOptions,
      ...(metricsAddress === null ? {} : { metrics: metricsOptions(metricsAddress) }),
    },
    // `Shutdown` listens to signals for the whole life of the process.
    shutdownSignals: [],
  };
}

/** Throws {@link ConfigError} when another process took the metrics port after the worker tested it. */
export function installRuntime(config: Told, log: Logger): void {
  const { metricsAddress } = config;
  try {
    Runtime.install(runtimeOptions(config, log));
  } catch (error) {
    if (metricsAddress === null || !/prometheus/i.test(String(error))) throw error;
    const taken = /already in use/i.test(String(error));
    throw new ConfigError([
      addressProblem(
        'ECS_NICS_METRICS_ADDRESS',
        metricsAddress,
        taken ? { code: 'EADDRINUSE' } : { message: String(error) },
      ),
    ]);
  }
}
