/**
 * The activities, in groups of equal risk. Attempts × `startToCloseTimeout` bounds a call. The groups set neither
 * `scheduleToClose` nor `scheduleToStart`, which would count down time and queueing as a failure.
 */
import type { ActivityOptions } from '@temporalio/workflow';
import { ActivityCancellationType, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { CloudActivities } from '../../activities/agreement';
import { ACTIVITY_FAILURE, HEARTBEAT } from '../../activities/agreement';
import { cloudTaskQueue } from '../../contract/names';

/**
 * Reads: a few quick attempts get over a short disturbance; for a longer one the run repeats the call on a timer. 45 s
 * are enough for an inspection of 12 NICs at the default rate, one hanging call (25 s) included.
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

/**
 * POSTs: one attempt; after a time-out the fate is unknown. A cancellation waits for the answer, since the job id of a
 * POST under way would be lost otherwise. POSTs come first in the queue: an attempt that starts late may not send. The
 * heartbeat finds a dead worker sooner than the time-out; what has to be waited for then is decision 15.
 */
export const EFFECT: ActivityOptions = {
  startToCloseTimeout: '60 seconds',
  heartbeatTimeout: HEARTBEAT.timeoutMs,
  retry: { maximumAttempts: 1 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  priority: { priorityKey: 1 },
};

/**
 * Effects that may be repeated: set a flag, delete a port. A cancellation waits for the answer, which tells the run
 * what it has to set back.
 */
export const IDEMPOTENT: ActivityOptions = {
  ...READ,
  // No call may be written in the last 30 s of an attempt. That leaves the first 30 s for 12 calls.
  startToCloseTimeout: '60 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

export type Name = keyof CloudActivities;
export type Input<K extends Name> = Omit<Parameters<CloudActivities[K]>[0], 'place'>;
export type Answer<K extends Name> = Awaited<ReturnType<CloudActivities[K]>>;

export function invoke<K extends Name>(
  options: ActivityOptions,
  name: K,
  summary: string,
  input: Input<K>,
): Promise<Answer<K>> {
  // One proxy per call, so that each call has its own label in the timeline. A proxy costs no more than an object.
  const activities = proxyActivities<CloudActivities>({
    ...options,
    taskQueue: cloudTaskQueue(workflowInfo().taskQueue),
    summary,
  });
  const activity = activities[name] as unknown as (input: Input<K>) => Promise<Answer<K>>;
  return activity(input);
}
