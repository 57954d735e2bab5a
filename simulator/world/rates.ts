/**
 * The most requests that begin within any window of that length, its end excluded: what an account sees of a rate. Pure, and
 * also for a ledger that came as JSON; the caller picks the requests.
 */
export function mostWithin(requests: readonly { at: number }[], windowMs: number): number {
  const times = requests.map(({ at }) => at).sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  times.forEach((at, i) => {
    while (at - (times[first] ?? at) >= windowMs) first += 1;
    most = Math.max(most, i - first + 1);
  });
  return most;
}
