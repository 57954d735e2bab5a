/** The check of a request to put NICs back. */
import type { CheckedEarlier } from './earlier-run';
import { checkEarlier, earlierKey, namedNicsOf } from './earlier-run';
import { RESTORE_OPTIONS } from './options';

export type CheckedRestore = CheckedEarlier<typeof RESTORE_OPTIONS>;

/** Checks the input of `restoreServerNics`, of whatever type it is. Never throws. */
export function checkRestoreInput(value: unknown): { problems: string[]; request: CheckedRestore | null } {
  return checkEarlier(value, RESTORE_OPTIONS);
}

/** As for deletions: two inputs make the same request when their keys are equal. */
export function restoreKey(value: unknown): string {
  return earlierKey(value, RESTORE_OPTIONS);
}

/** The requested NICs as far as they can be read from an input of any form. */
export function namedForRestore(value: unknown): string[] {
  return namedNicsOf(checkRestoreInput(value).request);
}
