/** How workers share the rate: the arithmetic, what each concludes from the list of pollers, and all of them together. */
import { describe, expect, it } from 'vitest';
import type { Poller } from '../../src/client/pollers';
import { RateLimiter } from '../../src/ecs/limiter';
import { Shares, shareOf, trickleOf } from '../../src/worker/shares';
import { onVirtualTime } from '../ecs/virtual-quota';
import { mostWithin } from '../support/windows';

const poller = (identity: string, lastSeen: number): Poller => ({ identity, lastSeen, version: null });
const nobodyEnded = () => false;

describe('the part of a worker', () => {
  it.each([2, 3, 5, 7.5, 10, 20, 50, 100, 1_000])(
    'of one at %d a second is 85 %% at least, and with all bursts no more than ten seconds allow',
    (rate) => {
      expect(shareOf(rate, 1).callsPerSecond).toBeGreaterThanOrEqual(0.85 * rate - 1e-9);
      for (let workers = 1; workers <= rate; workers++) {
        const { callsPerSecond, burst } = shareOf(rate, workers);
        expect(workers * (10 * callsPerSecond + burst)).toBeLessThanOrEqual(10 * rate);
        expect(burst).toBeGreaterThanOrEqual(1);
      }
    },
  );

  it('of a newcomer is so small that it fits into what the others leave', () => {
    for (const rate of [2, 10, 50]) {
      for (const workers of [1, 2, 3]) {
        const { callsPerSecond, burst } = shareOf(rate, workers);
        const late = rate / 4;
        const newcomer = 1 + 10 * trickleOf(rate, workers).callsPerSecond * workers;
        expect(workers * (10 * callsPerSecond + burst) + late + newcomer).toBeLessThanOrEqual(
          10 * rate + 1e-9,
        );
      }
    }
  });

  it('of very many workers is small, and still something', () => {
    expect(shareOf(0.5, 3).callsPerSecond).toBeGreaterThan(0.03);
    expect(shareOf(10, 1_000).callsPerSecond).toBeGreaterThan(0.002);
  });
});

describe('what a worker concludes', () => {
  const SERVER = 1_700_000_000_000;
  const WHOLE = shareOf(10, 1);

  it('alone it has the whole rate as soon as two lists in a row say so', () => {
    const shares = new Shares(10, 'me', nobodyEnded);
    expect(shares.look([], 0)).toEqual(trickleOf(10, 0));
    expect(shares.look([poller('me', SERVER)], 250)).toEqual(trickleOf(10, 0));
    expect(shares.look([poller('me', SERVER)], 500)).toEqual(WHOLE);
  });

  it('is not alone after one list that shows nobody else, between lists that do', () => {
    const shares = new Shares(10, 'me', nobodyEnded);
    expect(shares.look([poller('me', SERVER)], 0)).toEqual(trickleOf(10, 0));
    expect(shares.look([poller('me', SERVER), poller('other', SERVER)], 250)).toEqual(trickleOf(10, 1));
    expect(shares.look([poller('me', SERVER)], 500)).toEqual(trickleOf(10, 1));
  });

  it('a list without a worker that is known changes nothing, until that one has not polled for 70 s', () => {
    const shares = new Shares(10, 'me', nobodyEnded);
    const [me, other] = [poller('me', SERVER), poller('other', SERVER)];
    for (const at of [0, 10_000]) shares.look([me, other], at);
    expect(shares.isKnown).toBe(true);
    for (const list of [[me], [], [other], [me]]) expect(shares.look(list, 10_000)).toEqual(shareOf(10, 2));
    expect(shares.look([poller('me', SERVER + 40_000)], 40_000)).toEqual(shareOf(10, 2));
    expect(shares.look([poller('me', SERVER + 69_000)], 69_000)).toEqual(shareOf(10, 2));
    expect(shares.look([poller('me', SERVER + 70_000)], 70_000)).toEqual(WHOLE);
  });

  it('beside others it waits until they have looked, and then has its part; the others at their next look', () => {
    const [old, young] = [new Shares(10, 'old', nobodyEnded), new Shares(10, 'young', nobodyEnded)];
    const list = [poller('old', SERVER), poller('young', SERVER)];
    old.look([poller('old', SERVER)], 0);
    old.look([poller('old', SERVER)], 100);
    expect(young.look(list, 200)).toEqual(trickleOf(10, 1));
    expect(old.look(list, 2_000)).toEqual(shareOf(10, 2));
    expect(young.look(list, 10_100)).toEqual(trickleOf(10, 1));
    expect(young.look(list, 10_200)).toEqual(shareOf(10, 2));
  });

  it('a worker of an older release counts, one that has not polled for a minute and more does not', () => {
    const shares = new Shares(10, 'me', nobodyEnded);
    const list = [poller('me', SERVER), poller('gone', SERVER - 80_000), poller('idle', SERVER - 60_000)];
    shares.look(list, 0);
    expect(shares.workers).toBe(2);
    // By the server's clock, which goes on although this list shows nothing newer.
    shares.look(list, 11_000);
    expect(shares.workers).toBe(1);
  });

  it('the own clock does not matter', () => {
    const shares = new Shares(10, 'me', nobodyEnded);
    shares.look([poller('me', 5_000), poller('other', 5_000)], 9e12);
    expect(shares.workers).toBe(2);
  });

  it('a process of this host that has ended does not count, unless it polls', () => {
    const shares = new Shares(10, 'me', (identity) => identity === 'killed');
    const list = [poller('me', SERVER), poller('killed', SERVER - 5_000)];
    for (const at of [0, 250]) shares.look(list, at);
    expect(shares.look(list, 500)).toEqual(WHOLE);
    // Its container has the same host name, and its process another number there.
    shares.look([poller('me', SERVER), poller('killed', SERVER + 1_000)], 2_000);
    expect(shares.workers).toBe(2);
  });

  it('whoever was away for a minute is a newcomer again', () => {
    const shares = new Shares(10, 'me', nobodyEnded);
    for (const at of [0, 250]) shares.look([poller('me', SERVER)], at);
    expect(shares.isKnown).toBe(true);
    const list = [poller('me', SERVER + 90_000), poller('other', SERVER + 90_000)];
    expect(shares.look(list, 90_000)).toEqual(trickleOf(10, 1));
    expect(shares.look(list, 100_000)).toEqual(shareOf(10, 2));
    // Nor is it alone at the first list of then.
    expect(shares.look([poller('me', SERVER + 180_000)], 180_000)).toEqual(trickleOf(10, 0));
  });

  it('when it may not ask, the last known number counts, and at first it is alone', () => {
    const shares = new Shares(10, 'me', nobodyEnded);
    expect(shares.unasked()).toEqual(WHOLE);
    shares.look([poller('me', SERVER), poller('other', SERVER)], 0);
    expect(shares.unasked()).toEqual(shareOf(10, 2));
  });
});

