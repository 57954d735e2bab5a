import fc from 'fast-check';
import { setMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/ecs/clock';
import { systemClock } from '../../src/ecs/clock';
import type { NoTurn, Turn, Wish } from '../../src/ecs/limiter';
import { RateLimiter } from '../../src/ecs/limiter';
import type { Quota } from './virtual-quota';
import { onVirtualTime, quotas } from './virtual-quota';

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

  it('who yields lets equally urgent calls go first that come soon after, and none that come later', async () => {
    const clock = virtual(1_000_000);
    const limiter = new RateLimiter(1, 1, clock);
    await limiter.acquire();
    const order: string[] = [];
    const wait = (name: string, wish: Wish = {}) => limiter.acquire(wish).then(() => order.push(name));
    const all = [wait('a set', { yieldsMs: 4_000 })];
    // The clock has moved by the second that the first one sleeps.
    clock.at += 2_000;
    all.push(wait('soon'), wait('another set', { yieldsMs: 4_000 }), wait('less urgent', { urgency: 4 }));
    clock.at += 3_000;
    all.push(wait('later'), wait('urgent', { urgency: 2 }));
    await Promise.all(all);
    expect(order).toEqual(['urgent', 'soon', 'a set', 'later', 'another set', 'less urgent']);
  });

  it('gives the turn of an aborted call to the next one', async () => {
    const limiter = new RateLimiter(1, 1, systemClock);
    await limiter.acquire();
    const started = Date.now();
    const given = new AbortController();
    setMaxListeners(0, given.signal);
    const up = Array.from({ length: 20 }, () =>
      limiter.acquire({ signal: given.signal }).catch(() => 'aborted'),
    );
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
    const limiter = new RateLimiter(1, 1, systemClock);
    expect(() => limiter.share({ callsPerSecond: 0, burst: 1 })).toThrow(RangeError);
    expect(() => new RateLimiter(0, 1, systemClock)).toThrow(RangeError);
    expect(() => new RateLimiter(NaN, 1, systemClock)).toThrow(RangeError);
    expect(() => new RateLimiter(1, 0, systemClock)).toThrow(RangeError);
  });
});

/** The order in which calls with these wishes get their turns, after one that has used up the only token. */
async function orderOf(wishes: Record<string, Wish>): Promise<string[]> {
  const limiter = new RateLimiter(10, 1, virtual());
  const order: string[] = [];
  const first = limiter.acquire();
  const all = Object.entries(wishes).map(([name, wish]) =>
    limiter.acquire(wish).then(() => order.push(name)),
  );
  await Promise.all([first, ...all]);
  return order;
}

describe('who goes first', () => {
  it('the most urgent, and of equally urgent ones the one that came first', async () => {
    const wishes = {
      fleet: { urgency: 4 },
      usual: {},
      'fleet, later': { urgency: 4 },
      interactive: { urgency: 2 },
      'its POST': { urgency: 1 },
      'usual, later': { urgency: 3 },
    };
    expect(await orderOf(wishes)).toEqual([
      'its POST',
      'interactive',
      'usual',
      'usual, later',
      'fleet',
      'fleet, later',
    ]);
  });

  it('of equally urgent ones the one whose attempt ends first: work that has begun is finished', async () => {
    const wishes = {
      begins: { notAfter: 45_000 },
      'has no end': {},
      'began earlier': { notAfter: 30_000 },
      'urgent, begins': { urgency: 1, notAfter: 90_000 },
    };
    expect(await orderOf(wishes)).toEqual(['urgent, begins', 'began earlier', 'begins', 'has no end']);
  });

  it('nobody whose time is over: it uses no turn', async () => {
    const time = onVirtualTime();
    const limiter = new RateLimiter(1, 1, time);
    const given: [string, number][] = [];
    const ask = (name: string, wish: Wish = {}) =>
      limiter.acquire(wish).then(
        () => given.push([name, time.now() - 1_000_000]),
        (error: NoTurn) => given.push([`${name} ${error.why}`, time.now() - 1_000_000]),
      );
    void ask('first');
    void ask('second', { notAfter: 1_000_500 });
    void ask('third', { notAfter: 1_000_900 });
    void ask('fourth');
    await time.until(1_500);
    expect(given).toEqual([
      ['first', 0],
      ['second late', 1_000],
      ['third late', 1_000],
      ['fourth', 1_000],
    ]);
  });
});

