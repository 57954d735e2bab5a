/** How a run ended, whatever way Temporal tells it. */
import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowFailedError,
} from '@temporalio/client';
import type { NicOutcome, ResultDocument, ResultTotals } from '../contract';
import { MEMO, QUERY_STATUS, isRecord, isUuid } from '../contract';
import type { Temporal } from '../connection';

/** One round of waiting for the end; the caller asks again. */
const WAIT_MS = 60_000;
/** A closed run is answered by any worker from its history; without one there is the memo. */
const QUERY_MS = 5_000;

export type Counts = Partial<Record<NicOutcome, number>>;

export type Ending =
  | { kind: 'completed'; document: ResultDocument | null }
  | { kind: 'failed'; type: string; message: string; document: ResultDocument | null }
  /** `document` needs a worker, `totals` don't; `counts` come from either. */
  | {
      kind: 'cancelled';
      document: ResultDocument | null;
      totals: ResultTotals | null;
      counts: Counts | null;
    }
  /** Terminated, timed out: the run had no say. */
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
  since: string;
  jobId: string | null;
}

/** Waits for the end of a run (at most a minute) and reads it. Throws gRPC errors: not closed yet, not reachable. */
export async function readEnding(temporal: Temporal, workflowId: string, runId: string): Promise<Ending> {
  try {
    const handle = temporal.client.workflow.getHandle(workflowId, runId);
    const result: unknown = await temporal.call(WAIT_MS, () => handle.result());
    return { kind: 'completed', document: asDocument(result) };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    if (cause instanceof CancelledFailure) return readCancelled(temporal, workflowId, runId);
    const ending = endingOfFailure(cause, error.message);
    if (ending.kind !== 'ended-from-outside') return ending;
    const { memo } = await temporal.call(QUERY_MS, () =>
      temporal.client.workflow.getHandle(workflowId, runId).describe(),
    );
    return { ...ending, open: asOpen(memo?.[MEMO.open]) };
  }
}

/** Ends that carry all that can be known in the failure itself. */
export function endingOfFailure(cause: Error | undefined, fallback: string): Ending {
  if (cause instanceof TerminatedFailure) {
    return {
      kind: 'ended-from-outside',
      type: 'Terminated',
      message: cause.message,
      document: null,
      open: null,
    };
  }
  if (cause instanceof TimeoutFailure) {
    return {
      kind: 'ended-from-outside',
      type: 'TimedOut',
      message: cause.message,
      document: null,
      open: null,
    };
  }
  if (cause instanceof ApplicationFailure) {
    const document = asDocument(cause.details?.[0]);
    return { kind: 'failed', type: cause.type ?? 'Error', message: cause.message, document };
  }
  return {
    kind: 'failed',
    type: cause?.name ?? 'Error',
    message: cause?.message ?? fallback,
    document: null,
  };
}

async function readCancelled(temporal: Temporal, workflowId: string, runId: string): Promise<Ending> {
  // The run that was cancelled may be a later one of the chain; it has the id as long as nobody started anew.
  const described = await temporal.call(QUERY_MS, () =>
    temporal.client.workflow.getHandle(workflowId).describe(),
  );
  const last = described.raw.workflowExecutionInfo?.firstRunId === runId ? described.runId : runId;
  const handle = temporal.client.workflow.getHandle(workflowId, last);
  try {
    const document = asDocument(await temporal.call(QUERY_MS, () => handle.query(QUERY_STATUS)));
    if (document !== null) return { kind: 'cancelled', document, totals: null, counts: countsOf(document) };
  } catch {
    // No worker, or none that can read this run: the memo holds the totals.
  }
  const { memo } = await temporal.call(QUERY_MS, () => handle.describe());
  const totals = asTotals(memo?.[MEMO.result]);
  return { kind: 'cancelled', document: null, totals, counts: totals?.counts ?? null };
}

export function countsOf(document: ResultDocument): Counts {
  const counts: Counts = {};
  for (const { outcome } of document.nics) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** A document of ours, perhaps of another version; `null` for anything else. */
export function asDocument(value: unknown): ResultDocument | null {
  return isRecord(value) && typeof value.outcome === 'string' && Array.isArray(value.nics)
    ? (value as unknown as ResultDocument)
    : null;
}

function asOpen(value: unknown): OpenSubmission | null {
  if (!isRecord(value) || !Array.isArray(value.nics)) return null;
  const { since, jobId } = value;
  return {
    nics: value.nics.filter(isUuid),
    since: typeof since === 'string' ? since : 'an unknown time',
    jobId: typeof jobId === 'string' ? jobId : null,
  };
}

function asTotals(value: unknown): ResultTotals | null {
  return isRecord(value) && isRecord(value.counts) ? (value as unknown as ResultTotals) : null;
}
