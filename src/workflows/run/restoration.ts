/** A run that puts NICs back which an earlier run took off. */
import type { CheckedRestore } from '../../contract/restore-input';
import { checkRestoreInput, namedForRestore } from '../../contract/restore-input';
import { PUT_BACK_FOR_MS } from '../policy/put-back-plan';
import type { Request, RequestKind } from './run';
import { Run } from './run';

export type Restoration = Run<CheckedRestore & Request>;

const RESTORATION: RequestKind<CheckedRestore & Request> = {
  check: (input) => {
    const { problems, request } = checkRestoreInput(input);
    return { problems, request: request && { ...request, deadlineMs: PUT_BACK_FOR_MS } };
  },
  named: namedForRestore,
  job: 'attach',
};

export function restorationOf(start: unknown): Restoration {
  return new Run(start, RESTORATION);
}
