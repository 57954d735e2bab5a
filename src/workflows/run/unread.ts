/** Why a call of an activity brought no answer. */
import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';
import type { CloudFailureDetails } from '../../activities/agreement';
import { ACTIVITY_FAILURE } from '../../activities/agreement';

/** A call that brought no answer. `unavailable`: try later; `credentials` and `refused` need a person. */
export interface Unread {
  kind: 'unread';
  why: 'unavailable' | 'credentials' | 'refused';
  message: string;
  details: CloudFailureDetails | null;
  /** No worker has answered: what it was to do it may still do. */
  unheard?: true;
}

/** What an error of a call says. Throws what is no failure of an activity, and passes cancellation on. */
export function unreadBy(error: unknown): Unread {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  const cause = error.cause;
  if (cause instanceof ApplicationFailure) {
    const details = (cause.details?.[0] ?? null) as CloudFailureDetails | null;
    if (cause.type === ACTIVITY_FAILURE.credentials)
      return { kind: 'unread', why: 'credentials', message: cause.message, details };
    if (cause.type === ACTIVITY_FAILURE.refused)
      return { kind: 'unread', why: 'refused', message: cause.message, details };
    return { kind: 'unread', why: 'unavailable', message: cause.message, details };
  }
  return {
    kind: 'unread',
    why: 'unavailable',
    message: 'the worker did not answer in time',
    details: null,
    unheard: true,
  };
}

/** Why a worker declined the call; `null`: none did. */
export function declinedBecause(error: unknown): string | null {
  const cause = error instanceof ActivityFailure ? error.cause : null;
  return cause instanceof ApplicationFailure && cause.type === ACTIVITY_FAILURE.wrongPlace
    ? cause.message
    : null;
}
