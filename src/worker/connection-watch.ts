/** What the worker asks Temporal repeatedly while it runs. */
import type { Logger } from '@temporalio/worker';

/** Seldom enough to cost nothing, often enough to notice a lost connection within the 30 s that readiness allows it. */
const ASK_EVERY_MS = 10_000;

export interface ConnectionWatch {
  /** Since when Temporal has not answered, and the error; `null` while it answers. */
  lost(): { forMs: number; problem: string } | null;
}

/**
 * Asks periodically whether Temporal answers. `Worker.getStatus()` cannot tell: with the server gone for good it still
 * says RUNNING and POLLING, since Core's pollers try again for ever.
 * @param ask resolves when Temporal has answered
 * @param explain the cause with its remedy; asked once for each loss, since looks are work for a server in trouble
 */
export function watchConnection(
  ask: () => Promise<unknown>,
  explain: (error: unknown) => Promise<string>,
  log: Logger,
): ConnectionWatch {
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
      if (since !== null) return;
      since = askedAt;
      problem = error instanceof Error ? error.message : String(error);
      problem = await explain(error);
      log.warn(`Temporal does not answer: ${problem}. Nothing runs until it does.`);
    }
  });
  return {
    lost: () => (since === null ? null : { forMs: performance.now() - since, problem }),
  };
}

/** Repeats `work` this long after its last end, failed or not, while the process lives. Never keeps it alive. */
export function every(ms: number, work: () => Promise<void>): void {
  const again = () => every(ms, work);
  setTimeout(() => void work().then(again, again), ms).unref();
}
