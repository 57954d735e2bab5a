/** The SDK's runtime: logs, metrics, and no signals. */
import { Runtime } from '@temporalio/worker';
import type { Logger } from '@temporalio/worker';
import type { Config } from '../config';
import { ConfigError } from '../config';
import { addressProblem } from './addresses';
import { loggingOptions } from './logging';
import { metricsOptions } from './metrics';

/** Throws {@link ConfigError} when somebody took the metrics port since it was tried. */
export function installRuntime(
  config: Pick<Config, 'logLevel' | 'logFormat' | 'metricsAddress'>,
  log: Logger,
): void {
  const { telemetryOptions, ...options } = loggingOptions(config, log);
  const { metricsAddress } = config;
  try {
    Runtime.install({
      ...options,
      telemetryOptions: {
        ...telemetryOptions,
        ...(metricsAddress === null ? {} : { metrics: metricsOptions(metricsAddress) }),
      },
      // `Shutdown` listens to them, from the first moment to the last.
      shutdownSignals: [],
    });
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
