/** How a run ended, for every way in which Temporal reports an end. */
import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowContinuedAsNewError,
  WorkflowFailedError,
} from '@temporalio/client';
import type { NicOutcome, ResultDocument, ResultTotals } from '../contract';
import { MEMO } from '../contract';
import { OPEN_SETTLED } from '../contract/names';
import { isRecord, isUuid } from '../contract/values';
import type { Temporal } from './connect';
import type { RunPointer } from './find';
import { MAX_CHAIN, asDocument, askStatus, describe, firstRunOf, isOpenRun } from './find';

/** One round of waiting for the end. The caller asks again. */
const WAIT_MS = 60_000;
/** For reading the last event of a closed run. */
const CALL_MS = 10_000;

/** Number of NICs by outcome. */
export type Counts = Partial<Record<NicOutcome, number>>;

/** How a run ended. `document: null`: the run has none, or no worker could return it. */
export type Ending =
  | { kind: 'completed'; document: ResultDocument | null }
  | { kind: 'failed'; type: string; message: string; document: ResultDocument | null }
  /** `document` needs a worker, `totals` do not; `counts` come from either. */
  | {
      kind: 'cancelled';
      document: ResultDocument | null;
      totals: ResultTotals | null;
      counts: Counts | null;
    }
  /** The run was ended from outside and returned nothing. */
  | {
      kind: 'ended-from-outside';
      type: 'Terminated' | 'TimedOut';
      message: string;
      document: null;
      open: OpenSubmission | null;
    };

/** The memo `open`: a submission was under way and no verdict stood. */
export interface OpenSubmission {
  nics: string[];
  /** RFC 3339; `null`: the memo does not say. */
  since: string | null;
  jobId: string | null;
}

/** Waits for the end (at most a minute) and reads what can be known. Throws gRPC errors: not closed, not reachable. */
export async function readEnding(temporal: Temporal, run: RunPointer): Promise<Ending> {
  const ending = await lastEvent(temporal, run, WAIT_MS);
  switch (ending.kind) {
    case 'completed':
    case 'failed':
      return ending;
    case 'cancelled':
      return readCancelled(temporal, run);
    case 'ended-from-outside': {
      const [last, latest] = await Promise.all([
        describe(temporal, run.workflowId, run.runId),
        describe(temporal, run.workflowId),
      ]);
      if (latest.runId === run.runId || firstRunOf(latest) !== firstRunOf(last))
        return { ...ending, open: asOpen(last.memo?.[MEMO.open]) };
      // After a reset, or a retry by the caller's own policy, the work continues in that run.
      run.runId = latest.runId;
      return readEnding(temporal, run);
    }
  }
}

/** What the run's last event says. Asks neither a worker nor the memo. Throws as {@link readEnding}. */
export async function lastEvent(temporal: Temporal, run: RunPointer, waitMs: number): Promise<Ending> {
  for (;;) {
    const ending = await endOfOne(temporal, run, waitMs);
    if (ending !== null) return ending;
  }
}

export type Closed =
  /** `parent`: id of the workflow that has started it. */
  | { kind: 'closed'; ending: Ending; taskQueue: string; parent: string | null }
  | { kind: 'open' }
  /** The chain has more than {@link MAX_CHAIN} runs. */
  | { kind: 'endless' };

/**
 * What the last event of a chain says, without waiting for an open run. Moves `run` on to the run that ended or is
 * open. Throws gRPC errors.
 */
export async function closedEnd(temporal: Temporal, run: RunPointer): Promise<Closed> {
  for (let n = 0; n < MAX_CHAIN; n++) {
    const description = await describe(temporal, run.workflowId, run.runId);
    if (isOpenRun(description)) return { kind: 'open' };
    const ending = await endOfOne(temporal, run, CALL_MS);
    if (ending === null) continue;
    const { taskQueue, parentExecution } = description;
    return { kind: 'closed', ending, taskQueue, parent: parentExecution?.workflowId ?? null };
  }
  return { kind: 'endless' };
}

