/**
 * Messages to an open run: an Update, waited for without limit and across outages; the signal `pollNow`; a
 * cancellation.
 */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { ByWhom, ResultDocument } from '../contract';
import { CONTINUED_AS_NEW, SIGNAL_POLL_NOW, UNPROCESSED, UPDATE, serverIdOf } from '../contract';
import type { Temporal } from './connect';
import type { RunIds } from './errors';
import { NoOpenRun, NotConfirmed } from './errors';
import { asDocument } from './find';
import { isPassing, isUnclear, reasonOf } from './grpc';

const CALL_MS = 10_000;
/** One round of waiting for the answer. The client asks again. */
const ROUND_MS = 60_000;

export type UpdateAnswer<D = ResultDocument> =
  /** `document: null`: the Update returned something that is no document of a run. */
  | { kind: 'done'; document: D | null }
  /**
   * The Update was rejected, or failed with the run's failure; `type` tells which. `document`: of the run, if the
   * failure has it.
   */
  | { kind: 'failed'; type: string; message: string; document: D | null }
  /** The run had closed before it received the message. */
  | { kind: 'closed' }
  /** The caller has ended the wait; {@link Asking.accepted} tells whether the run has accepted the Update. */
  | { kind: 'interrupted' };

export interface AskOptions {
  /** Waiting ends when it resolves. */
  until?: Promise<unknown>;
}

/** Each function makes one try. Each implementation limits its time. */
export interface UpdateCalls {
  /** Resolves once the run has accepted it. The same `id` again is the same Update. */
  send(id: string): Promise<AcceptedUpdate>;
  /** Whether the same call may succeed later after this error. */
  isPassing(error: unknown): boolean;
}

export interface AcceptedUpdate {
  result(): Promise<unknown>;
}

const PAUSE_MS = 1_000;
/** Workers that are being replaced end soon. Workers that never see an Update are not of ecs-nics. */
const MAX_UNPROCESSED = 30;

export interface Asking<D = ResultDocument> {
  /** Rejects on errors that a retry cannot cure. */
  answer: Promise<UpdateAnswer<D>>;
  /** The run has accepted the Update and acts on it, whether the caller waits or not. */
  readonly accepted: boolean;
  /** Ends the wait: the answer is then `interrupted`, unless it has already arrived. */
  stop(): void;
}

export function askUpdate(calls: UpdateCalls, options: AskOptions = {}, pauseMs = PAUSE_MS): Asking {
  return askFor(calls, asDocument, options, pauseMs);
}

/**
 * The same for an Update that answers with another document.
 * @param read `null`: the value is no such document
 * @param name id of the Update: an answer that is known under it is given again; `null`: one that nobody else has
 */
export function askFor<D>(
  calls: UpdateCalls,
  read: (value: unknown) => D | null,
  { until }: AskOptions = {},
  pauseMs = PAUSE_MS,
  name: string | null = null,
): Asking<D> {
  const state = { accepted: false, over: false };
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const interruption = Promise.race(until === undefined ? [stopped] : [stopped, until]);
  const answer = Promise.race([
    untilAnswered(calls, read, state, pauseMs, name),
    interruption.then((): UpdateAnswer<D> => ({ kind: 'interrupted' })),
  ]).finally(() => (state.over = true));
  return {
    answer,
    get accepted() {
      return state.accepted;
    },
    stop,
  };
}

