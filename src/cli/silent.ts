/** What Temporal itself knows of an open run that does not answer: no worker polls, or none can go on with it. */
import { SEARCH_ATTRIBUTE, MEMO } from '../contract';
import type { Temporal } from '../connection';
import type { OpenSubmission } from './ending';
import { asOpen } from './ending';
import type { KnownRun } from './lookup';
import { idleQueues } from './queues';

/** `temporal.api.enums.v1.PendingActivityState` */
const ACTIVITY_STATE: Record<number, PendingActivity['state']> = {
  1: 'waiting',
  2: 'running',
  3: 'cancelling',
  4: 'paused',
};

export interface PendingActivity {
  name: string;
  /** `waiting`: for a worker, or for its next attempt. */
  state: 'waiting' | 'running' | 'cancelling' | 'paused';
  attempt: number;
  since: string | null;
  lastFailure: string | null;
}

export interface SilentRun {
  outcome: 'running';
  /** As the run published it last, a few times in its life; `null`: never, or the namespace has no such attribute. */
  phase: string | null;
  serverId: string;
  startedAt: string;
  taskQueue: string;
  idleQueues: string[];
  /** Above 1, a worker has taken up the run and failed. */
  workflowTaskAttempt: number | null;
  pendingActivities: PendingActivity[];
  open: OpenSubmission | null;
}

export async function readSilent(temporal: Temporal, serverId: string, run: KnownRun): Promise<SilentRun> {
  const { raw, memo, searchAttributes } = run.description;
  const phase: unknown = searchAttributes[SEARCH_ATTRIBUTE.phase]?.[0];
  return {
    outcome: 'running',
    phase: typeof phase === 'string' ? phase : null,
    serverId,
    startedAt: run.startedAt.toISOString(),
    taskQueue: run.taskQueue,
    // Said only when it is certain.
    idleQueues: await idleQueues(temporal, run.taskQueue).catch(() => []),
    workflowTaskAttempt: raw.pendingWorkflowTask?.attempt ?? null,
    pendingActivities: (raw.pendingActivities ?? []).map((activity) => {
      const state = ACTIVITY_STATE[Number(activity.state)] ?? 'waiting';
      const scheduled = isoOf(activity.scheduledTime);
      return {
        name: activity.activityType?.name ?? 'unknown',
        state,
        attempt: activity.attempt ?? 1,
        since: state === 'waiting' ? scheduled : (isoOf(activity.lastStartedTime) ?? scheduled),
        lastFailure: activity.lastFailure?.message || null,
      };
    }),
    open: asOpen(memo?.[MEMO.open]),
  };
}

function isoOf(time: { seconds?: unknown } | null | undefined): string | null {
  const seconds = Number(time?.seconds ?? 0);
  return seconds > 0 ? new Date(seconds * 1_000).toISOString() : null;
}
