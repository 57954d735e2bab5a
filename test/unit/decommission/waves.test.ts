import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Share } from '../../../src/contract/decommission/shares';
import { fixed, readShare, readWaves } from '../../../src/contract/decommission/shares';
import {
  failureBound,
  partOf,
  pausesAfter,
  provenBy,
  wavesOf,
} from '../../../src/workflows/policy/fleet/waves';

const waves = (text: unknown) => {
  const read = readWaves(text);
  if ('problem' in read) throw new Error(read.problem);
  return read;
};

describe('waves', () => {
  it.each([
    [10_000, [1, 10, 100, 2_500, 10_000]],
    [200, [1, 10, 100, 200]],
    [40, [1, 10, 40]],
    [7, [1, 7]],
    [1, [1]],
    [0, []],
  ])('of the default for %i servers', (servers, sizes) => {
    expect(wavesOf(waves('1,10,100,25%,100%'), servers)).toEqual(sizes);
  });

  it.each([
    ['5, 10', 30, [5, 10, 30]],
    [[2, '50%', '100%'], 10, [2, 5, 10]],
    ['100%', 9, [9]],
    ['0.1%,100%', 500, [1, 500]],
    ['25%,100%', 10, [3, 10]],
  ])('%j of %i', (setting, servers, sizes) => {
    expect(wavesOf(waves(setting), servers)).toEqual(sizes);
  });

  it.each([
    ['', 'is not a whole number'],
    ['0,5', 'out of range'],
    ['0%,5', 'above 0%'],
    ['10,5', '5 comes after 10'],
    ['50%,25%', '25% comes after 50%'],
    ['101%', 'out of range'],
    ['1.5', 'is not a whole number'],
    [[], 'must be a text'],
    [{}, 'must be a text'],
    [[1, null], 'is not a whole number'],
    [Array.from({ length: 51 }, (_, n) => n + 1), 'at most 50'],
  ])('%j is refused', (setting, why) => {
    const read = readWaves(setting);
    expect('problem' in read ? read.problem : '').toContain(why);
  });

  it('grow, end with the whole plan, and touch every server once', () => {
    const share: fc.Arbitrary<Share> = fc.oneof(
      fc.record({ count: fc.integer({ min: 1, max: 500 }) }),
      fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
    );
    fc.assert(
      fc.property(
        fc.array(share, { maxLength: 8 }),
        fc.array(fc.nat(100), { maxLength: 9 }),
        (setting, pages) => {
          const servers = pages.reduce((sum, each) => sum + each, 0);
          const sizes = wavesOf(setting, servers);
          expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => a - b));
          expect(sizes.at(-1) ?? 0).toBe(servers);
          const seen = new Set<string>();
          for (const size of sizes) {
            let before = 0;
            pages.forEach((planned, page) => {
              for (let i = 0; i < partOf(size, before, planned); i++) seen.add(`${page}/${i}`);
              before += planned;
            });
            expect(seen.size).toBe(size);
          }
        },
      ),
    );
  });

  it('a share of a tolerance never is more than was said, and one of a size never less', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), fc.nat(100_000), (thousandths, total) => {
        const share = { percent: thousandths / 1_000 };
        expect(fixed(share, total, 'down') * 100_000).toBeLessThanOrEqual(thousandths * total);
        expect(fixed(share, total, 'up') * 100_000).toBeGreaterThanOrEqual(thousandths * total);
        expect(fixed(share, total, 'up') - fixed(share, total, 'down')).toBeLessThanOrEqual(1);
      }),
    );
  });

  it.each([
    ['first', [true, false, false]],
    ['every', [true, true, false]],
    ['never', [false, false, false]],
  ] as const)('pauses after %s', (setting, expected) => {
    expect([0, 1, 2].map((wave) => pausesAfter(setting, wave, [1, 2, 3]))).toEqual(expected);
  });
});

describe('a share', () => {
  it.each([
    [0, { count: 0 }],
    ['12', { count: 12 }],
    [' 2% ', { percent: 2 }],
    ['2.5 %', { percent: 2.5 }],
    ['0%', { percent: 0 }],
  ])('%j', (value, share) => {
    expect(readShare(value)).toEqual(share);
  });

  it.each([-1, 1.5, NaN, 'two', '%', '101%', '1e3', null, true, 100_001])('%j is none', (value) => {
    expect(readShare(value)).toHaveProperty('problem');
  });
});

describe('what a sample proves', () => {
  it.each([
    // 3 / n is the rule of thumb; the exact bound is 1 - 0.05^(1/n).
    [0, 100, 2.951],
    [0, 10, 25.887],
    [0, 1, 95],
    // Tables of Clopper and Pearson, one-sided 95 %.
    [1, 20, 21.611],
    [2, 50, 12.061],
  ])('%i of %i', (failed, sample, bound) => {
    expect(failureBound(failed, sample)).toBeCloseTo(bound, 2);
  });

  it('is told in words that people read', () => {
    expect(provenBy(0, 100)).toBe('0 of 100 failed: with 95 % confidence fewer than 3 % would');
    expect(provenBy(0, 1)).toBe('0 of 1 failed: with 95 % confidence fewer than 95 % would');
    expect(provenBy(3, 3)).toBe('3 of 3 failed: that proves nothing');
  });
});
