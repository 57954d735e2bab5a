/** The duration strings of the TypeScript SDK, which takes them by the package `ms`. */
import fc from 'fast-check';
import ms from 'ms';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/contract/duration';

function byPackage(text: string): number | undefined {
  try {
    const value = ms(text as Parameters<typeof ms>[0]);
    return Number.isNaN(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

const unit = fc.constantFrom(
  ...['milliseconds', 'millisecond', 'msecs', 'msec', 'ms', 'seconds', 'second', 'secs', 'sec', 's'],
  ...['minutes', 'minute', 'mins', 'min', 'm', 'hours', 'hour', 'hrs', 'hr', 'h', 'days', 'day', 'd'],
  ...['weeks', 'week', 'w', '', 'years', 'yr', 'y', 'month', 'x', '$', 'ss'],
);
const number = fc.oneof(
  fc.nat(100_000).map(String),
  fc.tuple(fc.nat(999), fc.nat(999)).map(([whole, part]) => `${whole}.${part}`),
  fc.nat(999).map((part) => `.${part}`),
  fc.constantFrom('', '5.', '1e3', '+1', '-1', '0x10', '1,5', 'NaN', 'Infinity'),
);
const written = fc
  .tuple(number, fc.constantFrom('', ' ', '  ', '\t'), unit, fc.boolean())
  .map(([value, gap, name, upper]) => `${value}${gap}${upper ? name.toUpperCase() : name}`);

describe('durations', () => {
  it('what both take means the same to both, and nothing is taken that the SDK refuses', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: written }, fc.string()), (text) => {
        const ours = parseDuration(text);
        if (ours === undefined) return;
        taken++;
        const theirs = byPackage(text);
        expect(theirs, text).toBeDefined();
        expect(ours, text).toBe(Math.round(theirs ?? NaN));
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it('what the SDK takes is taken, but for years and what lies before now', () => {
    fc.assert(
      fc.property(written, (text) => {
        const theirs = byPackage(text);
        if (
          theirs === undefined ||
          theirs < 0 ||
          Object.is(theirs, -0) ||
          /y/i.test(text.replace(/days?/i, ''))
        ) {
          return;
        }
        expect(parseDuration(text), text).toBe(Math.round(theirs));
      }),
      { numRuns: 2_000 },
    );
  });

  it('numbers are whole ms from 0 on', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger()), (value) => {
        const sane = Number.isSafeInteger(value) && value >= 0;
        expect(parseDuration(value)).toBe(sane ? value : undefined);
      }),
    );
  });

  it('a long text is no duration, and costs nothing', () => {
    const begin = performance.now();
    expect(parseDuration(`${'1'.repeat(1_000_000)}s`)).toBeUndefined();
    expect(parseDuration(`1${' '.repeat(1_000_000)}`)).toBeUndefined();
    expect(performance.now() - begin).toBeLessThan(100);
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [90_000, '90 s'],
    [120_000, '2 min'],
    [150_000, '2 min 30 s'],
    [1_200_000, '20 min'],
    [7_500_000, '2 h 5 min'],
    [72_000_000, '20 h'],
  ])('%d ms read %s', (value, expected) => expect(formatDuration(value)).toBe(expected));
});
