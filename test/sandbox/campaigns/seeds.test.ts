import { describe, expect, it } from 'vitest';
import { seedsOf } from './seeds';

const halves = (env: NodeJS.ProcessEnv) => [1, 2].map((part) => seedsOf(env, part, 2));
const union = (env: NodeJS.ProcessEnv, which: 'fixed' | 'fresh') =>
  halves(env)
    .flatMap((seeds) => seeds[which])
    .sort((a, b) => a - b);

describe('the seeds of a campaign', () => {
  it('are the same 500 each time, shared by its parts', () => {
    expect(union({}, 'fixed')).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    expect(union({}, 'fresh')).toEqual([]);
  });

  it('are in CI drawn anew for a fifth, and all others stay', () => {
    expect(union({ CI: 'true' }, 'fixed')).toEqual(union({}, 'fixed'));
    const [first, second] = [seedsOf({ CI: 'true' }, 1, 2), seedsOf({ CI: 'true' }, 1, 2)];
    expect(first.fresh.length * 4).toBeGreaterThanOrEqual(first.fixed.length);
    expect(first.fresh.length).toBe(second.fresh.length);
    expect(Math.min(...first.fresh)).toBeGreaterThan(first.fixed.length);
    expect(first.freshFrom).not.toBe(second.freshFrom);
  });

  it('are those that were drawn, when their first is given', () => {
    const drawn = seedsOf({ CI: 'true' }, 2, 2);
    expect(seedsOf({ FRESH: String(drawn.freshFrom) }, 2, 2)).toEqual(drawn);
    expect(seedsOf({ CI: 'true', FRESH: String(drawn.freshFrom) }, 2, 2)).toEqual(drawn);
  });

  it('are no others than those that are asked for', () => {
    expect(halves({ CI: 'true', SEED: '1234567' }).map(({ fixed, fresh }) => [...fixed, ...fresh])).toEqual([
      [1_234_567],
      [],
    ]);
    expect(union({ CI: 'true', FIRST: '2000', SCHEDULES: '3' }, 'fixed')).toEqual([2_001, 2_002, 2_003]);
    expect(union({ CI: 'true', FIRST: '2000', SCHEDULES: '3' }, 'fresh')).toEqual([]);
  });
});