describe('a share that changes', () => {
  it('counts at once, also for calls that wait already', async () => {
    const time = onVirtualTime();
    const limiter = new RateLimiter(0.1, 1, time);
    const times: number[] = [];
    for (let n = 0; n < 4; n++) void limiter.acquire().then(() => times.push(time.now() - 1_000_000));
    await time.until(1_000);
    expect(times).toEqual([0]);
    limiter.share({ callsPerSecond: 10, burst: 2 });
    await time.until(2_000);
    // A tenth of a turn was saved up; the rest comes ten times as fast.
    expect(times).toEqual([0, 1_090, 1_190, 1_290]);
    expect(limiter.rate).toBe(10);
  });

  it('takes away what was saved up beyond the new burst, and gives no new burst', async () => {
    const time = onVirtualTime();
    const limiter = new RateLimiter(10, 5, time);
    limiter.share({ callsPerSecond: 10, burst: 1 });
    limiter.share({ callsPerSecond: 10, burst: 5 });
    const times: number[] = [];
    for (let n = 0; n < 3; n++) void limiter.acquire().then(() => times.push(time.now() - 1_000_000));
    await time.until(1_000);
    expect(times).toEqual([0, 100, 200]);
  });
});

const NOTHING_SAID = { pauseMs: null, code: 'APIGW.0308', requestId: 'r1' };

describe('a throttled answer', () => {
  async function throttledAfter(turns: number, pauseMs: number | null) {
    const time = onVirtualTime();
    const limiter = new RateLimiter(10, 5, time);
    const given: Turn[] = [];
    for (let n = 0; n < turns; n++) void limiter.acquire().then((turn) => given.push(turn));
    await time.until(0);
    limiter.throttled(given[0]!, { ...NOTHING_SAID, pauseMs });
    return { time, limiter, given };
  }

  it('stops every call for the time that it names, and slows those that follow', async () => {
    const { time, limiter } = await throttledAfter(1, 4_000);
    expect(limiter.rate).toBe(0);
    const times: number[] = [];
    for (let n = 0; n < 3; n++) void limiter.acquire().then(() => times.push(time.now() - 1_000_000));
    await time.until(3_999);
    expect(times).toEqual([]);
    await time.until(5_000);
    // One at its end, the others without a burst, at nine tenths of the rate.
    expect(times.map(Math.round)).toEqual([4_000, 4_111, 4_222]);
    expect(limiter.rate).toBeCloseTo(9);
  });

  it('counts once in a burst of them, though the longest time holds', async () => {
    const { time, limiter, given } = await throttledAfter(3, 2_000);
    limiter.throttled(given[1]!, { ...NOTHING_SAID, pauseMs: 5_000 });
    limiter.throttled(given[2]!, NOTHING_SAID);
    await time.until(4_999);
    expect(limiter.rate).toBe(0);
    await time.until(5_000);
    expect(limiter.rate).toBeCloseTo(9);
  });

  // A time in the past is no pause at all.
  it.each([null, 0, 500])(
    'is waited for longer and longer while the first call after it is throttled again: %s ms named',
    async (pauseMs) => {
      const { time, limiter } = await throttledAfter(1, pauseMs);
      const tries: number[] = [];
      const rates: number[] = [];
      void (async () => {
        for (;;) {
          const turn = await limiter.acquire().catch((error: NoTurn) => time.sleep(error.leftMs));
          if (turn === undefined) continue;
          tries.push((time.now() - 1_000_000) / 1_000);
          limiter.throttled(turn, { ...NOTHING_SAID, pauseMs });
          rates.push(limiter.rate);
        }
      })();
      await time.until(300_000);
      const pauses = tries.map((at, n) => Math.floor(at - (tries[n - 1] ?? 0)));
      expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
      expect(new Set(rates)).toEqual(new Set([0]));
    },
  );

  it.each([10_000, 10_001])('of %d ms holds calls no longer than an attempt can bear', async (pauseMs) => {
    const time = onVirtualTime();
    const limiter = new RateLimiter(10, 1, time);
    const first = await limiter.acquire();
    const outcomes: unknown[] = [];
    const ask = () =>
      limiter.acquire().then(
        () => outcomes.push('turn'),
        (error: unknown) => outcomes.push(error),
      );
    void ask();
    limiter.throttled(first, { ...NOTHING_SAID, pauseMs });
    void ask();
    await time.until(0);
    if (pauseMs === 10_000) {
      expect(outcomes).toEqual([]);
      await time.until(11_000);
      expect(outcomes).toEqual(['turn', 'turn']);
    } else {
      expect(outcomes).toHaveLength(2);
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ why: 'paused', leftMs: pauseMs, throttle: { requestId: 'r1' } });
      await time.until(pauseMs);
      void ask();
      await time.until(pauseMs + 1_000);
      expect(outcomes[2]).toBe('turn');
    }
  });
});

