/**
 * When to look next. Two numbers, a first delay and a step, come within 1 % of the optimum for job times seen in
 * clouds; exponential back-off costs twice as much (docs/decisions/0006).
 */
import type { Pace } from '../../activities/agreement';
import { POLL_JITTER } from '../../activities/agreement';

/** After ten minutes the step grows to 5 % of the time elapsed: 20 hours then cost about 160 polls. */
const GROW_AFTER_MS = 10 * 60_000;
const GROWN_SHARE = 0.05;

/**
 * Delay before poll number `polls + 1`, in ms.
 * @param elapsedMs since the submission
 * @param random in [0, 1), from the workflow's own generator
 * @param remainingMs until the deadline: the last look falls on it
 */
export function nextPollDelay(
  pace: Pace,
  polls: number,
  elapsedMs: number,
  random: number,
  remainingMs: number,
): number {
  const step =
    elapsedMs > GROW_AFTER_MS ? Math.max(pace.pollIntervalMs, elapsedMs * GROWN_SHARE) : pace.pollIntervalMs;
  const planned = (polls === 0 ? pace.firstPollMs : step) * (1 - POLL_JITTER + 2 * POLL_JITTER * random);
  return Math.round(Math.max(1, Math.min(planned, Math.max(remainingMs, pace.pollIntervalMs * 0.1))));
}

/** Waits between readings after a job's end, in ms: soon at first (a list lags by seconds), then patient. */
const READING_GAPS_MS = [2_000, 3_000, 5_000, 8_000, 13_000, 20_000, 30_000];

/**
 * Delay before the next reading.
 * @param look readings made so far, from 1
 * @param untilPatientMs until a NIC that is still listed may be called still attached; the reading falls on it
 */
export function nextReadingDelay(look: number, untilPatientMs: number): number {
  const gap = READING_GAPS_MS[Math.min(look - 1, READING_GAPS_MS.length - 1)] ?? 30_000;
  return untilPatientMs > 0 ? Math.min(gap, Math.max(untilPatientMs, 1)) : gap;
}

/** Back-off for answers that name no delay: 5 s, doubling, up to `capMs`. */
export function backoffDelay(failures: number, capMs = 60_000): number {
  return Math.min(5_000 * 2 ** Math.min(Math.max(failures - 1, 0), 10), capMs);
}

/** As the cloud says, but never in a storm: at least a second, and backing off when it keeps saying no. */
export function throttleDelay(retryAfterMs: number | null, throttles: number): number {
  if (retryAfterMs === null) return backoffDelay(throttles);
  return Math.max(retryAfterMs, throttles > 5 ? backoffDelay(throttles - 5) : 1_000);
}
