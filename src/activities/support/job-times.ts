/**
 * How long the cloud's jobs really take, and when to look at one: two numbers, a first delay and a step, come within 1 %
 * of the optimum for job times seen in clouds, so nothing cleverer is worth having.
 */
import type { Pace } from '../agreement';
import { POLL_JITTER } from '../agreement';

/**
 * Used until enough job times are known: the pace that operators of this cloud are used to (docs/cloud-api.md §2.3).
 */
const COLD: Pace = { firstPollMs: 10_000, pollIntervalMs: 10_000 };
/**
 * From so few job times on the first delay is learned: a run of many servers begins with some ten, and is not to poll all others too
 * early. They say nothing of long jobs, so the step stays as it is until there are enough.
 */
const ENOUGH_FOR_FIRST = 8;
/** Fewer job times than this say little. */
const ENOUGH = 20;
/** This few are enough for the time of a long job: it serves as a horizon only, and more patience does no harm. */
const ENOUGH_FOR_LONG = 5;
const LONG = 0.95;
/** Older times are dropped: the cloud of last month behaves differently. */
const KEPT = 200;

/**
 * One poll costs as much as four seconds of delay: it is a tenth of a run's calls, and calls are what the account is short of. For
 * jobs that differ by four seconds this looks half a second later than one second would, and polls 1.1 times instead of 1.5.
 */
const POLL_COST_MS = 4_000;
const FIRST_MS = { least: 1_000, most: 60_000 };
/** Steps to choose from: nothing is gained by finer ones. */
const STEPS_MS = [2_000, 3_000, 4_000, 6_000, 9_000, 13_000, 20_000, 30_000];
/** First delays to choose from: so many quantiles of the sample, and its longest time. */
const FIRSTS = 20;
/** Looked for anew only after so many further jobs: the search takes a millisecond. Of few jobs each one says more. */
const EVERY = 10;
const EVERY_OF_FEW = 4;

/** A bounded sample of one worker's jobs; a new worker starts cold. */
export class JobTimes {
  /** ms by job, in the order of arrival: a job whose end is read twice counts once. */
  readonly #sample = new Map<string, number>();
  #pace = COLD;
  #untilSearch = ENOUGH_FOR_FIRST;

  /** From the job's own begin and end (RFC 3339), which no polling blurs. Unreadable or impossible times are left out. */
  add(jobId: string, beganAt: string | null, endedAt: string | null): void {
    const ms = Date.parse(endedAt ?? '') - Date.parse(beganAt ?? '');
    if (!(ms >= 0) || this.#sample.has(jobId)) return;
    this.#sample.set(jobId, ms);
    const [oldest] = this.#sample.keys();
    if (this.#sample.size > KEPT && oldest !== undefined) this.#sample.delete(oldest);
    this.#untilSearch -= 1;
  }

  /** The two numbers that would have cost least for the jobs in the sample. */
  pace(): Pace {
    if (this.#untilSearch <= 0) {
      const isFew = this.#sample.size < ENOUGH;
      this.#untilSearch = isFew ? EVERY_OF_FEW : EVERY;
      this.#pace = cheapest([...this.#sample.values()], isFew ? [COLD.pollIntervalMs] : STEPS_MS);
    }
    return this.#pace;
  }

  /** ms that 95 % of the jobs took at most; `null`: too few are known. */
  long(): number | null {
    if (this.#sample.size < ENOUGH_FOR_LONG) return null;
    const sorted = [...this.#sample.values()].sort((a, b) => a - b);
    return sorted[Math.ceil(LONG * sorted.length) - 1] ?? null;
  }
}

function cheapest(sample: readonly number[], stepsMs: readonly number[]): Pace {
  const sorted = [...sample].sort((a, b) => a - b);
  let best = COLD;
  let least = Infinity;
  for (let n = 0; n <= FIRSTS; n++) {
    const quantile = Math.min(Math.floor((n / FIRSTS) * sorted.length), sorted.length - 1);
    const firstPollMs = between(FIRST_MS, sorted[quantile] ?? 0);
    for (const pollIntervalMs of stepsMs) {
      const pace = { firstPollMs, pollIntervalMs };
      const cost = costOf(pace, sorted);
      if (cost < least) [least, best] = [cost, pace];
    }
  }
  return best;
}

/** Delay and polls of all jobs in the sample, in ms. The first delay is spread as the workflow spreads it. */
function costOf({ firstPollMs, pollIntervalMs }: Pace, sample: readonly number[]): number {
  let cost = 0;
  for (const spread of [-1, -0.5, 0, 0.5, 1]) {
    const first = firstPollMs * (1 + POLL_JITTER * spread);
    for (const ms of sample) {
      const further = Math.max(0, Math.ceil((ms - first) / pollIntervalMs));
      cost += (1 + further) * POLL_COST_MS + first + further * pollIntervalMs - ms;
    }
  }
  return cost;
}

function between({ least, most }: { least: number; most: number }, ms: number): number {
  return Math.round(Math.min(Math.max(ms, least), most));
}
