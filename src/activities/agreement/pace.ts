/** When to poll a job, learned or by default: first delay and step. */
export interface Pace {
  firstPollMs: number;
  pollIntervalMs: number;
}

/**
 * Both are spread by ± this share: runs started together must not poll at the same moments. No wider, since a poll that comes
 * before the job's end is a call for nothing: the worker's limiter keeps the rate anyway.
 */
export const POLL_JITTER = 0.05;
