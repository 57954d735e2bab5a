/** What is asked of Temporal again and again while the worker runs. */
import type { Logger } from '@temporalio/worker';

/** Seldom enough to cost nothing, often enough to notice a lost connection within the 30 s that readiness allows it. */
const ASK_EVERY_MS = 10_000;

export interface ConnectionWatch {
  /** Since when, and by which error, nothing answers; `null` while it does. */
  lost(): { forMs: number; problem: string } | null;
}

/**
 * Asks now and then whether Temporal answers. `Worker.getStatus()` can't tell: with the server gone for good it goes on
 * saying RUNNING and POLLING, since Core's pollers try again for ever.
 *
 * @param ask resolves when Temporal has answered
 */
export function watchConnection(ask: () => Promise<unknown>, log: Logger): ConnectionWatch {
  let since: number | null = null;
  let problem = '';
  every(ASK_EVERY_MS, async () => {
    const askedAt = performance.now();
    try {
      await ask();
      if (since !== null) {
        log.info(`Temporal answers again, after ${Math.round((performance.now() - since) / 1_000)} s`);
      }
      since = null;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
      if (since === null) log.warn(`Temporal does not answer: ${problem}. Nothing runs until it does.`);
      since ??= askedAt;
    }
  });
  return {
    lost: () => (since === null ? null : { forMs: performance.now() - since, problem }),
  };
}

/** Runs `work` so long after its last end, failed or not, for as long as the process lives; never keeps it alive. */
export function every(ms: number, work: () => Promise<void>): void {
  const again = () => every(ms, work);
  setTimeout(() => void work().then(again, again), ms).unref();
}
