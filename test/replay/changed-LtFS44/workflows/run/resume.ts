/**
 * A run continues as new before its history grows too long: the server would end it at 51,200 events, with a submission
 * open. The next run of the chain gets the whole state.
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
import { freshState } from './state';
import type { Flat } from './state/flat';
import { nested } from './state/flat';
import { endSubmission, forbidSending } from './state/sent';

/**
 * Input of a run that continues another one. Not `state`, which releases before 0.1.0 read: they would take these records for an
 * empty one, and send again. Without it their workflow task fails, and the run waits for a newer worker.
 */
export interface Resumed {
  resumed: { input: unknown; records: RunState };
}

/** The same, handed on by a release before 0.1.0. */
interface ResumedFlat {
  resumed: { input: unknown; records?: undefined; state: Flat };
}

/**
 * The state that was handed on; `null`: a fresh request. Only the server links a run to the previous one, so a caller
 * can't forge a state. The exception is a cron schedule, which a caller can set.
 */
export function resumedFrom(start: unknown): { input: unknown; state: RunState } | null {
  const { continuedFromExecutionRunId, firstExecutionRunId, cronSchedule, attempt } = workflowInfo();
  if (!continuedFromExecutionRunId || cronSchedule || !isRecord(start) || !isRecord(start.resumed))
    return null;
  // A retry of the chain's first run, which timed out before a worker took it: no state was handed on to that run, so
  // the caller has made this one up.
  if (attempt > 1 && continuedFromExecutionRunId === firstExecutionRunId) return null;
  const { resumed } = start as unknown as Resumed | ResumedFlat;
  const state = completed(resumed.records ?? nested(resumed.state));
  return { input: resumed.input, state: attempt > 1 ? observing(state) : state };
}

/** An older worker may have handed the records on. Fields that it did not know get the value of a fresh run. */
function completed(given: RunState): RunState {
  const { document } = given;
  const fresh = freshState(document, given.pacing.deadlineAt);
  const around = { ...fresh.around, ...given.around };
  const { projectId, region } = document;
  return {
    pacing: { ...fresh.pacing, ...given.pacing },
    job: { ...fresh.job, ...given.job },
    sent: { ...fresh.sent, ...given.sent },
    seen: { ...fresh.seen, ...given.seen },
    undo: { ...fresh.undo, ...given.undo },
    before: { ...fresh.before, ...given.before },
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
 * A caller's retry policy has started a timed-out run again, with the state that the run began with. What the run sent
 * since then is not known, so the new run observes and sends nothing.
 */
function observing(state: RunState): RunState {
  state.sent.touched = true;
  forbidSending(state);
  endSubmission(state);
  return state;
}

/** The part of a run that this file needs. */
interface Continuing {
  readonly input: unknown;
  readonly state: RunState;
  readonly isReset: boolean;
  readonly cancelRequested: boolean;
  continuing: boolean;
}

/**
 * Ends this run, and continues with `rest` under a new run id. Returns if the run was cancelled meanwhile, since the
 * next run would not know of it. Returns also if no worker can tell the search attributes of the namespace, since the
 * next run could not be found by any.
 */
export async function handOn(run: Continuing, rest: Wait): Promise<void> {
  const attributes = await attributesOf(run.state);
  if (attributes === null || run.cancelRequested) return;
  // Callers that wait in an Update must get an answer before the run closes, but not before it is certain to close.
  run.continuing = true;
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  run.continuing = !run.cancelRequested;
  if (!run.continuing) return;
  // Taken only now: an undo may have come meanwhile.
  const { input, isReset: wasReset } = run;
  const records = handedOn(run.state, wasReset, rest);
  const resumed = { input, records };
  // The memo is passed explicitly, because of `open`: by default the next run gets the memo that this run began with.
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

/**
 * Events; from here on the run is handed on even if the search attributes are not known, since the server ends a run at
 * 51,200 events.
 */
const MUST_END_AT = 30_000;

/**
 * By default the next run gets the attributes of this one. An attribute that the namespace has lost meanwhile would
 * keep the next run from starting, so it is left out.
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