/**
 * Workers with always something to call, each with its limiter, on one virtual clock. They poll from their start to their
 * end; the server lists the dead for a minute more. A look takes `lookMs`, and sees the list as it was at its beginning.
 */
async function played(
  rate: number,
  lives: { from: number; to: number }[],
  ms: number,
  lookMs: number,
  listed: (pollers: Poller[], now: number) => Poller[] = (pollers) => pollers,
) {
  const time = onVirtualTime(0);
  const calls: number[] = [];
  const lastSeen = new Map<string, number>();
  const list = () => [...lastSeen].map(([identity, at]) => poller(identity, at));
  const live = async (identity: string, { from, to }: { from: number; to: number }) => {
    await time.sleep(from);
    const limiter = new RateLimiter(trickleOf(rate, 1).callsPerSecond, 1, time);
    const shares = new Shares(rate, identity, nobodyEnded);
    const lives = () => time.now() < to;
    const polls = async () => {
      for (; lives(); await time.sleep(1_000)) lastSeen.set(identity, time.now());
    };
    const looks = async () => {
      while (lives()) {
        const pollers = listed(list(), time.now());
        await time.sleep(lookMs);
        limiter.share(shares.look(pollers, time.now()));
        await time.sleep(shares.isKnown ? 2_000 : 250);
      }
    };
    const works = async () => {
      // Idle at times, so that bursts are saved up.
      for (let n = 1; lives(); n++) {
        if (n % 200 === 0) await time.sleep(700);
        await limiter.acquire();
        if (lives()) calls.push(time.now());
      }
    };
    await Promise.all([polls(), looks(), works()]);
  };
  lives.forEach((life, n) => void live(`worker ${n}`, life));
  await time.until(ms);
  return calls;
}

describe('all workers together', () => {
  const ever = { from: 0, to: Infinity };
  it.each<[string, { from: number; to: number }[]]>([
    ['one', [ever]],
    ['three from the beginning', [ever, ever, ever]],
    ['two that join one', [ever, { from: 20_000, to: Infinity }, { from: 40_300, to: Infinity }]],
    ['one that joins two', [ever, ever, { from: 31_000, to: Infinity }]],
    ['two that join one together', [ever, { from: 20_000, to: Infinity }, { from: 20_100, to: Infinity }]],
    ['one that is killed and comes again', [ever, { from: 0, to: 50_000 }, { from: 51_000, to: Infinity }]],
  ])('stay within the rate in any 10 s, whatever a look takes: %s', async (_name, lives) => {
    for (const rate of [5, 10, 20, 50]) {
      for (const lookMs of [10, 1_000, 3_000]) {
        const calls = await played(rate, lives, 150_000, lookMs);
        expect(mostWithin(10_000, calls)).toBeLessThanOrEqual(10 * rate);
        // Nor is the quota left unused once all know of each other.
        const late = calls.filter((at) => at >= 130_000).length / 20;
        expect(late).toBeGreaterThan(0.75 * rate);
      }
    }
  });

  it('stay within it while the server lists only some of them, for 20 s', async () => {
    const partial = (pollers: Poller[], now: number) =>
      now >= 60_000 && now < 80_000 ? pollers.filter((_, n) => n !== Math.floor(now / 5_000) % 3) : pollers;
    for (const rate of [5, 10, 50]) {
      const calls = await played(rate, [ever, ever, ever], 150_000, 10, partial);
      expect(mostWithin(10_000, calls)).toBeLessThanOrEqual(10 * rate);
    }
  });
});
