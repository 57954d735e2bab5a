import { Context } from '@temporalio/activity';
import { HEARTBEAT } from '../agreement';

/** Reports that this worker is alive for as long as `work` takes, if the run has asked for that. */
export async function whileAlive<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  if (!context.info.heartbeatTimeoutMs) return work();
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT.everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
