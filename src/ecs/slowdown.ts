/**
 * What a throttled worker does to its rate: a factor that falls at once and rises step by step. No source tells the
 * quota (docs/cloud-api.md §6.3), so the worker has to feel for it, and each attempt to go faster may cost a throttled
 * call.
 */

/** The first answer after a long time: probably just above the quota, which others share. */
const A_LITTLE = 0.9;
/** Throttled again so soon: the rate is far above the quota, and small steps would bring one refusal after the other. */
const MUCH = 0.7;
const SOON_MS = 15_000;
/** No faster for this long: with the steps below, a rate that meets the quota again is refused once or twice a minute. */
const HOLD_MS = 30_000;
/** Then 2 % of the full rate every 5 s: from the half back to the whole in two and a half minutes. */
const STEP = 0.02;
const STEP_MS = 5_000;
/** Pauses do the rest where the quota is still smaller. */
const LEAST = 0.05;

/** Times are of one clock that never goes back, in ms. */
export class Slowdown {
  #factor = 1;
  #goesOnAt = -Infinity;

  /** @param goesOnAt the end of the pause that the throttled answer asks for */
  reduce(at: number, goesOnAt: number): void {
    const by = at - this.#goesOnAt < SOON_MS ? MUCH : A_LITTLE;
    this.#factor = Math.max(LEAST, this.factor(at) * by);
    this.#goesOnAt = goesOnAt;
  }

  /** What is left of the full rate; 1: all of it. */
  factor(at: number): number {
    const steps = Math.floor((at - this.#goesOnAt - HOLD_MS) / STEP_MS) + 1;
    return Math.min(1, this.#factor + Math.max(0, steps) * STEP);
  }
}