/** `null`: the work continues under a new run id, to which `run` has been moved. */
function endOfOne(temporal: Temporal, run: RunPointer, waitMs: number): Promise<Ending | null> {
  return endBy(
    temporal,
    run,
    waitMs,
    (result): Ending => ({ kind: 'completed', document: asDocument(result) }),
    endingOfFailure,
  );
}

/** The same for a run of any kind: what its result or its failure says. Throws gRPC errors: not closed, not reachable. */
export async function endBy<E>(
  temporal: Temporal,
  run: RunPointer,
  waitMs: number,
  completed: (result: unknown) => E,
  failed: (cause: Error | undefined, fallback: string) => E,
): Promise<E | null> {
  // Follows the chain run by run, not with the client's own option: later questions must go to the last run.
  const handle = temporal.client.workflow.getHandle(run.workflowId, run.runId, { followRuns: false });
  try {
    const result: unknown = await temporal.call(waitMs, () => handle.result());
    return completed(result);
  } catch (error) {
    if (error instanceof WorkflowFailedError) return failed(error.cause, error.message);
    if (!(error instanceof WorkflowContinuedAsNewError)) throw error;
    run.runId = error.newExecutionRunId;
    return null;
  }
}

/** The end as far as the failure itself describes it. */
export function endingOfFailure(cause: Error | undefined, fallback: string): Ending {
  if (cause instanceof CancelledFailure)
    return { kind: 'cancelled', document: null, totals: null, counts: null };
  if (cause instanceof TerminatedFailure || cause instanceof TimeoutFailure) {
    const type = cause instanceof TerminatedFailure ? 'Terminated' : 'TimedOut';
    return { kind: 'ended-from-outside', type, message: cause.message, document: null, open: null };
  }
  const ours = cause instanceof ApplicationFailure ? cause : null;
  return {
    kind: 'failed',
    type: (ours === null ? cause?.name : ours.type) ?? 'Error',
    message: cause?.message ?? fallback,
    document: asDocument(ours?.details?.[0]),
  };
}

async function readCancelled(temporal: Temporal, run: RunPointer): Promise<Ending> {
  const { memo, taskQueue } = await describe(temporal, run.workflowId, run.runId);
  const { document } = await askStatus(temporal, { ...run, taskQueue });
  if (document !== null) return { kind: 'cancelled', document, totals: null, counts: countsOf(document) };
  // No worker answers, or none that can read this run: the memo holds the totals.
  const totals = asTotals(memo?.[MEMO.result]);
  return { kind: 'cancelled', document: null, totals, counts: totals?.counts ?? null };
}

export function countsOf(document: ResultDocument): Counts {
  const counts: Counts = {};
  for (const { outcome } of document.nics) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** `null`: nothing is under way, or the memo cannot be read. */
export function asOpen(memo: unknown): OpenSubmission | null {
  const submission = submissionIn(memo);
  if (submission === null || typeof submission === 'string') return null;
  return { ...submission, nics: submission.nics.filter(isUuid) };
}

/**
 * What the memo `open` says about all submissions of the run. `settled`: they are at rest; `unread`: the memo is there,
 * but in an encoding that this client cannot read; `null`: the run has sent nothing.
 */
export function submissionIn(memo: unknown): OpenSubmission | 'settled' | 'unread' | null {
  if (memo === OPEN_SETTLED) return 'settled';
  if (memo === null) return 'unread';
  if (!isRecord(memo)) return null;
  const { nics, since, jobId } = memo;
  return {
    nics: Array.isArray(nics) ? nics.filter((id): id is string => typeof id === 'string') : [],
    since: typeof since === 'string' ? since : null,
    jobId: typeof jobId === 'string' ? jobId : null,
  };
}

export function asTotals(value: unknown): ResultTotals | null {
  return isRecord(value) && isRecord(value.counts) ? (value as unknown as ResultTotals) : null;
}
