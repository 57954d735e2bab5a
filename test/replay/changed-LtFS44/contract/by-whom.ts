/**
 * Who asks for an undo or a commit, and why. Both are required, since people look for them in the history afterwards.
 */
import { Checker } from './checker';
import { DELETE_OPTIONS } from './options';
import type { ByWhom } from './types';
import { isRecord, kindOf } from './values';

const FIELDS = new Set(['by', 'reason']);

/** Never throws. `who` is set when there are no problems. */
export function checkByWhom(value: unknown): { problems: string[]; who: ByWhom | null } {
  if (!isRecord(value)) {
    return {
      problems: [`the argument must be one JSON object {"by", "reason"}, not ${kindOf(value)}`],
      who: null,
    };
  }
  const check = new Checker(value, FIELDS);
  const by = check.requiredWords('by', DELETE_OPTIONS.requestedBy.max);
  const reason = check.requiredWords('reason', DELETE_OPTIONS.reason.max);
  return check.problems.length > 0
    ? { problems: check.problems, who: null }
    : { problems: [], who: { by, reason } };
}
