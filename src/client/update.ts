/** Sends an Update to a run and waits for what becomes of it, however long that takes and whatever breaks meanwhile. */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { CONTINUED_AS_NEW, UNPROCESSED } from '../contract';

export type UpdateAnswer =
  | { kind: 'done'; document: unknown }
  /** Rejected, or failed with the failure of the run; `type` tells which. */
  | { kind: 'failed'; type: string; message: string; details: unknown }
  /** The run had closed before it took note. */
  | { kind: 'closed' };

/** One try each, bounded in time by whoever implements it. */
export interface UpdateCalls {
  /** Resolves once the run has accepted it. The same `id` again is the same Update. */
  send(id: string): Promise<AcceptedUpdate>;
  /** Whether asking again may help after this error. */
  isPassing(error: unknown): boolean;
}

export interface AcceptedUpdate {
  result(): Promise<unknown>;
}

const PAUSE_MS = 1_000;
/** Workers that are being replaced are soon gone; one that never sees an Update can't be ours. */
const MAX_UNPROCESSED = 30;

export interface Asking {
  /** Rejects on errors that asking again can't mend. */
  answer: Promise<UpdateAnswer>;
  /** The run has taken note: it goes on with it whether we wait or not. */
  readonly accepted: boolean;
  /** Nobody waits any more. */
  stop(): void;
}

export function askUpdate(calls: UpdateCalls, pauseMs = PAUSE_MS): Asking {
  const state = { accepted: false, over: false };
  return {
    answer: untilAnswered(calls, state, pauseMs),
    get accepted() {
      return state.accepted;
    },
    stop: () => void (state.over = true),
  };
}

async function untilAnswered(
  calls: UpdateCalls,
  state: { accepted: boolean; over: boolean },
  pauseMs: number,
): Promise<UpdateAnswer> {
  let id: string = randomUUID();
  let accepted: AcceptedUpdate | null = null;
  let unprocessed = 0;
  for (;;) {
    try {
      accepted ??= await calls.send(id);
      state.accepted = true;
      return { kind: 'done', document: await accepted.result() };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return { kind: 'closed' };
      if (error instanceof WorkflowUpdateFailedError) {
        const failed = failureOf(error);
        if (failed.type === UNPROCESSED) {
          unprocessed += 1;
          // The client calls it accepted before the server says that no worker saw it.
          state.accepted = false;
        } else if (failed.type !== CONTINUED_AS_NEW) return failed;
        if (unprocessed > MAX_UNPROCESSED) return failed;
        // The run has never seen it, or goes on under a new run id, where nobody has asked for it yet.
        id = randomUUID();
        accepted = null;
      } else if (!calls.isPassing(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    if (state.over) return new Promise(() => {});
  }
}

function failureOf({ cause }: WorkflowUpdateFailedError): UpdateAnswer & { kind: 'failed' } {
  const ours = cause instanceof ApplicationFailure ? cause : null;
  return {
    kind: 'failed',
    type: ours?.type ?? cause?.name ?? 'Error',
    message: cause?.message ?? 'no reason was given',
    details: ours?.details?.[0],
  };
}
