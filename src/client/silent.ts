/**
 * Why does a run not answer or make no progress? What Temporal itself knows: no worker polls, none of the right
 * version, none can continue the run. Returns data; the command line puts it into words, with the way out.
 */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { Temporal } from './connect';
import { looksTaskQueue, MEMO, SEARCH_ATTRIBUTE } from '../contract';
import type { OpenSubmission } from './ending';
import { asOpen } from './ending';
import { describe, firstRunOf } from './find';
import type { KnownRun, RunPointer } from './find';
import type { ClockOffset, Poller, Queue, Version } from './pollers';
import { SAME_CLOCK, livingOf, readQueues, sameVersion, versionOf } from './pollers';

const CALL_MS = 3_000;
/** Reads the newest events. The events of a failing task are the last ones, apart from signals and Updates. */
const EVENTS_READ = 50;

/** `temporal.api.enums.v1` */
const EVENT_TYPE = { taskStarted: 6, taskCompleted: 7, taskTimedOut: 8, taskFailed: 9 } as const;
const TASK_SCHEDULED = 1;
const PINNED = 1;
const BAD_SEARCH_ATTRIBUTES = 23;
const ACTIVITY_STATE: Record<number, PendingActivity['state']> = {
  1: 'waiting',
  2: 'running',
  3: 'cancelling',
  4: 'paused',
};

export type Reason =
  | { kind: 'no-worker'; queues: string[] }
  /** All workers that poll have a version, and no version is current: new runs go to workers without a version. */
  | { kind: 'no-current-version'; queues: string[]; polling: Version[] }
  /** Workers poll, but none of the current version. */
  | { kind: 'current-version-gone'; queues: string[]; version: Version; polling: (Version | null)[] }
  | { kind: 'pinned-version-gone'; queues: string[]; version: Version; polling: (Version | null)[] }
  | { kind: 'tasks-fail'; attempt: number; cause: string | null; isSearchAttribute: boolean }
  | { kind: 'paused' }
  | { kind: 'activity-fails'; name: string; attempt: number; cause: string }
  /**
   * The server lists workers for the run; but it also lists workers that have just ended. `lastSeenMs`: time since the
   * last of them asked for work; `version`: of a pinned run, with the other versions that poll in `polling`. Of another run
   * `polling` holds the versions that can't take it, since none is current.
   */
  | { kind: 'no-answer'; lastSeenMs: number | null; version: Version | null; polling: (Version | null)[] };

/** Waiting may never end: no worker can continue the run as things are. */
export function isBlocking({ kind }: Reason): boolean {
  return kind !== 'paused' && kind !== 'activity-fails' && kind !== 'no-answer';
}

export interface PendingActivity {
  name: string;
  /** `waiting`: for a worker, or for its next attempt. */
  state: 'waiting' | 'running' | 'cancelling' | 'paused';
  attempt: number;
  since: string | null;
  lastFailure: string | null;
}

export interface Why {
  reasons: Reason[];
  /** No worker has ever taken the run, and none can now: it has changed nothing. */
  neverTaken: boolean;
  /** Identities of the workers that poll. */
  pollers: string[];
}

export interface SilentRun extends Why {
  outcome: 'running';
  /** The phase that the run last published, a few times in its life; `null`: never, or there is no such attribute. */
  phase: string | null;
  serverId: string;
  startedAt: string;
  taskQueue: string;
  idleQueues: string[];
  /** Above 1: a worker has taken the run and failed. */
  workflowTaskAttempt: number | null;
  pendingActivities: PendingActivity[];
  open: OpenSubmission | null;
}

/** Which workers get a task: those of one version, or of the current one. */
export type Route = Version | 'current';

/** What keeps a task on its queue. `queues`: with live pollers only. Pure. */
export function routeReasons(queues: readonly Queue[], route: Route): Reason[] {
  const reasons: Reason[] = [];
  for (const { name, pollers, takers } of queues) {
    const wanted = route === 'current' ? takers : [route];
    if (pollers.some(({ version }) => wanted.some((taker) => sameVersion(version, taker)))) continue;
    const reason = noTaker(name, pollers, route, takers[0] ?? null);
    const same = reasons.find(({ kind }) => kind === reason.kind);
    if (same && 'queues' in same) same.queues.push(name);
    else reasons.push(reason);
  }
  return reasons;
}

