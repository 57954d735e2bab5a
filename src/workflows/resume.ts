/**
 * Long lives: a run continues as new before its history grows too long for the server (51,200 events would end it with
 * a submission open). The next run of the chain gets everything that this one knows.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  makeContinueAsNewFunc,
  workflowInfo,
} from '@temporalio/workflow';
import { isRecord } from '../contract/input';
import type { RunState, Wait } from './state';
import { freshState } from './state';

/** Input of a run that continues another one. */
export interface Resumed {
  resumed: { input: unknown; state: RunState };
}

/**
 * `null`: a fresh request. Only the server links a run to the one before it, so a caller can't make up a state; of the
 * ways to get that link a cron schedule is the one that a caller has a hand in.
 */
export function resumedFrom(start: unknown): Resumed['resumed'] | null {
  const { continuedFromExecutionRunId, firstExecutionRunId, cronSchedule, attempt } = workflowInfo();
  if (!continuedFromExecutionRunId || cronSchedule || !isRecord(start) || !isRecord(start.resumed))
    return null;
  // Tried again after a first run that timed out before any worker saw it: the first one can't have been handed a state.
  if (attempt > 1 && continuedFromExecutionRunId === firstExecutionRunId) return null;
  const { input, state: handedOn } = (start as unknown as Resumed).resumed;
  const state = completed(handedOn);
  return { input, state: attempt > 1 ? observing(state) : state };
}

/** An older version of the worker may have handed it on: what it did not know has the value it begins with. */
function completed(state: RunState): RunState {
  const { document } = state;
  return {
    ...freshState(document, state.deadlineAt),
    ...state,
    document: {
      ...document,
      decision: document.decision ?? null,
      nics: document.nics.map((row) => ({
        ...row,
        differences: row.differences ?? [],
        remedy: row.remedy ?? null,
      })),
      jobs: document.jobs.map((job) => ({ ...job, what: job.what ?? 'delete' })),
    },
  };
}

/**
 * A caller's retry policy has started a timed-out run again, from what it had been handed: what it sent since then is
 * not known, so it observes and sends nothing.
 */
function observing(state: RunState): RunState {
  return { ...state, touched: true, wasReset: true, submission: { ...state.submission, over: true } };
}

/** Ends this run, to go on with `rest` under a new run id. */
export async function handOn(input: unknown, state: RunState, rest: Wait): Promise<never> {
  // Whoever waits in an Update has to be told before the run closes.
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  const resumed = { input, state: { ...state, rest, askForPrevious: false } };
  // The memo `open` has to be given along: by itself the next run would get the memo that this one was started with.
  const { memo } = workflowInfo();
  return makeContinueAsNewFunc<(start: Resumed) => Promise<unknown>>({ memo })({ resumed });
}
