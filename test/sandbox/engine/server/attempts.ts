/** One attempt of an activity: the real one, in the SDK's own environment for tests. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import {
  defaultFailureConverter,
  defaultPayloadConverter,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import type { coresdk } from '@temporalio/proto';
import type { CloudActivities } from '../../../../src/activities/agreement';

export type Resolution = coresdk.activity_result.IActivityResolution;

/** An activity that was asked for, as far as the server knows of it. */
export interface Activity {
  seq: number;
  /** Of all activities of the schedule, from 0. */
  number: number;
  type: string;
  input: unknown;
  startToCloseMs: number;
  /** 0: the worker is not asked to report while it works. */
  heartbeatMs: number;
  maximumAttempts: number;
  /** A cancellation does not wait for the attempt that is under way. */
  givenUpAtOnce: boolean;
  attempt: number;
  attemptScheduledAt: number;
  /** A worker has it, or has had it. */
  taken: boolean;
}

export function activityOf(
  command: coresdk.workflow_commands.IScheduleActivity,
  number: number,
  now: number,
): Activity {
  const activity: Activity = {
    seq: command.seq ?? 0,
    number,
    type: command.activityType ?? '',
    input: defaultPayloadConverter.fromPayload(command.arguments?.[0] ?? {}),
    startToCloseMs: millis(command.startToCloseTimeout),
    heartbeatMs: millis(command.heartbeatTimeout),
    maximumAttempts: command.retryPolicy?.maximumAttempts ?? 0,
    givenUpAtOnce: Number(command.cancellationType) === TRY_CANCEL,
    attempt: 1,
    attemptScheduledAt: now,
    taken: false,
  };
  const { type, startToCloseMs, maximumAttempts } = activity;
  if (!(startToCloseMs > 0 && startToCloseMs <= 60_000)) throw new Error(`unbounded attempt of ${type}`);
  if (!(maximumAttempts >= 1)) throw new Error(`unbounded attempts of ${type}`);
  if (POSTS.has(type)) {
    if (maximumAttempts !== 1) throw new Error('the POST would be repeated');
    // The job id of a request on its way would be lost otherwise.
    if (Number(command.cancellationType) !== WAIT_CANCELLATION_COMPLETED)
      throw new Error('a cancellation would not wait for the POST');
  }
  return activity;
}

/** Repeated by the workflow alone. */
const POSTS: ReadonlySet<string> = new Set(['deleteNics', 'attachNics', 'createPort']);

const TRY_CANCEL = 0;
const WAIT_CANCELLATION_COMPLETED = 1;

const logger = new DefaultLogger('ERROR');

/** Does the work of the attempt. Throws what the activity throws. */
export function work(
  activities: CloudActivities,
  activity: Activity,
  run: { workflowId: string; runId: string },
): Promise<unknown> {
  const environment = new MockActivityEnvironment(
    {
      workflowExecution: run,
      activityId: String(activity.number),
      attempt: activity.attempt,
      startToCloseTimeoutMs: activity.startToCloseMs,
      currentAttemptScheduledTimestampMs: activity.attemptScheduledAt,
    },
    { logger },
  );
  const byName = activities as unknown as Record<string, (input: unknown) => Promise<unknown>>;
  return environment.run(
    (input: unknown) => byName[activity.type]?.(input) ?? Promise.reject(new Error('unknown')),
    activity.input,
  );
}

export function completed(result: unknown): Resolution {
  return { completed: { result: defaultPayloadConverter.toPayload(result) } };
}

export function failed({ type, number }: Activity, error: unknown): Resolution {
  return {
    failed: {
      failure: {
        message: 'Activity task failed',
        activityFailureInfo: { activityType: { name: type }, activityId: String(number) },
        cause: defaultFailureConverter.errorToFailure(error, defaultPayloadConverter),
      },
    },
  };
}

export function cancelled(seq: number): Resolution {
  const failure = {
    message: 'Activity cancelled',
    activityFailureInfo: { activityId: String(seq), activityType: { name: 'cancelled' } },
    cause: { message: 'Cancelled', canceledFailureInfo: {} },
  };
  return { cancelled: { failure } };
}

export function timedOut(): TimeoutFailure {
  return new TimeoutFailure('activity StartToClose timeout', undefined, TimeoutType.START_TO_CLOSE);
}

export function millis(duration: { seconds?: unknown; nanos?: number | null } | null | undefined): number {
  return duration ? Number(duration.seconds ?? 0) * 1_000 + Math.round((duration.nanos ?? 0) / 1_000_000) : 0;
}
