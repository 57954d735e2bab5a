import { Context } from '@temporalio/activity';
import type { Effect } from '../agreement';
import type { CallOptions } from '../../ecs/cloud';
import { USUAL_URGENCY } from '../../ecs/limiter';
import type { Dependencies } from './dependencies';

/**
 * What must be left of the attempt when the bytes of an effect leave: the client's time-outs (25 s in all) and 5 s to
 * report. A worker that was frozen and thaws late must not write: the workflow has given the attempt up.
 */
const NEEDED_MS = 30_000;

/**
 * Epoch ms at which the server gives this attempt up. The clock may have stood still (SIGSTOP) since the dispatch, or be
 * behind the server's: counted from the earlier of the dispatch and now.
 */
export function attemptEndsAt(clock: Dependencies['clock']): number {
  const { currentAttemptScheduledTimestampMs, startToCloseTimeoutMs } = Context.current().info;
  return Math.min(currentAttemptScheduledTimestampMs, clock.now()) + startToCloseTimeoutMs;
}

/**
 * How urgent the calls of this attempt are: as urgent as its run, by Temporal's priority key. People who wait go before a
 * fleet.
 */
function urgency(): number {
  return Context.current().info.priority?.priorityKey ?? USUAL_URGENCY;
}

/**
 * How this attempt may read. By the end of the attempt nobody waits for the answer any more. Counted from now by the own
 * clock: a read does no harm, and must not depend on how right that clock is.
 */
export function reading({
  clock,
}: Pick<Dependencies, 'clock'>): Required<Pick<CallOptions, 'signal' | 'notAfter' | 'urgency'>> {
  const { info, cancellationSignal } = Context.current();
  return {
    signal: cancellationSignal,
    notAfter: clock.now() + info.startToCloseTimeoutMs,
    urgency: urgency(),
  };
}

/**
 * How this attempt may write. A worker that was frozen knows by the clock that its time is over. The clock of a suspended
 * machine stands still, too: so the server is asked whether it still waits for this very attempt. What it has given up, the run
 * has looked at and decided anew.
 */
export function writing({
  clock,
  namespace,
}: Dependencies): Required<Pick<CallOptions, 'notAfter' | 'confirm' | 'urgency'>> {
  const { workflowExecution, activityId, attempt } = Context.current().info;
  return {
    notAfter: attemptEndsAt(clock) - NEEDED_MS,
    urgency: urgency(),
    confirm: async () =>
      workflowExecution !== undefined &&
      (await namespace.awaits({ ...workflowExecution, activityId, attempt })),
  };
}

/** A reset keeps the original run id and gets a run id of its own: what it repeats may have been done already. */
export function isReset({ originalRunId }: Effect): boolean {
  return Context.current().info.workflowExecution?.runId !== originalRunId;
}
