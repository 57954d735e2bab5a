/** The result document of a run that has ended, to restore from: without a worker wherever Temporal itself has it. */
import type { Client } from '@temporalio/client';
import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowContinuedAsNewError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { ReadRunInput, ReadRunResult } from '../activities/agreement';
import { ACTIVITY_FAILURE } from '../activities/agreement';
import { QUERY_STATUS } from '../contract/names';
import { isRecord } from '../contract/values';
import { GRPC, grpcCode, isForbidden } from './grpc';
import { reasonOf } from './temporal';

/** For the whole chain of a run: two calls of some milliseconds a run. */
const READ_MS = 10_000;
/** A worker that has to replay a long run first. */
const QUERY_MS = 10_000;
/** A run continues as new after days of waiting; longer chains are not ours. */
const MAX_CHAIN = 100;
/** No payload of ours is larger: a document with 11 NICs has some 20 KB. */
const MAX_BYTES = 200_000;

const SAVED = 'give its saved result document instead';

/** How a run has ended: with a document, perhaps, or in words. */
interface Ended {
  runId: string;
  taskQueue: string;
  /** Not checked yet. */
  value: unknown;
  how: string;
}

/** Throws a retryable failure when Temporal does not answer. */
export async function readRun(client: Client, run: ReadRunInput): Promise<ReadRunResult> {
  try {
    const ended = await client.withDeadline(Date.now() + READ_MS, () => endOf(client, run));
    if (typeof ended === 'string') return none(ended);
    return isDocument(ended.value) ? bounded(ended.value) : await asked(client, run.workflowId, ended);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || grpcCode(error) === GRPC.invalidArgument) {
      return none(`the namespace does not know this run (any more): ${SAVED}`);
    }
    if (isForbidden(error)) return none(`the worker may not read runs in this namespace: ${SAVED}`);
    throw ApplicationFailure.retryable(
      `the run could not be read: ${reasonOf(error)}`,
      ACTIVITY_FAILURE.unavailable,
    );
  }
}

/** The end of the last run of the chain; text: why there is none. */
async function endOf(client: Client, { workflowId, runId: first }: ReadRunInput): Promise<Ended | string> {
  let runId = first;
  for (let n = 0; n < MAX_CHAIN; n++) {
    const handle = client.workflow.getHandle(workflowId, runId, { followRuns: false });
    const { status, taskQueue } = await handle.describe();
    // Its result would be waited for.
    if (status.name === 'RUNNING' || status.name === 'PAUSED') {
      return `this run is still open (run ${runId}): wait for its end, or cancel it, and ask again`;
    }
    try {
      return { runId, taskQueue, value: await handle.result(), how: 'completed' };
    } catch (error) {
      if (error instanceof WorkflowContinuedAsNewError) runId = error.newExecutionRunId;
      else if (error instanceof WorkflowFailedError) return { runId, taskQueue, ...failed(error.cause) };
      else throw error;
    }
  }
  return `this run has been continued more than ${MAX_CHAIN} times: ${SAVED}`;
}

function failed(cause: Error | undefined): Pick<Ended, 'value' | 'how'> {
  if (cause instanceof CancelledFailure) return { value: null, how: 'was cancelled' };
  if (cause instanceof TerminatedFailure) return { value: null, how: 'was terminated' };
  if (cause instanceof TimeoutFailure) return { value: null, how: 'timed out' };
  return { value: cause instanceof ApplicationFailure ? cause.details?.[0] : null, how: 'failed' };
}

/** What Temporal itself does not have, a worker can tell by replaying the run. */
async function asked(
  client: Client,
  workflowId: string,
  { runId, taskQueue, how }: Ended,
): Promise<ReadRunResult> {
  try {
    const handle = client.workflow.getHandle(workflowId, runId);
    const document = await client.withDeadline(Date.now() + QUERY_MS, () => handle.query(QUERY_STATUS));
    if (isDocument(document)) return bounded(document);
    return none(`this run ${how}, and has no result document`);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || grpcCode(error) === GRPC.unavailable) throw error;
    return none(
      `this run ${how} without a result document, and no worker told its status (${causeOf(error)}): ` +
        `have a worker poll the task queue ${taskQueue}, or ${SAVED}`,
    );
  }
}

/** The client's own words say only that it failed. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: { details?: unknown } };
  const details = cause?.details;
  return reasonOf(typeof details === 'string' && details !== '' ? details : error);
}

function bounded(document: unknown): ReadRunResult {
  const bytes = Buffer.byteLength(JSON.stringify(document));
  if (bytes > MAX_BYTES) return none(`the result of this run is larger than any of ours (${bytes} bytes)`);
  return { kind: 'run', document, why: null };
}

/** A document of ours, perhaps of another version: whoever uses it checks all that is used. */
function isDocument(value: unknown): boolean {
  return isRecord(value) && typeof value.outcome === 'string' && Array.isArray(value.nics);
}

function none(why: string): ReadRunResult {
  return { kind: 'run', document: null, why };
}
