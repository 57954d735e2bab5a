/** The questions of `follow`, asked of a Temporal server. */
import { WorkflowNotFoundError, isGrpcServiceError } from '@temporalio/client';
import type { Temporal } from './connect';
import type { RunPointer } from './ending';
import { readEnding } from './ending';
import type { RunSource } from './follow';
import { queryStatus } from './query';
import { readWhy } from './silent';

const QUERY_MS = 3_000;
const CALL_MS = 3_000;

/** gRPC codes after which the same question may be answered: everything that isn't about us or the run. */
const FINAL_CODES = new Set([3, 5, 6, 7, 12, 16]);

export interface FollowedRun extends RunPointer {
  readonly taskQueue: string;
  /** Our clock when we started it; `null`: somebody else did. */
  readonly startedByUsAt: number | null;
}

export function runSource(temporal: Temporal, run: FollowedRun): RunSource {
  const startedAs = run.runId;
  let clockOffset: number | null = null;

  /** Known when we started the run. */
  async function offset(): Promise<number> {
    if (run.startedByUsAt === null) return 0;
    if (clockOffset === null) {
      const first = temporal.client.workflow.getHandle(run.workflowId, startedAs);
      const { startTime } = await temporal.call(CALL_MS, () => first.describe());
      clockOffset = startTime.getTime() - run.startedByUsAt;
    }
    return clockOffset;
  }

  return {
    // Bound to the run: a later one with the same id may be somebody else's. Waiting for the end moves it along its chain.
    status: () => queryStatus(temporal, run, QUERY_MS),
    why: (isAnswering) => readWhy(temporal, run, { isAnswering, clockOffset: offset }),
    ending: () => readEnding(temporal, run),
    isPassing: (error) => {
      if (error instanceof WorkflowNotFoundError) return false;
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      return isGrpcServiceError(cause) && !FINAL_CODES.has(cause.code);
    },
  };
}
