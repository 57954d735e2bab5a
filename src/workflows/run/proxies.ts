/**
 * The activities, grouped by risk. The bound in total is attempts × `startToCloseTimeout`; there is no
 * `scheduleToClose` or `scheduleToStart`, which would count down time and queueing as failure.
 */
import type { ActivityOptions } from '@temporalio/workflow';
import { ActivityCancellationType, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { CloudActivities } from '../../activities/agreement/agreement';
import { ACTIVITY_FAILURE } from '../../activities/agreement/agreement';
import { cloudTaskQueue } from '../../contract/names';

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

export type Name = keyof CloudActivities;
export type Input<K extends Name> = Omit<Parameters<CloudActivities[K]>[0], 'place'>;
export type Answer<K extends Name> = Awaited<ReturnType<CloudActivities[K]>>;

export function invoke<K extends Name>(
  options: ActivityOptions,
  name: K,
  summary: string,
  input: Input<K>,
): Promise<Answer<K>> {
  // A proxy costs nothing but the object: one a call, so that each call carries its own line in the timeline.
  const activities = proxyActivities<CloudActivities>({
    ...options,
    taskQueue: cloudTaskQueue(workflowInfo().taskQueue),
    summary,
  });
  const activity = activities[name] as unknown as (input: Input<K>) => Promise<Answer<K>>;
  return activity(input);
}
