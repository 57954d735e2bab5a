/**
 * Calculates when to look next. A first delay and a step come within 1 % of the optimum for the job times seen in
 * clouds; exponential back-off costs twice as much (docs/decisions/0006).
 */
import type { Pace } from '../../activities/agreement';
import { HOLD_MS, POLL_JITTER } from '../../activities/agreement';

/** After ten minutes the step grows to 5 % of the elapsed time: a job of 20 hours then costs about 160 polls. */
const GROW_AFTER_MS = 10 * 60_000;
const GROWN_SHARE = 0.05;

/**
 * Delay before poll number `polls + 1`, in ms.
 * @param elapsedMs since the submission
 * @param random in [0, 1), from the workflow's own generator
 * @param remainingMs until the deadline; the last poll falls on it
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

/** Pauses between readings after the end of a job, in ms: short at first, since a list lags by seconds, then longer. */
const READING_GAPS_MS = [2_000, 3_000, 5_000, 8_000, 13_000, 20_000, 30_000];

/**
 * Delay before the next reading.
 * @param look readings made so far, from 1
 * @param untilPatientMs until a listed NIC may get the verdict `still-attached`; a reading falls on that moment
 */
export function nextReadingDelay(look: number, untilPatientMs: number): number {
  const gap = READING_GAPS_MS[Math.min(look - 1, READING_GAPS_MS.length - 1)] ?? 30_000;
  return untilPatientMs > 0 ? Math.min(gap, Math.max(untilPatientMs, 1)) : gap;
}

/**
 * Pause while the server is in a state that does not allow what is wanted: a transient one, a lock that a person may remove, an
 * incomplete list.
 */
export const STATE_WAIT_MS = 10_000;

/** A server that is busy is not asked again sooner, however short jobs are known to be. */
const BUSY_LEAST_MS = 5_000;
/** Where no job time is known: a quarter beyond the first poll, so that a job a little longer costs no further inspection. */
const BEYOND_FIRST_POLL = 1.25;

/**
 * Delay before a busy server is looked at again: as long as jobs are known to take, then doubling.
 * @param longMs duration of a long job in the worker's experience; 0: it has none
 * @param times busy answers in a row, including this one
 * @param mostMs `busyWait` of the request
 */
export function busyDelay(
  { longMs, pace }: { longMs: number; pace: Pace },
  times: number,
  mostMs: number,
): number {
  const first = Math.max(BUSY_LEAST_MS, longMs || pace.firstPollMs * BEYOND_FIRST_POLL);
  return Math.min(first * 2 ** Math.min(times - 1, 10), mostMs);
}

/** Back-off for answers that name no delay: 5 s, doubling, at most `capMs`. */
export function backoffDelay(failures: number, capMs = 60_000): number {
  return Math.min(5_000 * 2 ** Math.min(Math.max(failures - 1, 0), 10), capMs);
}

/** Credentials or permissions are refused: a person has to mend that, and a whole page asks. A minute, doubling, at most an hour. */
export function holdDelay(refusals: number): number {
  return Math.min(HOLD_MS * 2 ** Math.min(Math.max(refusals - 1, 0), 10), 3_600_000);
}

/** The delay that the cloud names, but at least one second, and after five throttled calls at least the back-off. */
export function throttleDelay(retryAfterMs: number | null, throttles: number): number {
  if (retryAfterMs === null) return backoffDelay(throttles);
  return Math.max(retryAfterMs, throttles > 5 ? backoffDelay(throttles - 5) : 1_000);
}
