/**
 * Long lives: a run continues as new before its history grows too long for the server (51,200 events would end it with
 * a submission open). The next run of the chain gets everything that this one knows.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  workflowInfo,
} from '@temporalio/workflow';
import { isRecord } from '../contract/input';
import type { RunState, Wait } from './state';
import { newDoubt } from './state';

/** Input of a run that continues another one. */
export interface Resumed {
  resumed: { input: unknown; state: RunState };
}

/**
 * `null`: a fresh request. Only the server links a run to the one before it, so a caller can't make up a state; of the
 * ways to get that link a cron schedule is the one that a caller has a hand in.
 */
export function resumedFrom(start: unknown): Resumed['resumed'] | null {
  const { continuedFromExecutionRunId, cronSchedule, attempt } = workflowInfo();
  if (!continuedFromExecutionRunId || cronSchedule || !isRecord(start) || !isRecord(start.resumed))
    return null;
  const { input, state } = (start as unknown as Resumed).resumed;
  return { input, state: attempt > 1 ? doubted(state) : state };
}

/**
 * A caller's retry policy has started a timed-out run again, from what it had been handed: what it sent since then is
 * not known, so it is looked for before anything is sent.
 */
function doubted(state: RunState): RunState {
  const doubt = newDoubt('this run timed out and was started again');
  return state.touched && !state.submission.over
    ? { ...state, submission: { ...state.submission, doubt } }
    : { ...state, previous: null, askForPrevious: true };
}

/** Ends this run, to go on with `rest` under a new run id. */
export async function handOn(input: unknown, state: RunState, rest: Wait): Promise<never> {
  // Whoever waits in an Update has to be told before the run closes.
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  const resumed = { input, state: { ...state, rest, askForPrevious: false } };
  return continueAsNew<(start: Resumed) => Promise<unknown>>({ resumed });
}
