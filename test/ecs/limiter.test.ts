import fc from 'fast-check';
import { setMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/ecs/clock';
import { systemClock } from '../../src/ecs/clock';
import { RateLimiter } from '../../src/ecs/limiter';

/** Time that passes only while somebody sleeps. */
function virtual(start = 0): Clock & { at: number } {
  const clock = {
    at: start,
    now: () => clock.at,
    sleep: async (ms: number) => {
      clock.at += ms;
    },
  };
  return clock;
}

describe('the rate limit', () => {
  it('lets a burst through and spaces the rest evenly, in order', async () => {
    const clock = virtual();
    const limiter = new RateLimiter(10, 3, clock);
    const times: number[] = [];
    await Promise.all(Array.from({ length: 6 }, () => limiter.acquire().then(() => times.push(clock.at))));
    expect(times).toEqual([0, 0, 0, 100, 200, 300]);
    clock.at += 10_000;
    times.length = 0;
    for (let i = 0; i < 4; i++) await limiter.acquire().then(() => times.push(clock.at - 10_300));
    expect(times).toEqual([0, 0, 0, 100]);
  });

  it('never exceeds rate × time + burst in any window', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 }),
        async (rate, burst, pauses) => {
          const clock = virtual(1_000_000);
          const limiter = new RateLimiter(rate, burst, clock);
          const times: number[] = [];
          for (const pause of pauses) {
            clock.at += pause;
            await limiter.acquire();
            times.push(clock.at);
          }
          times.forEach((from, i) =>
            times.slice(i).forEach((to, n) => {
              expect(n + 1).toBeLessThanOrEqual(((to - from) * rate) / 1000 + burst + 1e-6);
            }),
          );
        },
      ),
    );
  });

  it('gives the turn of an aborted call to the next one', async () => {
    const limiter = new RateLimiter(1, 1, systemClock);
    await limiter.acquire();
    const started = Date.now();
    const given = new AbortController();
    setMaxListeners(0, given.signal);
    const up = Array.from({ length: 20 }, () => limiter.acquire(given.signal).catch(() => 'aborted'));
    const next = limiter.acquire();
    given.abort();
    expect(new Set(await Promise.all(up))).toEqual(new Set(['aborted']));
    await next;
    expect(Date.now() - started).toBeLessThan(15_000); // 20 turns would be 20 s more than the one that it waits for
  });

  it('survives a clock that is set back', async () => {
    const clock = virtual(10_000_000);
    const limiter = new RateLimiter(10, 1, clock);
    await limiter.acquire();
    clock.at = 0;
    await limiter.acquire();
    await limiter.acquire();
    expect(clock.at).toBeLessThanOrEqual(300);
  });

  it('refuses a rate of nothing', () => {
    expect(() => new RateLimiter(0, 1, systemClock)).toThrow(RangeError);
    expect(() => new RateLimiter(NaN, 1, systemClock)).toThrow(RangeError);
    expect(() => new RateLimiter(1, 0, systemClock)).toThrow(RangeError);
  });
});
