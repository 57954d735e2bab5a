/**
 * The activities, grouped by risk. The bound in total is attempts × `startToCloseTimeout`; there is no
 * `scheduleToClose` or `scheduleToStart`, which would count down time and queueing as failure.
 */
import type { ActivityOptions } from '@temporalio/workflow';
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  CloudActivities,
  CloudFailureDetails,
  Effect,
  Elsewhere,
  Place,
} from '../../activities/agreement';
import { ACTIVITY_FAILURE } from '../../activities/agreement';
import { cloudTaskQueue, FAILURE_TYPE } from '../../contract/names';
import { label } from './details';
import { RunEnd } from './run-end';
import { awaitRightWorker } from './place';
import type { Run } from './run';
import { isFresh, learn } from './search-attributes';

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

type Name = keyof CloudActivities;
type Input<K extends Name> = Omit<Parameters<CloudActivities[K]>[0], 'place'>;
type Answer<K extends Name> = Awaited<ReturnType<CloudActivities[K]>>;

/** What all attempts take with their pauses, in ms: what takes longer was waiting for a worker. */
const AT_MOST_MS = { read: 3 * 45_000 + 3_000, effect: 60_000, idempotent: 3 * 60_000 + 3_000 };

/** A read; or why there was nothing to be read. */
export function read<K extends Name>(
  run: Run,
  name: K,
  summary: string,
  input: Input<K>,
): Promise<Answer<K> | Unread> {
  return orUnread(call(run, READ, AT_MOST_MS.read, name, summary, input));
}

/** What may be done twice. */
export function repeatable<K extends Name>(
  run: Run,
  name: K,
  summary: string,
  input: Omit<Input<K>, keyof Effect>,
): Promise<Answer<K> | Unread> {
  return orUnread(call(run, IDEMPOTENT, AT_MOST_MS.idempotent, name, summary, ofRun<K>(run, input)));
}

/** What is tried once, and is no harm where nobody knows what came of it: it is looked for by its name. */
export function once<K extends Name>(
  run: Run,
  name: K,
  summary: string,
  input: Omit<Input<K>, keyof Effect>,
): Promise<Answer<K> | Unread> {
  return orUnread(call(run, EFFECT, AT_MOST_MS.effect, name, summary, ofRun<K>(run, input)));
}

/** The result of a POST. Whatever keeps a worker from reporting it leaves its fate unknown. */
export async function post<K extends 'deleteNics' | 'attachNics'>(
  run: Run,
  name: K,
  summary: string,
  input: Omit<Input<K>, keyof Effect>,
): Promise<Answer<K> | Unknown | { kind: 'unsent'; why: 'elsewhere' }> {
  try {
    return await attempt(run, EFFECT, AT_MOST_MS.effect, name, summary, ofRun<K>(run, input));
  } catch (error) {
    // Not asked again here: meanwhile much may happen, and whoever sends has to decide anew.
    const why = declinedBecause(error);
    if (why !== null) {
      await awaitRightWorker(run, why, (run.state.declined += 1));
      return { kind: 'unsent', why: 'elsewhere' };
    }
    // Cancelled before a worker took it: certainly unsent. Anything else that is no attempt's end is not about the cloud.
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    return { kind: 'unknown', why: 'the worker that was sending did not report back' };
  }
}

/** The fate of a POST is not known. */
export interface Unknown {
  kind: 'unknown';
  why: string;
}

/** Why a read gave nothing. `unavailable`: try later; the others need a person or repaired credentials. */
export interface Unread {
  kind: 'unavailable' | 'credentials' | 'refused';
  message: string;
  details: CloudFailureDetails | null;
}

/**
 * One call, by a worker of the run's own place: one of another place declines it, and the run asks again, for as long as it
 * takes. Cancellation is passed on.
 */
async function call<K extends Name>(
  run: Run,
  options: ActivityOptions,
  usualMs: number,
  name: K,
  summary: string,
  input: Input<K>,
): Promise<Answer<K>> {
  for (let declined = 1; ; declined++) {
    try {
      return await attempt(run, options, usualMs, name, summary, input);
    } catch (error) {
      const why = declinedBecause(error);
      if (why === null) throw error;
      if (run.state.place === null && declined >= MAX_STRANGERS) throw wrongProject(run, error);
      await awaitRightWorker(run, why, declined);
      // While flags are set back, that is what it has asked for.
      if (!run.ending) run.endIfUndone();
    }
  }
}

async function attempt<K extends Name>(
  run: Run,
  options: ActivityOptions,
  usualMs: number,
  name: K,
  summary: string,
  input: Input<K>,
): Promise<Answer<K>> {
  const askedAt = Date.now();
  const placed = { ...input, place: run.state.place ?? meantFor(run) };
  const answer = await run.patiently(usualMs, () => invoke(options, name, summary, placed));
  learn(run, answer, askedAt);
  return answer;
}

/**
 * Workers of another project that decline a run which has not been anywhere yet. On a queue that several projects share (by
 * mistake) the right one will have been among so many; where there is none, the request is wrong.
 */
const MAX_STRANGERS = 6;

/** Before its first inspection all that is known is what the request says. */
function meantFor({ request: { projectId } }: Run): Partial<Place> | null {
  return projectId === null ? null : { projectId };
}

function wrongProject({ request: { projectId } }: Run, error: unknown): RunEnd {
  const cause = error instanceof ActivityFailure ? error.cause : null;
  const elsewhere =
    cause instanceof ApplicationFailure ? (cause.details?.[0] as Elsewhere | undefined) : undefined;
  const theirs = elsewhere === undefined ? '' : ` (${elsewhere.place.projectId})`;
  return RunEnd.failed(
    FAILURE_TYPE.refused,
    `nothing was changed: project ${projectId ?? ''} is not this worker's${theirs}: ask the worker of that project`,
  );
}

function invoke<K extends Name>(
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

/** `null`: it was not declined. */
function declinedBecause(error: unknown): string | null {
  const cause = error instanceof ActivityFailure ? error.cause : null;
  return cause instanceof ApplicationFailure && cause.type === ACTIVITY_FAILURE.wrongPlace
    ? cause.message
    : null;
}

/** The result of a call that may be repeated, or why there is none. Cancellation is passed on. */
async function orUnread<T>(call: Promise<T>): Promise<T | Unread> {
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

/** It must not hold up the end of a run: without an answer in this time the run ends without attributes. */
const LEARN: ActivityOptions = { ...READ, scheduleToCloseTimeout: '1 minute' };

/** One try, by whichever worker, since all serve the same namespace: `false` when nobody could tell what it has now. */
export async function learnAnew(run: Run): Promise<boolean> {
  const askedAt = Date.now();
  try {
    const summary = label('the search attributes of the namespace');
    const answer = await CancellationScope.nonCancellable(() =>
      invoke(LEARN, 'listSearchAttributes', summary, {}),
    );
    learn(run, answer, askedAt);
    return answer.searchAttributes !== undefined && isFresh(run);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return false;
  }
}

/** The input of an effect, with what every one needs to know of its run. */
function ofRun<K extends Name>(run: Run, input: Omit<Input<K>, keyof Effect>): Input<K> {
  const { wasReset } = run.state;
  // A chain that began with a reset stays one: its later runs have original ids of their own.
  const originalRunId = wasReset ? '' : workflowInfo().originalExecutionRunId;
  return { ...input, serverId: run.request.serverId, originalRunId } as Input<K>;
}
