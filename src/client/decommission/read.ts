/** A decommission run as Temporal and its own queries know it: the run itself, its status, and how it ended. */
import { TerminatedFailure, TimeoutFailure, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { DecommissionStatus } from '../../contract';
import { QUERY_STATUS, decommissionWorkflowId } from '../../contract';
import { isRecord } from '../../contract/values';
import { askRun } from '../ask-run';
import type { Temporal } from '../connect';
import { endBy } from '../ending';
import { NoRun } from '../errors';
import type { KnownRun, RunPointer, StatusAnswer } from '../find';
import { askWorkers, describe, knownRun } from '../find';
import type { FollowEnd, FollowOptions, FollowedRun } from '../follow';
import { QUERY_MS, followBy } from '../follow';

/** For the end of a run that is known to have closed. */
const CALL_MS = 10_000;
/** One round of waiting for the end. The caller asks again. */
const WAIT_MS = 60_000;

/** The open run of that name, otherwise the last one. Throws {@link NoRun}, errors of the client. */
export async function findDecommission(temporal: Temporal, run: string): Promise<KnownRun> {
  const workflowId = decommissionWorkflowId(run);
  try {
    return await knownRun(temporal, await describe(temporal, workflowId));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new NoRun(
      `no decommission run ${run} is known in namespace ${temporal.namespace} of ${temporal.address}.`,
      workflowId,
      { cause: error },
    );
  }
}

/** Its status; of a closed run its result, without a worker; of one that was ended from outside the last one. Never throws. */
export async function readDecommission(
  temporal: Temporal,
  run: Pick<KnownRun, 'workflowId' | 'runId' | 'taskQueue' | 'open'>,
): Promise<StatusAnswer<DecommissionStatus>> {
  const answer = await askOrResult(temporal, run, QUERY_STATUS, asStatus);
  if (run.open || 'why' in answer || answer.document.outcome !== null) return answer;
  // It did not come to the end of its work.
  return { document: { ...answer.document, outcome: 'incomplete' } };
}

/**
 * The result of a closed run, or the answer to a query: of an open run, and of a closed one that has no such result.
 * Never throws.
 */
export async function askOrResult<D extends object>(
  temporal: Temporal,
  run: Pick<KnownRun, 'workflowId' | 'runId' | 'taskQueue' | 'open'>,
  queryType: string,
  read: (value: unknown) => D | null,
): Promise<StatusAnswer<D>> {
  if (!run.open) {
    const result = await endBy(temporal, { ...run }, CALL_MS, read, () => null).catch(() => null);
    if (result !== null) return { document: result };
  }
  return askWorkers(temporal, run.taskQueue, async (ms) => read(await askRun(temporal, run, queryType, ms)));
}

/** How a decommission run ended. A run that people have aborted ends well, with its document. */
export type DecommissionEnding =
  | { kind: 'completed'; document: DecommissionStatus | null }
  /** `InvalidInput`, or ended from outside: `Terminated`, `TimedOut`. Such a run returns nothing. */
  | { kind: 'failed'; type: string; message: string; document: null };

/**
 * Follows the run to its end, or until its status is enough, through continue-as-new and outages: `run` is moved on
 * along its chain. Otherwise as `followRun`.
 */
export function followDecommission(
  temporal: Temporal,
  run: FollowedRun,
  options: FollowOptions<DecommissionStatus> = {},
): Promise<FollowEnd<DecommissionStatus, DecommissionEnding>> {
  return followBy(temporal, run, options, {
    status: async () => asStatus(await askRun(temporal, run, QUERY_STATUS, QUERY_MS)),
    ending: () => readDecommissionEnding(temporal, run),
  });
}

/** Waits for the end (at most a minute). Throws gRPC errors: not closed, not reachable. */
export async function readDecommissionEnding(
  temporal: Temporal,
  run: RunPointer,
): Promise<DecommissionEnding> {
  for (;;) {
    const ending = await endBy(
      temporal,
      run,
      WAIT_MS,
      (result): DecommissionEnding => ({ kind: 'completed', document: asStatus(result) }),
      (cause, fallback): DecommissionEnding => ({
        kind: 'failed',
        type: typeOf(cause),
        message: cause?.message ?? fallback,
        document: null,
      }),
    );
    if (ending !== null) return ending;
  }
}

function typeOf(cause: Error | undefined): string {
  if (cause instanceof TerminatedFailure) return 'Terminated';
  if (cause instanceof TimeoutFailure) return 'TimedOut';
  return (cause instanceof ApplicationFailure ? cause.type : cause?.name) ?? 'Error';
}

/** A status of a decommission run, perhaps of another version; `null` for anything else. */
export function asStatus(value: unknown): DecommissionStatus | null {
  return isRecord(value) && typeof value.run === 'string' && typeof value.phase === 'string'
    ? (value as unknown as DecommissionStatus)
    : null;
}
