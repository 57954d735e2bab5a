/** How many calls the cloud has seen in the busiest stretch of time. */

/** The most events in any stretch of `ms`; times need not be sorted. */
export function mostWithin(ms: number, times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  let most = 0;
  let from = 0;
  sorted.forEach((at, to) => {
    while ((sorted[from] ?? at) <= at - ms) from += 1;
    most = Math.max(most, to - from + 1);
  });
  return most;
}
