/** Calls of activities by a run: for its place, with its patience; what came of a call is a value. */
import type { ActivityOptions } from '@temporalio/workflow';
import { ActivityFailure, ApplicationFailure, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { CloudFailureDetails, Effect, Elsewhere, Place } from '../../activities/agreement/agreement';
import { ACTIVITY_FAILURE } from '../../activities/agreement/agreement';
import { FAILURE_TYPE } from '../../contract/names';
import { label, plain } from './details';
import { RunEnd } from './run-end';
import { backoffDelay } from '../policy/poll-schedule';
import type { Answer, Input, Name } from './proxies';
import { EFFECT, IDEMPOTENT, invoke, READ } from './proxies';
import type { Run } from './run';
import { learn } from './search-attributes';

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
      await awaitRightWorker(run, why, (run.state.around.declined += 1));
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
      if (run.state.around.place === null && declined >= MAX_STRANGERS) throw wrongProject(run, error);
      await awaitRightWorker(run, why, declined);
      // While flags are set back, that is what it has asked for.
      if (!run.cleaningUp) run.endIfUndone();
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
  const placed = { ...input, place: run.state.around.place ?? meantFor(run) };
  const answer = await run.patiently(usualMs, () => invoke(options, name, summary, placed));
  learn(run.state, answer, askedAt);
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

/** The input of an effect, with what every one needs to know of its run. */
function ofRun<K extends Name>(run: Run, input: Omit<Input<K>, keyof Effect>): Input<K> {
  const { wasReset } = run.state.sent;
  // A chain that began with a reset stays one: its later runs have original ids of their own.
  const originalRunId = wasReset ? '' : workflowInfo().originalExecutionRunId;
  return { ...input, serverId: run.request.serverId, originalRunId } as Input<K>;
}

/** After a worker of another place has declined. Nothing is lost by waiting, and so no patience is used up. */
export async function awaitRightWorker(run: Run, why: string, declined: number): Promise<void> {
  const { phase, waitingFor } = run.document;
  run.enter(phase, plain(`a worker of its own place: ${why}`));
  const startedAt = Date.now();
  const pauseMs = run.state.around.place === null ? FIRST_PAUSE_MS : pauseAfter(declined);
  const plannedMs = await run.waitOrWake(pauseMs, label(`wrong worker: ${why}`));
  run.forgive(Math.min(Date.now() - startedAt, plannedMs));
  run.enter(phase, waitingFor);
}

/** Until it has been anywhere: the caller waits to hear that nobody serves the project. */
const FIRST_PAUSE_MS = 2_000;

/** Somebody may restart a worker at any moment; later each question only makes the history longer. */
function pauseAfter(declined: number): number {
  if (declined <= 30) return backoffDelay(declined);
  return declined <= 150 ? 5 * 60_000 : 30 * 60_000;
}
