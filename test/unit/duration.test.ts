/** Durations: the strings of the TypeScript SDK, which takes them by the package `ms`, but none that is easily mistaken. */
import fc from 'fast-check';
import ms from 'ms';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration, readDuration } from '../../src/contract/duration';

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
  { weight: 5, arbitrary: fc.nat(100_000).map(String) },
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
        expect(ours, text).toBe(theirs);
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it('what the SDK takes is taken, but for years, fractions, no unit, and what lies before now', () => {
    fc.assert(
      fc.property(written, (text) => {
        const theirs = byPackage(text);
        if (
          theirs === undefined ||
          theirs < 0 ||
          Object.is(theirs, -0) ||
          /\.|^\d+\s*$/.test(text) ||
          /y/i.test(text.replace(/days?/i, ''))
        ) {
          return;
        }
        expect(parseDuration(text), text).toBe(theirs);
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

  it.each<[unknown, 'hours' | 'minutes' | 'seconds', string]>([
    ['24', 'hours', '"24" has no unit; write "24 hours"'],
    ['1', 'hours', '"1" has no unit; write "1 hour"'],
    ['20', 'minutes', '"20" has no unit; write "20 minutes"'],
    ['0', 'seconds', '"0" has no unit; write "0 seconds"'],
    ['86400000', 'hours', '"86400000" has no unit; write "86400000 ms"'],
    ['1.5', 'hours', '"1.5" has no unit; write "90 minutes"'],
    ['1.5h', 'seconds', '"1.5h" is a fraction; write "90 minutes"'],
    ['.5 days', 'seconds', '".5 days" is a fraction; write "12 hours"'],
    ['1.0 Hours', 'seconds', '"1.0 Hours" is a fraction; write "1 hour"'],
    ['0.0001s', 'seconds', '"0.0001s" is a fraction; write a text such as "90s" or "20 minutes"'],
    [
      1.5,
      'hours',
      '1.5 is a fraction, and a number counts whole ms; write a text such as "90s" or "20 minutes"',
    ],
    [24, 'hours', '24 as a number means 24 ms; write "24 hours"'],
    [999, 'hours', '999 as a number means 999 ms; write "999 ms"'],
    [-1, 'hours', '-1 is not a duration; write a text such as "90s" or "20 minutes"'],
    ['9'.repeat(90), 'hours', `"${'9'.repeat(58)}… has no unit; write a text such as "90s" or "20 minutes"`],
    ['31 days', 'hours', '"31 days" is out of range; allowed are 0 ms to 720 h'],
  ])('%j, where %s are usual: the message has the remedy', (value, unit, problem) => {
    expect(readDuration(value, { max: 30 * 86_400_000, unit, noSmallNumbers: true })).toEqual({ problem });
  });

  it('the remedy that a message names is taken', () => {
    let named = 0;
    const unitOf = fc.constantFrom('hours', 'minutes', 'seconds');
    const range = { min: 1_000, max: 20 * 3_600_000, noSmallNumbers: true } as const;
    fc.assert(
      fc.property(fc.oneof(written, fc.nat(2_000)), unitOf, (value, each) => {
        const read = readDuration(value, { ...range, unit: each });
        if (typeof read === 'number') return;
        const [, remedy] = /; write "(.*)"$/.exec(read.problem) ?? [];
        if (remedy === undefined) return;
        named++;
        expect(readDuration(remedy, range), read.problem).toBeTypeOf('number');
      }),
      { numRuns: 2_000 },
    );
    expect(named).toBeGreaterThan(50);
  });

  it.each([
    '',
    ' ',
    '-1s',
    '1 fortnight',
    '1e3',
    'NaN',
    '1s 2s',
    -1,
    1.5,
    Infinity,
    NaN,
    null,
    undefined,
    {},
    [],
  ])('%j is none', (value) => expect(parseDuration(value)).toBeUndefined());

  it('a long text is no duration, and makes no long message', () => {
    for (const text of [`${'1'.repeat(1_000_000)}s`, `1${' '.repeat(1_000_000)}`]) {
      const read = readDuration(text);
      expect(read).toEqual({ problem: expect.stringMatching(/^"1.{57}… is not a duration; write /) });
    }
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
