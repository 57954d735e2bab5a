import { setTimeout as delay } from 'node:timers/promises';

/** Time as the cloud client sees it; injected, so that tests can run on virtual time. */
export interface Clock {
  /** Whole milliseconds since 1970, UTC, as timers take them: dates of signatures and `CallOptions.notAfter`. */
  now(): number;
  /** Waits `ms` milliseconds; rejects when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};
