import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JobTimes } from '../../src/activities/support/job-times';

const COLD = { firstPollMs: 10_000, pollIntervalMs: 10_000 };
const began = Date.parse('2026-01-05T10:00:03.120Z');

function learned(seconds: readonly number[]) {
  const times = new JobTimes();
  seconds.forEach((took, n) =>
    times.add(`job-${n}`, new Date(began).toISOString(), new Date(began + took * 1_000).toISOString()),
  );
  return times.pace();
}

/** Mean of delay + 4 s per poll, over jobs of these lengths. */
function cost({ firstPollMs, pollIntervalMs }: typeof COLD, seconds: readonly number[]): number {
  const costs = seconds.map((took) => {
    let at = firstPollMs;
    let polls = 1;
    for (; at < took * 1_000; at += pollIntervalMs) polls += 1;
    return (at - took * 1_000) / 1_000 + 4 * polls;
  });
  return costs.reduce((sum, each) => sum + each, 0) / costs.length;
}

/** Log-normal job times by their median and 99th percentile, at even quantiles: the same each time. */
function logNormal(median: number, p99: number, count: number): number[] {
  const sigma = Math.log(p99 / median) / 2.326;
  return Array.from({ length: count }, (_, n) => median * Math.exp(sigma * quantile((n + 0.5) / count)));
}

/** Of the standard normal distribution, by bisection of its error function (Abramowitz and Stegun 7.1.26). */
function quantile(p: number): number {
  const erf = (x: number) => {
    const t = 1 / (1 + 0.3275911 * Math.abs(x));
    const tail =
      ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    return Math.sign(x) * (1 - tail * Math.exp(-x * x));
  };
  let [low, high] = [-8, 8];
  for (let n = 0; n < 60; n++) {
    const middle = (low + high) / 2;
    if ((1 + erf(middle / Math.SQRT2)) / 2 < p) low = middle;
    else high = middle;
  }
  return low;
}

describe('the learned pace of polls', () => {
  it('is 10 s and 10 s until eight jobs were seen, and keeps its step until twenty were', () => {
    expect(learned([])).toEqual(COLD);
    expect(learned(Array<number>(7).fill(3))).toEqual(COLD);
    const few = learned(Array<number>(8).fill(3));
    expect(few.firstPollMs).toBeGreaterThan(2_900);
    expect(few.firstPollMs).toBeLessThan(4_000);
    expect(few.pollIntervalMs).toBe(COLD.pollIntervalMs);
    expect(learned(Array<number>(20).fill(3)).pollIntervalMs).toBeLessThan(COLD.pollIntervalMs);
  });

  it('of the canaries of a run keeps most others from being polled too early', () => {
    const { firstPollMs } = learned([10.6, 11.1, 11.5, 11.9, 12.4, 12.8, 13.3, 13.7, 14.1, 14.4]);
    expect(firstPollMs).toBeGreaterThan(13_500);
  });

  it.each([
    [8, 40],
    [20, 120],
    [60, 600],
  ])('costs at most 6 %% more than the best two numbers, at jobs of %i s (99 %%: %i s)', (median, p99) => {
    const jobs = logNormal(median, p99, 200);
    let best = Infinity;
    for (let first = 1; first <= 60; first += 1) {
      for (let step = 1; step <= 30; step += 1) {
        best = Math.min(best, cost({ firstPollMs: first * 1_000, pollIntervalMs: step * 1_000 }, jobs));
      }
    }
    expect(cost(learned(jobs), jobs) / best).toBeLessThan(1.06);
    expect(cost(learned(jobs), jobs)).toBeLessThanOrEqual(cost(COLD, jobs) * 1.02);
  });

  it('waits for jobs that take nearly the same time until most of them are done', () => {
    const jobs = Array.from({ length: 100 }, (_, n) => 10.5 + n * 0.04);
    const { firstPollMs, pollIntervalMs } = learned(jobs);
    expect(firstPollMs).toBeGreaterThan(13_000);
    expect(firstPollMs).toBeLessThan(14_600);
    expect(pollIntervalMs).toBe(2_000);
  });

  it('learns on: a cloud that has become slower is known after its next few jobs', () => {
    const times = new JobTimes();
    const add = (name: string, count: number, took: number) => {
      for (let n = 0; n < count; n++)
        times.add(`${name}-${n}`, new Date(began).toISOString(), new Date(began + took).toISOString());
      return times.pace().firstPollMs;
    };
    expect(add('fast', 200, 5_000)).toBeLessThan(6_000);
    expect(add('slow', 200, 50_000)).toBeGreaterThan(40_000);
  });

  it('forgets old jobs, and counts one once', () => {
    expect(learned([...Array<number>(300).fill(50), ...Array<number>(200).fill(3)])).toEqual(
      learned(Array<number>(200).fill(3)),
    );
    const times = new JobTimes();
    for (let n = 0; n < 50; n++) times.add('same', '2026-01-05T10:00:03Z', '2026-01-05T10:00:06Z');
    expect(times.pace()).toEqual(COLD);
  });

  it('leaves out times that are missing, unreadable or impossible', () => {
    const times = new JobTimes();
    const rubbish: [string | null, string | null][] = [
      [null, null],
      ['', ''],
      ['soon', '2026-01-05T10:00:06Z'],
      ['2026-01-05T10:00:06Z', '2026-01-05T10:00:03Z'],
    ];
    for (let n = 0; n < 100; n++) times.add(`job-${n}`, ...(rubbish[n % 4] ?? [null, null]));
    expect(times.pace()).toEqual(COLD);
  });

  it('stays within sane bounds whatever was seen', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 20 }), (seconds) => {
        const { firstPollMs, pollIntervalMs } = learned(seconds);
        expect(firstPollMs).toBeGreaterThanOrEqual(1_000);
        expect(firstPollMs).toBeLessThanOrEqual(60_000);
        expect(pollIntervalMs).toBeGreaterThanOrEqual(2_000);
        expect(pollIntervalMs).toBeLessThanOrEqual(30_000);
      }),
    );
  });
});

describe('a long job', () => {
  const longOf = (seconds: readonly number[]) => {
    const times = new JobTimes();
    seconds.forEach((took, n) =>
      times.add(`job-${n}`, new Date(began).toISOString(), new Date(began + took * 1_000).toISOString()),
    );
    return times.long();
  };

  it('is not known from fewer than five', () => {
    expect(longOf([])).toBeNull();
    expect(longOf([10, 11, 12, 13])).toBeNull();
    expect(longOf([14, 10, 11, 12, 13])).toBe(14_000);
  });

  it('is one that 95 of 100 stay within', () => {
    const seconds = Array.from({ length: 100 }, (_, n) => ((n * 37) % 100) + 1);
    expect(longOf(seconds)).toBe(95_000);
    // One in thirty that hangs does not make it long, three do.
    expect(longOf([...Array<number>(29).fill(10), 9_000])).toBe(10_000);
    expect(longOf([...Array<number>(27).fill(10), 9_000, 9_000, 9_000])).toBe(9_000_000);
  });
});