function noTaker(name: string, pollers: readonly Poller[], route: Route, current: Version | null): Reason {
  if (pollers.length === 0) return { kind: 'no-worker', queues: [name] };
  const polling = distinct(pollers.map(({ version }) => version));
  if (route !== 'current') return { kind: 'pinned-version-gone', queues: [name], version: route, polling };
  if (current !== null) return { kind: 'current-version-gone', queues: [name], version: current, polling };
  return {
    kind: 'no-current-version',
    queues: [name],
    polling: polling.filter((version) => version !== null),
  };
}

function noAnswer(queue: Queue | undefined, route: Route): Reason {
  const { pollers = [], takers = [] } = queue ?? {};
  const wanted = route === 'current' ? takers : [route];
  const isWanted = (version: Version | null) => wanted.some((taker) => sameVersion(version, taker));
  const its = pollers.filter((poller) => isWanted(poller.version));
  // Where a version is current, others that poll are there for runs of their own.
  const isMixed = route !== 'current' || !takers.some((taker) => taker !== null);
  return {
    kind: 'no-answer',
    lastSeenMs: its.length === 0 ? null : Date.now() - Math.max(...its.map(({ lastSeen }) => lastSeen)),
    version: route === 'current' ? null : route,
    polling: isMixed
      ? distinct(pollers.map(({ version }) => version)).filter((version) => !isWanted(version))
      : [],
  };
}

function distinct(versions: readonly (Version | null)[]): (Version | null)[] {
  return versions.filter((one, i) => versions.findIndex((other) => sameVersion(one, other)) === i);
}

/** Which workers get the tasks of this run. */
export function routeOf({ raw }: Pick<WorkflowExecutionDescription, 'raw'>): Route {
  const info = raw.workflowExecutionInfo?.versioningInfo;
  const override = info?.versioningOverride;
  const pinnedTo = versionOf(override?.pinned?.version);
  if (pinnedTo !== null) return pinnedTo;
  if (override?.autoUpgrade === true) return 'current';
  return (Number(info?.behavior) === PINNED ? versionOf(info?.deploymentVersion) : null) ?? 'current';
}

/**
 * Why the run makes no progress; no reasons: nothing blocks it. Throws gRPC errors.
 * @param isAnswering it has just answered a query
 */
export async function readWhy(
  temporal: Temporal,
  run: RunPointer & { taskQueue: string },
  {
    isAnswering = false,
    clockOffset = SAME_CLOCK,
  }: { isAnswering?: boolean; clockOffset?: ClockOffset } = {},
): Promise<Why> {
  return (await readRun(temporal, run, isAnswering, clockOffset)).why;
}

async function readRun(
  temporal: Temporal,
  run: RunPointer & { taskQueue: string },
  isAnswering: boolean,
  clockOffset: ClockOffset,
) {
  const [description, listed] = await Promise.all([
    describe(temporal, run.workflowId, run.runId),
    readQueues(temporal, run.taskQueue),
  ]);
  const queues = neededOf(await livingOf(listed, clockOffset), run.taskQueue, description);
  const routing = routeReasons(queues, routeOf(description));
  const reasons = [...routing];
  const attempt = description.raw.pendingWorkflowTask?.attempt ?? 0;
  if (attempt > 1) reasons.push({ kind: 'tasks-fail', attempt, ...(await lastTaskFailure(temporal, run)) });
  if (description.status.name === 'PAUSED') reasons.push({ kind: 'paused' });
  for (const { name, attempt: tries, lastFailure } of pendingOf(description))
    if (tries > 1 && lastFailure !== null)
      reasons.push({ kind: 'activity-fails', name, attempt: tries, cause: lastFailure });
  if (!isAnswering && !reasons.some(isBlocking)) reasons.push(noAnswer(queues[0], routeOf(description)));
  const neverTaken = routing.length > 0 && (await isNeverTaken(temporal, run, description));
  const pollers = [...new Set(queues.flatMap(({ pollers }) => pollers.map(({ identity }) => identity)))];
  return { description, queues, why: { reasons, neverTaken, pollers } satisfies Why };
}

/**
 * Workers of releases before 0.1.0 poll no queue of looks, and their runs need none: where such workers serve the run, that queue
 * counts only if an activity is for it.
 */
function neededOf(queues: Queue[], taskQueue: string, description: WorkflowExecutionDescription): Queue[] {
  const looks = looksTaskQueue(taskQueue);
  const others = queues.filter(({ name }) => name !== looks);
  const isNeeded = (description.raw.pendingActivities ?? []).some(
    // An older server does not tell.
    ({ activityOptions }) => (activityOptions?.taskQueue?.name || looks) === looks,
  );
  return isNeeded || routeReasons(others, routeOf(description)).length > 0 ? queues : others;
}

