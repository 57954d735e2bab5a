/** The check of a request to delete ports that an earlier run has kept. */
import type { CheckedEarlier } from './earlier-run';
import { checkEarlier, earlierKey, namedNicsOf } from './earlier-run';
import { RELEASE_OPTIONS } from './options';

export type CheckedRelease = CheckedEarlier<typeof RELEASE_OPTIONS>;

/** Checks the input of `releasePorts`, of whatever type it is. Never throws. */
export function checkReleaseInput(value: unknown): { problems: string[]; request: CheckedRelease | null } {
  return checkEarlier(value, RELEASE_OPTIONS);
}

/** As for deletions: two inputs make the same request when their keys are equal. */
export function releaseKey(value: unknown): string {
  return earlierKey(value, RELEASE_OPTIONS);
}

/** The requested NICs as far as they can be read from an input of any form. */
export function namedForRelease(value: unknown): string[] {
  return namedNicsOf(checkReleaseInput(value).request);
}
