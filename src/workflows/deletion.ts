/** A run that takes NICs off its server. */
import type { CheckedRequest } from '../contract/input';
import { checkDeleteInput, namedNics } from '../contract/input';
import type { RequestKind } from './run';
import { Run } from './run';

export type Deletion = Run<CheckedRequest>;

const DELETION: RequestKind<CheckedRequest> = { check: checkDeleteInput, named: namedNics, job: 'delete' };

export function deletionOf(start: unknown): Deletion {
  return new Run(start, DELETION);
}
