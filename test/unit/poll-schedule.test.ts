/** The bounds of the schedule, for any pace and any luck. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backoffDelay,
  busyDelay,
  nextPollDelay,
  nextReadingDelay,
} from '../../src/workflows/policy/poll-schedule';

const HOUR = 3_600_000;
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const pace = fc.record({
  firstPollMs: fc.integer({ min: 100, max: HOUR }),
  pollIntervalMs: fc.integer({ min: 100, max: HOUR }),
});

describe('a busy server', () => {
  it.each([
    ['no job time is known', 0, 60_000, [12_500, 25_000, 50_000, 60_000, 60_000]],
    ['jobs take 20 s', 20_000, 60_000, [20_000, 40_000, 60_000, 60_000]],
    ['jobs take longer than `busyWait`', 90_000, 60_000, [60_000, 60_000]],
    ['jobs take no time at all', 1, 60_000, [5_000, 10_000, 20_000, 40_000, 60_000]],
    ['`busyWait` is shorter than any job', 20_000, 1_000, [1_000, 1_000]],
  ])('%s', (_, longMs, mostMs, waits) => {
    const pace = { firstPollMs: 10_000, pollIntervalMs: 10_000 };
    expect(waits.map((__, index) => busyDelay({ longMs, pace }, index + 1, mostMs))).toEqual(waits);
  });

  it('for ever: never longer than `busyWait`', () => {
    const pace = { firstPollMs: 10_000, pollIntervalMs: 10_000 };
    fc.assert(
      fc.property(
        fc.nat(HOUR),
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: HOUR }),
        (longMs, times, mostMs) => {
          const delay = busyDelay({ longMs, pace }, times, mostMs);
          expect(delay).toBeGreaterThan(0);
          expect(delay).toBeLessThanOrEqual(mostMs);
        },
      ),
    );
  });
});

describe('the poll schedule', () => {
  it('± 5 % around the step, which grows to 5 % of the time elapsed after ten minutes', () => {
    fc.assert(
      fc.property(pace, fc.nat(500), fc.nat(20 * HOUR), random, (of, polls, elapsed, luck) => {
        const grown = elapsed > 600_000 ? Math.max(of.pollIntervalMs, elapsed / 20) : of.pollIntervalMs;
        const step = polls === 0 ? of.firstPollMs : grown;
        const delay = nextPollDelay(of, polls, elapsed, luck, 1e12);
        expect(delay).toBeGreaterThanOrEqual(Math.floor(step * 0.95));
        expect(delay).toBeLessThanOrEqual(Math.ceil(step * 1.05));
        expect(Number.isInteger(delay)).toBe(true);
      }),
    );
  });

  it.each([
    [0, 155, 180],
    [0.5, 145, 170],
    [0.999, 135, 160],
  ])('20 hours with luck %d cost %d to %d polls', (luck, least, most) => {
    let elapsed = 0;
    let polls = 0;
    for (; elapsed < 20 * HOUR; polls++) {
      elapsed += nextPollDelay({ firstPollMs: 10_000, pollIntervalMs: 10_000 }, polls, elapsed, luck, 1e12);
    }
    expect(polls).toBeGreaterThanOrEqual(least);
    expect(polls).toBeLessThanOrEqual(most);
  });

  it('the last look falls on the deadline, or a tenth of a step later at most', () => {
    const lucks = fc.array(random, { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(pace, fc.integer({ min: 1_000, max: 20 * HOUR }), lucks, (of, deadline, luck) => {
        let elapsed = 0;
        for (let polls = 0; elapsed < deadline && polls < 2_000; polls++) {
          elapsed += nextPollDelay(of, polls, elapsed, luck[polls % luck.length] ?? 0, deadline - elapsed);
        }
        expect(elapsed).toBeLessThanOrEqual(deadline + Math.ceil(of.pollIntervalMs * 0.1));
      }),
    );
  });

  it('readings are never further apart than 30 s, and none steps over the moment of patience', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: -HOUR, max: HOUR }),
        (look, until) => {
          const delay = nextReadingDelay(look, until);
          expect(delay).toBeGreaterThan(0);
          expect(delay).toBeLessThanOrEqual(until > 0 ? Math.min(30_000, until) : 30_000);
        },
      ),
    );
  });

  it('back-off doubles up to its cap', () => {
    expect([0, 1, 2, 3, 4, 5, 1_000].map((failures) => backoffDelay(failures))).toEqual([
      5_000, 5_000, 10_000, 20_000, 40_000, 60_000, 60_000,
    ]);
  });
});
