/** Durations as people type them. No IO. */
import { quoted } from '../../contract/text';

const ONE_LETTER = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*m\s*$/i;

/**
 * `m` is a minute for some and a month for others. Runs take it as a minute, and go on to, since open ones may have it in their
 * request; a person is asked to say which. `null`: the value has another form.
 */
export function unclearUnit(value: unknown): string | null {
  const [, amount] = typeof value === 'string' ? (ONE_LETTER.exec(value) ?? []) : [];
  if (amount === undefined) return null;
  return `${quoted(value)} may mean minutes or months; write "${amount} min" or "${amount} minutes" (for months: days)`;
}
