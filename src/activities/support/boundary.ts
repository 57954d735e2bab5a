/**
 * Where errors of the cloud client become what a workflow can match on: a returned value, or an `ApplicationFailure`
 * with one of three types. Decided here and nowhere else, from the one error table.
 */
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import type { CloudFailureDetails, Throttled } from '../agreement';
import { ACTIVITY_FAILURE } from '../agreement';
import { CloudError } from '../../ecs/errors';

/** Runs a read. Throttling comes back as a value, since the workflow waits for it on a timer. */
export async function readingAtBoundary<T>(work: () => Promise<T>): Promise<T | Throttled> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CloudError && error.action === 'throttled') return throttledBy(error);
    throw failureOf(error);
  }
}

export function throttledBy(error: CloudError): Throttled {
  return {
    kind: 'throttled',
    retryAfterMs: error.retryAfterMs ?? error.delayMs,
    code: error.code,
    requestId: error.requestId,
  };
}

export function failureOf(error: unknown): unknown {
  if (!(error instanceof CloudError)) return error;
  if (error.kind === 'aborted') return new CancelledFailure(error.message);
  const details: CloudFailureDetails = {
    httpStatus: error.httpStatus,
    code: error.code,
    requestId: error.requestId,
    hint: error.hint,
  };
  if (error.action === 'credentials') {
    return ApplicationFailure.nonRetryable(error.message, ACTIVITY_FAILURE.credentials, details);
  }
  if (error.action === 'never' && error.kind !== 'late') {
    return ApplicationFailure.nonRetryable(error.message, ACTIVITY_FAILURE.refused, details);
  }
  return ApplicationFailure.retryable(error.message, ACTIVITY_FAILURE.unavailable, details);
}

/** The cloud says that the thing asked for does not exist. */
export function isAbsent(error: unknown): error is CloudError {
  return error instanceof CloudError && error.action === 'absent';
}