/** All that Temporal knows of an open run whose workers do not answer. Never throws. */
export async function readSilent(temporal: Temporal, serverId: string, run: KnownRun): Promise<SilentRun> {
  // If Temporal does not answer now, its earlier answers are used.
  const read = await readRun(temporal, run, false, SAME_CLOCK).catch(() => null);
  const { description } = read ?? run;
  const { raw, memo, searchAttributes } = description;
  const phase: unknown = searchAttributes[SEARCH_ATTRIBUTE.phase]?.[0];
  return {
    outcome: 'running',
    phase: typeof phase === 'string' ? phase : null,
    serverId,
    startedAt: run.startedAt.toISOString(),
    taskQueue: run.taskQueue,
    ...(read?.why ?? { reasons: [noAnswer(undefined, 'current')], neverTaken: false, pollers: [] }),
    // Reported only when it is certain.
    idleQueues: (read?.queues ?? []).filter(({ pollers }) => pollers.length === 0).map(({ name }) => name),
    workflowTaskAttempt: raw.pendingWorkflowTask?.attempt ?? null,
    pendingActivities: pendingOf(description),
    open: asOpen(memo?.[MEMO.open]),
  };
}

function pendingOf({ raw }: WorkflowExecutionDescription): PendingActivity[] {
  return (raw.pendingActivities ?? []).map((activity) => {
    const state = ACTIVITY_STATE[Number(activity.state)] ?? 'waiting';
    const scheduled = isoOf(activity.scheduledTime);
    return {
      name: activity.activityType?.name ?? 'unknown',
      state,
      attempt: activity.attempt ?? 1,
      since: state === 'waiting' ? scheduled : (isoOf(activity.lastStartedTime) ?? scheduled),
      lastFailure: activity.lastFailure?.message || null,
    };
  });
}

/** The history has only the first failure of a task; later attempts leave no events. */
async function lastTaskFailure(
  temporal: Temporal,
  { workflowId, runId }: RunPointer,
): Promise<{ cause: string | null; isSearchAttribute: boolean }> {
  const { history } = await temporal.call(CALL_MS, () =>
    temporal.client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: temporal.namespace,
      execution: { workflowId, runId },
      maximumPageSize: EVENTS_READ,
    }),
  );
  for (const event of history?.events ?? []) {
    switch (Number(event.eventType)) {
      case EVENT_TYPE.taskFailed: {
        const { failure, cause } = event.workflowTaskFailedEventAttributes ?? {};
        return {
          cause: failure?.message || (cause ? `cause ${Number(cause)}` : null),
          isSearchAttribute: Number(cause) === BAD_SEARCH_ATTRIBUTES,
        };
      }
      case EVENT_TYPE.taskTimedOut:
        return { cause: 'a worker took it and did not answer in time', isSearchAttribute: false };
      case EVENT_TYPE.taskCompleted:
        return { cause: null, isSearchAttribute: false };
    }
  }
  return { cause: null, isSearchAttribute: false };
}

async function isNeverTaken(
  temporal: Temporal,
  { workflowId, runId }: RunPointer,
  description: WorkflowExecutionDescription,
): Promise<boolean> {
  const task = description.raw.pendingWorkflowTask;
  // What earlier runs of the chain did counts for the run, too.
  if (firstRunOf(description) !== runId) return false;
  if (Number(task?.state) !== TASK_SCHEDULED || task?.attempt !== 1) return false;
  const { history } = await temporal.call(CALL_MS, () =>
    temporal.client.workflowService.getWorkflowExecutionHistory({
      namespace: temporal.namespace,
      execution: { workflowId, runId },
      maximumPageSize: EVENTS_READ,
    }),
  );
  const events = history?.events ?? [];
  const taken: readonly number[] = [EVENT_TYPE.taskStarted, EVENT_TYPE.taskCompleted];
  // A page full of signals says nothing about older events.
  return events.length < EVENTS_READ && !events.some(({ eventType }) => taken.includes(Number(eventType)));
}

function isoOf(time: { seconds?: unknown } | null | undefined): string | null {
  const seconds = Number(time?.seconds ?? 0);
  return seconds > 0 ? new Date(seconds * 1_000).toISOString() : null;
}
