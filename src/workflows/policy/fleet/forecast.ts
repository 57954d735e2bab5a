/** How long the waves take at least. Pure. */
import type { Forecast } from '../../../contract/decommission/types';

/**
 * Calls that one server costs after the plan when many are under way, as `npm run bench -- --only scale` measures them
 * (docs/benchmarks.md: 3.34 and 10.3 in runs of 300, less in larger ones); exact ones keep their ports and delete them at the commit.
 */
export const CALLS_PER_SERVER = { plain: 3.3, exact: 10.5 } as const;

/** What one server takes alone: some seconds before the POST, a usual job, two readings. */
const USUAL_MS = 20_000;

export function forecastOf(
  servers: number,
  isExact: boolean,
  callsPerSecond: number | null,
  effectiveConcurrency: number,
): Forecast {
  const callsPerServer = isExact ? CALLS_PER_SERVER.exact : CALLS_PER_SERVER.plain;
  const byCalls = callsPerSecond === null ? 0 : (servers * callsPerServer) / callsPerSecond;
  const byConcurrency = (Math.ceil(servers / Math.max(1, effectiveConcurrency)) * USUAL_MS) / 1_000;
  return {
    seconds: Math.round(Math.max(byCalls, byConcurrency)),
    callsPerServer,
    callsPerSecond,
    effectiveConcurrency,
    limitedBy: byCalls > byConcurrency ? 'calls' : 'concurrency',
  };
}
