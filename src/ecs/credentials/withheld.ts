import { CloudError } from '../errors';
import type { Operation } from '../wire/operations';
import type { ProblemFacts } from './provider';

const WITHHELD_ACTIONS = { refused: 'credentials', throttled: 'throttled', unavailable: 'retry' } as const;

/** A call that was not made, because there are no usable credentials. */
export function withheldError(operation: Operation, { kind, ...facts }: ProblemFacts): CloudError {
  return new CloudError({
    ...facts,
    operation,
    kind: 'withheld',
    httpStatus: null,
    innerCode: null,
    action: WITHHELD_ACTIONS[kind],
    fate: 'refused',
    delayMs: null,
    throttle: null,
    sign: null,
    sent: 'no',
  });
}
