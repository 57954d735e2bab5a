/**
 * The activities, grouped by risk. The bound in total is attempts × `startToCloseTimeout`; there is no
 * `scheduleToClose` or `scheduleToStart`, which would count down time and queueing as failure.
 */
import type { ActivityOptions } from '@temporalio/workflow';
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { CloudActivities, CloudFailureDetails } from '../contract/activities';
import { ACTIVITY_FAILURE } from '../contract/activities';
import { cloudTaskQueue } from '../contract/names';

/**
 * Reads: a few quick attempts against a blip; longer trouble is looped over on a workflow timer. 45 s hold an
 * inspection of 12 NICs at the default rate, and one hanging call (25 s) in it.
 */
export const READ: ActivityOptions = {
  startToCloseTimeout: '45 seconds',
  retry: {
    maximumAttempts: 3,
    initialInterval: '1 second',
    backoffCoefficient: 2,
    nonRetryableErrorTypes: [ACTIVITY_FAILURE.credentials, ACTIVITY_FAILURE.refused],
  },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
};

/** All attempts of a read with their pauses: what takes longer was waiting for a worker. */
export const READ_AT_MOST_MS = 3 * 45_000 + 3_000;

/**
 * The POST: one attempt, and a time-out means that its fate is unknown. A cancellation waits for the answer, since
 * the job id of a running POST would be lost otherwise. First in the queue, as a late attempt may not send.
 */
export const EFFECT: ActivityOptions = {
  startToCloseTimeout: '60 seconds',
  retry: { maximumAttempts: 1 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  priority: { priorityKey: 1 },
};

/**
 * What may be done twice: setting a flag, deleting a port. A cancellation waits for the answer, so that what was changed is
 * known when it is set back.
 */
export const IDEMPOTENT: ActivityOptions = {
  ...READ,
  // The last call must not be written later than 30 s before the end of an attempt: that leaves as much for 12 of them.
  startToCloseTimeout: '60 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

/** All attempts of it with their pauses. */
export const IDEMPOTENT_AT_MOST_MS = 3 * 60_000 + 3_000;

export function reading(summary: string): CloudActivities {
  return proxy(READ, summary);
}

export function repeatable(summary: string): CloudActivities {
  return proxy(IDEMPOTENT, summary);
}

export function effect(summary: string): CloudActivities {
  return proxy(EFFECT, summary);
}

function proxy(options: ActivityOptions, summary: string): CloudActivities {
  // A proxy costs nothing but the object: one a call, so that each call carries its own line in the timeline.
  return proxyActivities<CloudActivities>({
    ...options,
    taskQueue: cloudTaskQueue(workflowInfo().taskQueue),
    summary,
  });
}

/** Why a read gave nothing. `unavailable`: try later; the others need a person or repaired credentials. */
export interface Unread {
  kind: 'unavailable' | 'credentials' | 'refused';
  message: string;
  details: CloudFailureDetails | null;
}

/** The result of a call that may be repeated, or why there is none. Cancellation is passed on. */
export async function ask<T>(call: Promise<T>): Promise<T | Unread> {
  try {
    return await call;
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    const cause = error.cause;
    if (cause instanceof ApplicationFailure) {
      const details = (cause.details?.[0] ?? null) as CloudFailureDetails | null;
      if (cause.type === ACTIVITY_FAILURE.credentials)
        return { kind: 'credentials', message: cause.message, details };
      if (cause.type === ACTIVITY_FAILURE.refused)
        return { kind: 'refused', message: cause.message, details };
      return { kind: 'unavailable', message: cause.message, details };
    }
    return { kind: 'unavailable', message: 'the worker did not answer in time', details: null };
  }
}

/** The fate of a POST is not known. */
export interface Unknown {
  kind: 'unknown';
  why: string;
}

/** The result of a POST. Whatever keeps a worker from reporting it leaves its fate unknown. */
export async function post<T>(call: Promise<T>): Promise<T | Unknown> {
  try {
    return await call;
  } catch (error) {
    // Cancelled before a worker took it: certainly unsent.
    if (isCancellation(error)) throw error;
    return { kind: 'unknown', why: 'the worker that was sending did not report back' };
  }
}

/** What every effect needs to know of its run. */
export function effectOf(run: { request: { serverId: string }; state: { wasReset: boolean } }): {
  serverId: string;
  originalRunId: string;
} {
  return {
    serverId: run.request.serverId,
    // A chain that began with a reset stays one: its later runs have original ids of their own.
    originalRunId: run.state.wasReset ? '' : workflowInfo().originalExecutionRunId,
  };
}
