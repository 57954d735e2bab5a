/**
 * Calls activities for a run: at the run's place, without using up patience while no worker is there. A failed call is
 * a value, not an exception.
 */
import type { ActivityOptions } from '@temporalio/workflow';
import { ActivityFailure, ApplicationFailure, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { Effect, Elsewhere, Place } from '../../activities/agreement';
import { UNHEARD_MS } from '../../activities/agreement';
import { FAILURE_TYPE } from '../../contract/names';
import { label, plain } from './details';
import { tellRefusal } from './parent';
import { RunEnd } from './run-end';
import type { Unread } from './unread';
import { declinedBecause, unreadBy } from './unread';
import { backoffDelay } from '../policy/poll-schedule';
import type { Answer, Input, Name } from './proxies';
import { EFFECT, IDEMPOTENT, invoke, READ } from './proxies';
import type { Run } from './run';
import { tell } from './tell';
import { learn } from './search-attributes';

/** The time that all attempts and their pauses can take, in ms. A call that takes longer was waiting for a worker. */
const AT_MOST_MS = { read: 3 * 45_000 + 3_000, effect: 60_000, idempotent: 3 * 60_000 + 3_000 };

/** A read, or why there is no answer. */
export function read<K extends Name>(
  run: Run,
  name: K,
  summary: string,
  input: Input<K>,
): Promise<Answer<K> | Unread> {
  return orUnread(call(run, READ, AT_MOST_MS.read, name, summary, input));
}

/** An effect that may be repeated. */
export function repeatable<K extends Name>(
  run: Run,
  name: K,
  summary: string,
  input: Omit<Input<K>, keyof Effect>,
): Promise<Answer<K> | Unread> {
  return orUnread(call(run, IDEMPOTENT, AT_MOST_MS.idempotent, name, summary, ofRun<K>(run, input)));
}

/** An effect that is tried once. A lost answer does no harm: the run finds the result by its name. */
export function once<K extends Name>(
  run: Run,
  name: K,
  summary: string,
  input: Omit<Input<K>, keyof Effect>,
): Promise<Answer<K> | Unread> {
  return orUnread(call(run, effectOf(run), AT_MOST_MS.effect, name, summary, ofRun<K>(run, input)));
}

/** The result of a POST. If the worker can't report it, for whatever reason, its fate is unknown. */
export async function post<K extends 'deleteNics' | 'attachNics'>(
  run: Run,
  name: K,
  summary: string,
  input: Omit<Input<K>, keyof Effect>,
): Promise<Answer<K> | Unknown | { kind: 'unsent'; why: 'elsewhere' }> {
  try {
    return renamed(await attempt(run, effectOf(run), AT_MOST_MS.effect, name, summary, ofRun<K>(run, input)));
  } catch (error) {
    // Not repeated here: much may happen before the right worker comes, so the caller has to decide anew.
    const why = declinedBecause(error);
    if (why !== null) {
      await awaitRightWorker(run, why, (run.state.around.declined += 1));
      return { kind: 'unsent', why: 'elsewhere' };
    }
    // A cancellation before a worker took the call: nothing was sent. Other errors here do not come from an attempt.
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    const because = 'the worker did not report what came of the request';
    // Otherwise the attempt itself has told.
    const what = name === 'deleteNics' ? 'deletion' : 'attachment';
    tell('submission.unknown', { server: run.document.serverId, what, why: because });
    return { kind: 'unknown', why: because, leastMs: unheardMs(run) };
  }
}

/**
 * Runs that began before there was a heartbeat go without: they may wait less before they look, and their commands must stay
 * the same.
 */
function effectOf({ knowsPlace }: Run): ActivityOptions {
  return knowsPlace ? EFFECT : { ...EFFECT, heartbeatTimeout: undefined };
}

/** For so long, in ms, a worker of which nothing was heard may still change something. */
export function unheardMs({ knowsPlace }: Run): number {
  return knowsPlace ? UNHEARD_MS : 0;
}

/**
 * Workers of 0.1.0-alpha.1 name the field `next` `then`. Histories of runs that began on them have such answers, too.
 */
function renamed<T extends { kind: string }>(answer: T & { then?: unknown }): T {
  if (answer.kind !== 'refused' || answer.then === undefined) return answer;
  const { then: next, ...rest } = answer;
  return { ...rest, next } as unknown as T;
}

/** The fate of a POST is not known. */
export interface Unknown {
  kind: 'unknown';
  why: string;
  /** The worker may still send: the run looks no earlier than after this time. */
  leastMs: number;
}

/**
 * One call, by a worker of the run's own place. A worker of another place declines the call, and the run asks again,
 * for as long as it takes. Passes cancellation on.
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
      // While the run sets flags back, the undo must not stop it: setting them back is what the undo asks for.
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
 * After so many declines a run whose place is not known yet fails. Several projects may share a queue by mistake, but
 * so many tries would have reached the right worker. So no worker serves the project of the request.
 */
const MAX_STRANGERS = 6;

/** Before the first inspection only the request tells the place. */
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

/** The answer of a call, or why there is none. Passes cancellation on. */
async function orUnread<T>(call: Promise<T>): Promise<T | Unread> {
  try {
    return await call;
  } catch (error) {
    const unread = unreadBy(error);
    if (unread.why === 'credentials') tellRefusal(unread.message);
    return unread;
  }
}

/** Adds to the input of an effect what every effect needs to know of its run. */
function ofRun<K extends Name>(run: Run, input: Omit<Input<K>, keyof Effect>): Input<K> {
  const { wasReset } = run.state.sent;
  // A chain that contains a reset never sends again. Later runs of the chain have original ids of their own, which
  // would hide the reset.
  const originalRunId = wasReset ? '' : workflowInfo().originalExecutionRunId;
  return { ...input, serverId: run.request.serverId, originalRunId } as Input<K>;
}

/** Waits after a worker of another place has declined a call. Nothing is lost by that, so it uses up no patience. */
export async function awaitRightWorker(run: Run, why: string, declined: number): Promise<void> {
  const { phase, waitingFor } = run.document;
  run.enter(phase, plain(`a worker of the right place: ${why}`));
  const startedAt = Date.now();
  const pauseMs = run.state.around.place === null ? FIRST_PAUSE_MS : pauseAfter(declined);
  const plannedMs = await run.waitOrWake(pauseMs, label(`wrong worker: ${why}`));
  run.forgive(Math.min(Date.now() - startedAt, plannedMs));
  run.enter(phase, waitingFor);
}

/** Used until the place is known: the caller waits to hear that no worker serves the project. */
const FIRST_PAUSE_MS = 2_000;

/**
 * A person may restart the right worker at any moment, so the pauses are short at first. Later they are long, since
 * each call makes the history longer.
 */
function pauseAfter(declined: number): number {
  if (declined <= 30) return backoffDelay(declined);
  return declined <= 150 ? 5 * 60_000 : 30 * 60_000;
}