/**
 * A worker that has always something to call, whose calls take 100 ms, at the rate that it was configured with; and a cloud
 * that allows less.
 */
async function feltFor(quota: Quota, configured: number, ms: number, retryAfterMs: number | null) {
  const time = onVirtualTime();
  const limiter = new RateLimiter(configured, 5, time);
  const taken: number[] = [];
  const throttled: number[] = [];
  const caller = async () => {
    for (;;) {
      const turn = await limiter.acquire().catch((error: NoTurn) => time.sleep(error.leftMs));
      if (turn === undefined) continue;
      await time.sleep(50);
      const ok = quota(time.now());
      (ok ? taken : throttled).push(time.now() - 1_000_000);
      await time.sleep(50);
      if (!ok) limiter.throttled(turn, { ...NOTHING_SAID, pauseMs: retryAfterMs });
    }
  };
  for (let n = 0; n < 20; n++) void caller();
  await time.until(ms);
  return { taken, throttled };
}

describe('a quota below the configured rate', () => {
  const MINUTES = 30;
  it.each<[string, () => Quota, number, number | null, number?]>([
    ['10 a second, in windows of a second', () => quotas.window(10, 1_000), 20, 1_000],
    ['10 a second, in windows of a second, no time told', () => quotas.window(10, 1_000), 20, null],
    ['10 in any second', () => quotas.sliding(10, 1_000), 20, 1_000],
    ['100 in any 10 s', () => quotas.sliding(100, 10_000), 20, null],
    ['a bucket of 10 a second', () => quotas.bucket(10, 10), 20, 1_000],
    ['a bucket, just below what is configured', () => quotas.bucket(10, 10), 10.5, null],
    ['a bucket, far below', () => quotas.bucket(10, 10), 200, null, 100],
  ])('is found: %s', async (_name, quota, configured, retryAfterMs, atFirst = 20) => {
    const { taken, throttled } = await feltFor(quota(), configured, MINUTES * 60_000, retryAfterMs);
    // The first minute is for the way down: each step of it costs as many throttled calls as are on their way.
    const after = (times: number[]) => times.filter((at) => at >= 60_000).length;
    const perSecond = after(taken) / (60 * (MINUTES - 1));
    const perMinute = after(throttled) / (MINUTES - 1);
    expect(perSecond).toBeGreaterThanOrEqual(8.5);
    // Each climb ends with one or two of them (a second one can be on its way), and takes 30 s at least.
    expect(perMinute).toBeLessThanOrEqual(4);
    expect(throttled.length - after(throttled)).toBeLessThanOrEqual(atFirst);
  });

  it.each([null, 0, 1_000])(
    'of a window of minutes is used up, and asked for a few times a minute until the next one: %s ms named',
    async (retryAfterMs) => {
      const { taken, throttled } = await feltFor(quotas.window(200, 300_000), 10, 40 * 60_000, retryAfterMs);
      const windows = Array.from({ length: 8 }, (_, n) => [n * 300_000, (n + 1) * 300_000] as const);
      for (const [from, to] of windows.slice(1, -1)) {
        const within = (at: number) => at >= from && at < to;
        expect(taken.filter(within).length).toBeGreaterThanOrEqual(170);
        expect(throttled.filter(within).length).toBeLessThanOrEqual(15);
      }
    },
  );
});
