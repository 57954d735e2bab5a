/**
 * Before each change of the cloud the worker asks the Temporal server whether it still waits for the change. Without
 * that answer the worker sends nothing, so the operator and each run are told why there is none.
 */
import type { Logger } from '@temporalio/worker';
import type { ActivityAttempt, Namespace } from '../../activities/support/dependencies';
import type { Temporal } from '../../client/connect';
import { GRPC, grpcCode, reasonOf } from '../../client/grpc';

/** An effect has more time than this left to report. */
export const CONFIRM_WITHIN_MS = 3_000;
const CHECK_WITHIN_MS = 10_000;
/** The same cause is logged again after this time: it may be another outage. */
const TELL_AGAIN_MS = 3_600_000;

/** Why runs cannot be read; `final`: only a change of permissions can cure it. */
export interface Unreadable {
  final: boolean;
  /** Includes the remedy if there is one. */
  text: string;
}

/** Asks about a run that does not exist. `null`: runs can be read. */
export async function whyUnreadable(temporal: Temporal): Promise<Unreadable | null> {
  try {
    await describeRun(temporal, { workflowId: 'ecs-nics-check' }, CHECK_WITHIN_MS);
    return null;
  } catch (error) {
    return grpcCode(error) === GRPC.notFound ? null : unreadable(error);
  }
}

function unreadable(error: unknown): Unreadable {
  const code = grpcCode(error);
  const final = code === GRPC.permissionDenied || code === GRPC.unauthenticated;
  return final
    ? { final, text: `${reasonOf(error)}; allow the worker DescribeWorkflowExecution` }
    : { final, text: reasonOf(error) };
}

/** Implements `awaits` of the namespace: rejects with the reason, in words, when the server cannot be asked. */
export function confirmation(temporal: Temporal, log: Pick<Logger, 'warn'>): Namespace['awaits'] {
  /** By gRPC status, of which there are few: otherwise each attempt of each run would log the same. */
  const toldAt = new Map<number, number>();
  return async (attempt) => {
    try {
      return await awaits(temporal, attempt);
    } catch (error) {
      const code = grpcCode(error);
      if (code === GRPC.notFound) return false;
      const why = `Temporal could not be asked whether it still waits for the call (${unreadable(error).text})`;
      if (performance.now() - (toldAt.get(code) ?? -Infinity) >= TELL_AGAIN_MS) {
        toldAt.set(code, performance.now());
        log.warn(`${why}: without that the worker sends nothing to the cloud`);
      }
      throw new Error(why);
    }
  };
}

async function awaits(
  temporal: Temporal,
  { workflowId, runId, activityId, attempt }: ActivityAttempt,
): Promise<boolean> {
  const { pendingActivities } = await describeRun(temporal, { workflowId, runId }, CONFIRM_WITHIN_MS);
  return (pendingActivities ?? []).some((each) => each.activityId === activityId && each.attempt === attempt);
}

function describeRun(
  { client, namespace, call }: Temporal,
  execution: { workflowId: string; runId?: string },
  withinMs: number,
) {
  return call(withinMs, () => client.workflowService.describeWorkflowExecution({ namespace, execution }));
}
