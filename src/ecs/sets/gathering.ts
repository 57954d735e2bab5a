import { abortable } from '../abortable';
import type { Clock } from '../clock';

/**
 * Requests that come while a call is under way wait for its end, but no longer than `least`. Where many come, each call waits longer
 * for the next ones: what has gathered in a window, times `least`, and no longer than `most`. A read that is 4 s late costs a run
 * little; five calls in each of those seconds would cost the account more. A full call waits for nobody.
 */
const WINDOW_MS = { least: 200, most: 4_000 } as const;

interface Waiting<Request, Answer> {
  request: Request;
  signal: AbortSignal | undefined;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

export interface Settings<Request, Answer> {
  /**
   * Makes one call. `take` has to be called when the call is about to leave, after the wait for the rate limit: it
   * returns the requests that the call answers, the same ones each time.
   * @returns the answers, in the order of the requests
   */
  send: (take: () => readonly Request[]) => Promise<readonly Answer[]>;
  /** How much of {@link Settings.limit} a request needs. */
  weigh: (request: Request) => number;
  /** Limit for one call. A request that exceeds it goes in a call of its own. */
  limit: number;
  clock: Clock;
}

/**
 * Answers with one call the requests that wait at the same time. Nothing is kept: a request is answered by a call that
 * begins after it came, since one that is under way may return an older state. An error of the call is the error of each of
 * its requests. A caller that gives up takes nothing from the others.
 */
export class Gathering<Request, Answer> {
  readonly #settings: Settings<Request, Answer>;
  readonly #underWay = new Set<Promise<unknown>>();
  #waiting: Waiting<Request, Answer>[] = [];
  /** A call will leave soon, and takes along whatever waits then. */
  #opened = false;
  /** Aborted when what waits fills a call. */
  #full = new AbortController();
  #windowMs: number = WINDOW_MS.least;
  /** When the last call left, by the clock. */
  #leftAt = -Infinity;

  constructor(settings: Settings<Request, Answer>) {
    this.#settings = settings;
  }

  /** Nothing waits, and no call is under way. */
  get idle(): boolean {
    return !this.#opened && !this.#isCrowded && this.#underWay.size === 0;
  }

  /** One call can't answer all that wait. */
  get #isFull(): boolean {
    return this.#fits(this.#waiting) < this.#waiting.length;
  }

  /** The last call has answered several requests, a moment ago. */
  get #isCrowded(): boolean {
    const { least } = WINDOW_MS;
    return this.#windowMs > least && this.#settings.clock.now() < this.#leftAt + this.#windowMs;
  }

  /** A call of the caller's own. Requests that come meanwhile gather. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#track(work());
  }

  ask(request: Request, signal?: AbortSignal): Promise<Answer> {
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ request, signal, resolve, reject });
    });
    if (this.#isFull) this.#full.abort();
    this.#open();
    return abortable(answer, signal);
  }

  #open(): void {
    if (this.#opened) return;
    this.#opened = true;
    void this.#window().then(() => this.#call());
  }

  async #window(): Promise<void> {
    const { clock } = this.#settings;
    if (this.#isCrowded && !this.#isFull) {
      this.#full = new AbortController();
      return clock.sleep(this.#windowMs, this.#full.signal).catch(() => undefined);
    }
    if (this.#underWay.size === 0) return;
    const oneEnds = Promise.race(this.#underWay).catch(() => undefined);
    await Promise.race([oneEnds, clock.sleep(WINDOW_MS.least)]);
  }

  async #call(): Promise<void> {
    let taken: Waiting<Request, Answer>[] | null = null;
    const take = () => (taken ??= this.#take());
    try {
      const answers = await this.#track(this.#settings.send(() => take().map(({ request }) => request)));
      take().forEach(({ resolve }, index) => resolve(answers[index] as Answer));
    } catch (error) {
      // Also when the call did not get as far as to leave.
      for (const { reject } of take()) reject(error);
    }
  }

  #take(): Waiting<Request, Answer>[] {
    const waiting = this.#waiting.filter(({ signal }) => signal?.aborted !== true);
    const count = this.#fits(waiting);
    this.#waiting = waiting.slice(count);
    this.#leftAt = this.#settings.clock.now();
    this.#windowMs = Math.min(WINDOW_MS.most, Math.max(1, count) * WINDOW_MS.least);
    this.#opened = false;
    if (this.#waiting.length > 0) this.#open();
    return waiting.slice(0, count);
  }

  /** How many of them one call can answer. */
  #fits(waiting: readonly Waiting<Request, Answer>[]): number {
    const { weigh, limit } = this.#settings;
    let weight = 0;
    let count = 0;
    for (const { request } of waiting) {
      weight += weigh(request);
      if (weight > limit && count > 0) break;
      count += 1;
    }
    return count;
  }

  #track<T>(call: Promise<T>): Promise<T> {
    this.#underWay.add(call);
    const end = () => this.#underWay.delete(call);
    call.then(end, end);
    return call;
  }
}
