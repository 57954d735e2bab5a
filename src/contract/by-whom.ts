/** Who sends a message, and why. Both are required, since people look for them in the history afterwards. */
import type { Checked } from './checker';
import { Checker, ended } from './checker';
import { DELETE_OPTIONS } from './options';
import type { ByWhom } from './types';
import { isRecord, kindOf } from './values';

/**
 * Checks the argument of a message. Never throws.
 * @param fields beside `by` and `reason`
 * @param more checks them
 */
export function checkMessage<T>(
  value: unknown,
  fields: readonly string[],
  more: (check: Checker) => T,
): Checked<T & ByWhom> {
  const names = [...fields, 'by', 'reason'];
  if (!isRecord(value)) {
    const form = names.map((name) => `"${name}"`).join(', ');
    return {
      problems: [`the argument must be one JSON object {${form}}, not ${kindOf(value)}`],
      value: null,
    };
  }
  const check = new Checker(value, new Set(names));
  const by = check.requiredWords('by', DELETE_OPTIONS.requestedBy.max);
  const reason = check.requiredWords('reason', DELETE_OPTIONS.reason.max);
  return ended(check, { ...more(check), by, reason });
}

/** Who asks for an undo or a commit. Never throws. `who` is set when there are no problems. */
export function checkByWhom(value: unknown): { problems: string[]; who: ByWhom | null } {
  const { problems, value: who } = checkMessage(value, [], () => ({}));
  return { problems, who };
}
