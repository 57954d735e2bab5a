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
import type { SearchAttributePair } from '@temporalio/common';
import { isRecord } from '../../contract/input';
import { SEARCH_ATTRIBUTE } from '../../contract/names';
import type { Wait } from './pacing';
import { isFresh, learnAnew } from './search-attributes';
import type { RunState } from './state';
import { isFlat, nested } from './state/flat';
import { endSubmission, neverSends } from './state/sent';

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
function completed(given: RunState): RunState {
  const state = isFlat(given) ? nested(given) : given;
  const { document, around } = state;
  const { projectId, region } = document;
  return {
    ...state,
    around: {
      ...around,
      place: around.place ?? (projectId === null || region === null ? null : { projectId, region }),
    },
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
  state.sent.touched = true;
  neverSends(state);
  endSubmission(state);
  return state;
}

/** What of a run is handed on. */
interface Continuing {
  readonly input: unknown;
  readonly state: RunState;
  readonly isReset: boolean;
  readonly cancelRequested: boolean;
  continuing: boolean;
}

/**
 * Ends this run, to go on with `rest` under a new run id. Returns when that is no good moment: it was cancelled on the way there,
 * which the next run would not know of; or nobody can tell which attributes the namespace has, so that the next run could not be
 * found by any.
 */
export async function handOn(run: Continuing, rest: Wait): Promise<void> {
  const attributes = await attributesOf(run.state);
  if (attributes === null || run.cancelRequested) return;
  // Whoever waits in an Update has to be told before the run closes, and not before it is about to.
  run.continuing = true;
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  run.continuing = !run.cancelRequested;
  if (!run.continuing) return;
  // As it is now: an undo may have come meanwhile.
  const { input, isReset: wasReset } = run;
  const state = handedOn(run.state, wasReset, rest);
  const resumed = { input, state };
  // The memo `open` has to be given along: by itself the next run would get the memo that this one was started with.
  const { memo } = workflowInfo();
  await makeContinueAsNewFunc<(start: Resumed) => Promise<unknown>>({ memo, ...attributes })({ resumed });
}

function handedOn(state: RunState, wasReset: boolean, rest: Wait): RunState {
  const { pacing, sent, before } = state;
  return {
    ...state,
    pacing: { ...pacing, rest },
    sent: { ...sent, wasReset },
    before: { ...before, ask: false },
  };
}

/** Events; the server ends a run at 51,200. */
const MUST_END_AT = 30_000;

/**
 * By itself the next run gets the attributes that this one has; one that the namespace has lost meanwhile would keep it from ever
 * beginning.
 */
async function attributesOf(
  state: RunState,
): Promise<{ typedSearchAttributes?: SearchAttributePair[] } | null> {
  if (state.around.learnedAt === null) return {};
  const isKnown = isFresh(state) || (await learnAnew(state));
  const { historyLength, typedSearchAttributes } = workflowInfo();
  if (!isKnown && historyLength < MUST_END_AT) return null;
  const known = isKnown ? state.around.searchAttributes : [];
  const all = typedSearchAttributes.getAll();
  const ours: ReadonlySet<string> = new Set(Object.values(SEARCH_ATTRIBUTE));
  const kept = all.filter(({ key }) => !ours.has(key.name) || known.includes(key.name));
  if (kept.length < all.length) state.around.publishedPhase = null;
  return { typedSearchAttributes: kept };
}