async function untilAnswered<D>(
  calls: UpdateCalls,
  read: (value: unknown) => D | null,
  state: { accepted: boolean; over: boolean },
  pauseMs: number,
  name: string | null,
): Promise<UpdateAnswer<D>> {
  let id: string = name ?? randomUUID();
  let accepted: AcceptedUpdate | null = null;
  let unprocessed = 0;
  for (;;) {
    try {
      accepted ??= await calls.send(id);
      state.accepted = true;
      return { kind: 'done', document: read(await accepted.result()) };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return { kind: 'closed' };
      if (error instanceof WorkflowUpdateFailedError) {
        const failed = failureOf(error, read);
        if (failed.type === UNPROCESSED) {
          unprocessed += 1;
          // The client reports it as accepted before the server says that no worker saw it.
          state.accepted = false;
        } else if (failed.type !== CONTINUED_AS_NEW) return failed;
        if (unprocessed > MAX_UNPROCESSED) return failed;
        // The run has never seen the Update, or continues under a new run id that has not received it yet.
        id = randomUUID();
        accepted = null;
      } else if (!calls.isPassing(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    if (state.over) return new Promise(() => {});
  }
}

function failureOf<D>(
  { cause }: WorkflowUpdateFailedError,
  read: (value: unknown) => D | null,
): UpdateAnswer<D> & { kind: 'failed' } {
  const ours = cause instanceof ApplicationFailure ? cause : null;
  return {
    kind: 'failed',
    type: ours?.type ?? cause?.name ?? 'Error',
    message: cause?.message ?? 'no reason was given',
    document: read(ours?.details?.[0]),
  };
}

/**
 * Asks the run to put back what it has taken off, or to close its undo window for good. The answer arrives when all of
 * that is done, with the run's document: `kind: 'failed'` of type `NotApplicable` if there is nothing to undo or
 * commit.
 */
export function decide(
  temporal: Temporal,
  run: RunIds,
  what: 'undo' | 'commit',
  who: ByWhom,
  options: AskOptions = {},
): Asking {
  return askUpdate(callsOf(temporal, run, UPDATE[what], who), options);
}

/**
 * Waits until every NIC has its verdict; an undo window may be open then. The answer holds the run's document; an
 * answer of kind `closed` does not: use `readEnding` then.
 */
export function settled(temporal: Temporal, run: RunIds, options: AskOptions = {}): Asking {
  return askUpdate(callsOf(temporal, run, UPDATE.settled), options);
}

export function callsOf(temporal: Temporal, run: RunIds, name: string, argument?: object): UpdateCalls {
  const handle = handleOf(temporal, run);
  return {
    isPassing,
    send: async (updateId) => {
      const options = { updateId, waitForStage: 'ACCEPTED' } as const;
      const update = await temporal.call(ROUND_MS, () =>
        argument === undefined
          ? handle.startUpdate(name, options)
          : handle.startUpdate<unknown, [object]>(name, { args: [argument], ...options }),
      );
      return { result: () => temporal.call(ROUND_MS, () => update.result()) };
    },
  };
}

/** Makes the run look at the cloud at once. Throws {@link NoOpenRun}, {@link NotConfirmed}, errors of the client. */
export function pollNow(temporal: Temporal, run: RunIds): Promise<void> {
  // By workflow id alone: the run may have continued as new just now, and a superfluous look does no harm.
  const handle = temporal.client.workflow.getHandle(run.workflowId);
  return tell(temporal, run, () => handle.signal(SIGNAL_POLL_NOW));
}

/**
 * Asks the run to stop. A job of the cloud cannot be stopped, so the run watches it to its end. Throws as
 * {@link pollNow}.
 */
export function cancel(temporal: Temporal, run: RunIds): Promise<void> {
  return tell(temporal, run, () => handleOf(temporal, run).cancel());
}

/** By the chain, not by the run: the run may continue as new before it receives the message. */
function handleOf(temporal: Temporal, { workflowId, firstRunId }: RunIds) {
  return temporal.client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId: firstRunId });
}

/** Sends a message to an open run, which may close during the call. */
export async function tell(temporal: Temporal, run: RunIds, send: () => Promise<unknown>): Promise<void> {
  const serverId = serverIdOf(run.workflowId) ?? run.workflowId;
  try {
    await temporal.call(CALL_MS, send);
  } catch (error) {
    const options = { cause: error };
    if (error instanceof WorkflowNotFoundError) throw new NoOpenRun(serverId, run, null, options);
    if (!isUnclear(error)) throw error;
    throw new NotConfirmed(
      `Temporal at ${temporal.address} did not confirm it (${reasonOf(error)}): the run on server ${serverId} may or may ` +
        'not have received it.',
      'message',
      run.workflowId,
      run,
      options,
    );
  }
}
