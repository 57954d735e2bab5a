import { Context } from '@temporalio/activity';
import type { Dependencies } from './dependencies';

/**
 * Epoch ms at which the server gives this attempt up. The clock may have stood still (SIGSTOP) since the dispatch, or be
 * behind the server's: counted from the earlier of the dispatch and now.
 */
export function attemptEndsAt(clock: Dependencies['clock']): number {
  const { currentAttemptScheduledTimestampMs, startToCloseTimeoutMs } = Context.current().info;
  return Math.min(currentAttemptScheduledTimestampMs, clock.now()) + startToCloseTimeoutMs;
}
