/** The result document of a closed run, to restore from. Needs no worker if Temporal itself has the document. */
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/client';
import type { ReadRunInput, ReadRunResult } from '../../activities/agreement';
import { ACTIVITY_FAILURE } from '../../activities/agreement';
import type { Temporal } from '../../client/connect';
import { within } from '../../client/connect';
import type { Ending } from '../../client/ending';
import { closedEnd } from '../../client/ending';
import { describe, isOpenRun, MAX_CHAIN, queryStatus } from '../../client/find';
import { GRPC, grpcCode, isForbidden, reasonOf } from '../../client/grpc';
import type { ResultDocument } from '../../contract';
import { decommissionOf } from '../../contract';

/** For the whole chain of a run: two calls of some milliseconds for each run. */
const READ_MS = 10_000;
/** Enough for a worker that has to replay a long run first. */
const QUERY_MS = 10_000;
/** No payload of ecs-nics is larger: a document with 11 NICs has some 20 KB. */
const MAX_BYTES = 200_000;

const SAVED = 'give its saved result document instead';

/** Throws a retryable failure when Temporal does not answer. */
export async function readRun(
  temporal: Temporal,
  { workflowId, runId }: ReadRunInput,
): Promise<ReadRunResult> {
  const run = { workflowId, runId };
  try {
    const end = await closedEnd(within(temporal, READ_MS), run);
    switch (end.kind) {
      case 'open':
        return none(
          `this run is still open (run ${run.runId}): wait for its end, or cancel it, and ask again`,
        );
      case 'endless':
        return none(`this run has been continued more than ${MAX_CHAIN} times: ${SAVED}`);
      case 'closed': {
        const { document } = end.ending;
        const read = document === null ? await asked(temporal, run, end) : bounded(document);
        const heldBy = end.parent === null ? null : await holderOf(within(temporal, READ_MS), end.parent);
        return heldBy === null ? read : { ...read, heldBy };
      }
    }
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

/** The decommission run of the page that has started a run, if that page is open. */
async function holderOf(temporal: Temporal, parent: string): Promise<string | null> {
  const fleet = decommissionOf(parent);
  if (fleet === undefined || fleet.page === null) return null;
  try {
    return isOpenRun(await describe(temporal, parent)) ? fleet.run : null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** If Temporal itself does not have the document, a worker can return it by replaying the run. */
async function asked(
  temporal: Temporal,
  run: ReadRunInput,
  { ending, taskQueue }: { ending: Ending; taskQueue: string },
): Promise<ReadRunResult> {
  const how = howOf(ending);
  try {
    const document = await queryStatus(temporal, run, QUERY_MS);
    return document === null ? none(`this run ${how}, and has no result document`) : bounded(document);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || grpcCode(error) === GRPC.unavailable) throw error;
    return none(
      `this run ${how} without a result document, and no worker answered for its status (${reasonOf(error)}): ` +
        `start a worker on task queue ${taskQueue}, or ${SAVED}`,
    );
  }
}

function howOf(ending: Ending): string {
  if (ending.kind === 'cancelled') return 'was cancelled';
  if (ending.kind !== 'ended-from-outside') return ending.kind;
  return ending.type === 'Terminated' ? 'was terminated' : 'timed out';
}

function bounded(document: ResultDocument): ReadRunResult {
  const bytes = Buffer.byteLength(JSON.stringify(document));
  if (bytes > MAX_BYTES)
    return none(`the result of this run is larger than any of ecs-nics (${bytes} bytes)`);
  return { kind: 'run', document, why: null };
}

function none(why: string): ReadRunResult {
  return { kind: 'run', document: null, why };
}
