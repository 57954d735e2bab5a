import { abortable } from './abortable';
import type { Clock } from './clock';

/**
 * The worker's own rate limit, shared by all its calls: evenly spaced, first come first served, with a small burst (the
 * generic cell rate algorithm). The cloud counts calls per user and may block a whole window of minutes
 * (docs/cloud-api.md §6.3), so spacing is better than spending a window's allowance at once.
 */
export class RateLimiter {
  readonly #intervalMs: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #nextAt = -Infinity;
  #queue: Promise<unknown> = Promise.resolve();

  /**
   * @param callsPerSecond above 0
   * @param burst calls that may go without spacing after a pause, at least 1
   */
  constructor(callsPerSecond: number, burst: number, clock: Clock) {
    if (!(callsPerSecond > 0) || !(burst >= 1))
      throw new RangeError('a rate above 0 and a burst of 1 at least');
    this.#intervalMs = 1000 / callsPerSecond;
    this.#burst = burst;
    this.#clock = clock;
  }

  /** Resolves when the call may go. When aborted, rejects with the signal's reason and uses no turn. */
  acquire(signal?: AbortSignal): Promise<void> {
    const turn = this.#queue.then(() => this.#take(signal));
    this.#queue = turn.catch(() => undefined);
    return abortable(turn, signal);
  }

  async #take(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const wait = this.#nextAt - (this.#burst - 1) * this.#intervalMs - this.#clock.now();
    // The wait exceeds one interval only if the clock was set back, which must not stop all calls.
    if (wait > 0) await this.#clock.sleep(Math.min(wait, this.#intervalMs), signal);
    const now = this.#clock.now();
    const latest = now + this.#burst * this.#intervalMs;
    this.#nextAt = Math.min(Math.max(this.#nextAt, now) + this.#intervalMs, latest);
  }
}
