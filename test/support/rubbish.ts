/** Values that a field may be filled with by mistake or on purpose, for fast-check. */
import fc from 'fast-check';

/** `RUBBISH=20` plays twenty times as much as CI does. */
const FACTOR = Number(process.env.RUBBISH ?? 1);

/** Of one test, in ms: a machine may be busy, and more on demand takes its time. */
export const TEST_TIMEOUT = 120_000 * Math.max(1, FACTOR);

/** How often a property is tried; every CI run plays the same ones, more on demand are drawn anew. */
export function runs(inCi: number): { numRuns: number; seed?: number } {
  return FACTOR > 1 ? { numRuns: inCi * FACTOR } : { numRuns: inCi, seed: 5 };
}

/** Texts that break what handles texts. */
export const NASTY_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\nb\u2028c\r',
  '\ud800',
  'x\udc00y',
  '\u202Eabc',
  'Zürich 東京 😀',
  `a${'😀'.repeat(60)}`,
  '<img src=x onerror=alert(1)>',
  '`code` **bold** [a](javascript:1) | --',
  '__proto__',
  'constructor',
  'null',
  '{}',
  '$(reboot); rm -rf /',
  '%s%n%d',
  'x'.repeat(100_000),
] as const;

export const nastyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...NASTY_TEXTS),
  fc.string({ unit: 'binary', maxLength: 80 }),
);

/** Any JSON: objects with odd keys and odd depth, too. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }) },
  { weight: 2, arbitrary: nastyText },
  { weight: 1, arbitrary: fc.dictionary(nastyText, fc.jsonValue({ maxDepth: 1 })) },
  { weight: 1, arbitrary: fc.constantFrom(...nested()) },
);

/** As JSON.parse makes them: an own property `__proto__`, and lists in lists. */
function nested(): unknown[] {
  const texts = ['{"__proto__":{"serverId":"x"}}', '{"constructor":{"prototype":{}}}', '[[[[[[[[]]]]]]]]'];
  return texts.map((text) => JSON.parse(text) as unknown);
}

/** A text that may be shown: bounded, in one piece, and nothing in it that a terminal or a log would obey. */
export function unfit(text: string, max: number): string | null {
  if (text.length > max) return `${text.length} characters`;
  const odd = /[\p{Cc}\p{Cs}\u2028\u2029]/u.exec(text.replace(/\n/g, ''));
  return odd === null ? null : `the character ${odd[0].charCodeAt(0).toString(16)} at ${odd.index}`;
}
