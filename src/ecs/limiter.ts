import type { Clock } from './clock';
import { Slowdown } from './slowdown';

/** How much one worker may call. */
export interface Share {
  /** Above 0. */
  callsPerSecond: number;
  /** Calls that may go without spacing after a rest, at least 1. */
  burst: number;
}

export interface Wish {
  signal?: AbortSignal;
  /** Of those that wait, the lowest number goes first. */
  urgency?: number;
  /** Epoch ms after which a turn is of no use. */
  notAfter?: number;
  /** Equally urgent calls that come up to so many ms later may go first. */
  yieldsMs?: number;
}

/** The right to send one request. */
export interface Turn {
  readonly number: number;
  /** When it was given, by the limiter's own clock. */
  readonly at: number;
}

/** What the cloud has said to the call that it throttled. */
export interface Throttle {
  /** `null`: it names no time. */
  pauseMs: number | null;
  code: string | null;
  requestId: string | null;
}

/** A call gets no turn: `late`, or so long a pause after a throttled answer that nobody should hold the call for it. */
export class NoTurn extends Error {
  constructor(
    readonly why: 'late' | 'paused',
    readonly leftMs = 0,
    readonly throttle: Throttle | null = null,
  ) {
    super(why);
  }
}

/** That of the scale of Temporal's priority keys (1 to 5) which stands for "none". */
export const USUAL_URGENCY = 3;
/** A call that names no end has its place in the queue as one of a read that begins now: its attempt lasts so long. */
const USUAL_ATTEMPT_MS = 45_000;
/** A longer pause is not waited for in an attempt (45 s and 60 s) but by the run, on its durable timer. */
const HELD_MS = 10_000;
/** The least pause after a throttled answer; doubled while the first call after it is throttled again. */
const PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/**
 * A turn must be used by then, or be taken anew. Calls that have waited for a token or for Temporal would leave all at
 * once; the worker's share has room for turns that are used this late (src/worker/shares.ts).
 */
const TURN_MS = 250;
/** Tokens are sums of fractions. */
const NEARLY = 1e-7;
/** A shorter sleep may not move a clock that counts from 1970 in fractions of ms. */
const SHORTEST_MS = 0.01;

interface Waiting {
  urgency: number;
  end: number;
  notAfter: number;
  give: (turn: Turn) => void;
  refuse: (error: Error) => void;
}

/**
 * The worker's own rate limit, shared by all its calls: evenly spaced, with a small burst (a bucket of tokens). The cloud
 * counts calls per user and may block a whole window of minutes (docs/cloud-api.md §6.3), so spacing is better than
 * spending a window's allowance at once.
 *
 * The most urgent call goes first, among those the one whose attempt ends first: what has begun is finished before other
 * work begins, so under overload some attempts succeed instead of all running out of time.
 *
 * A throttled answer stops all calls for the time that it names, at least for a pause that grows while the first call after
 * it is throttled again; and it slows them afterwards ({@link Slowdown}).
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #slowdown = new Slowdown();
  #share: Share;
  #tokens: number;
  /** The own clock, in ms: it stands still where the given one is set back, which must not stop all calls. */
  #time = 0;
  #read: number;
  #goesOnAt = -Infinity;
  #throttle: Throttle | null = null;
  /** Throttled first calls after a pause, in a row. */
  #inVain = 0;
  #turns = 0;
  /** Turns up to this number were given before the last reaction: what becomes of them is no news. */
  #known = 0;
  readonly #queue: Waiting[] = [];
  #serving = false;
  #wake = new AbortController();

  /**
   * @param burst see {@link Share}
   * @param onThrottled told of every throttled answer that stops the calls, and for how many ms
   */
  constructor(
    callsPerSecond: number,
    burst: number,
    clock: Clock,
    private readonly onThrottled: (throttle: Throttle, ms: number) => void = () => {},
  ) {
    this.#share = checked({ callsPerSecond, burst });
    this.#tokens = burst;
    this.#clock = clock;
    this.#read = clock.now();
  }

  /** Calls per second at present: 0 in a pause. */
  get rate(): number {
    const at = this.#advance();
    return at < this.#goesOnAt ? 0 : this.#rateAt(at);
  }

  /** From now on this is the worker's share. What was saved up beyond the new burst is lost. */
  share(share: Share): void {
    this.#advance();
    this.#share = checked(share);
    this.#tokens = Math.min(this.#tokens, share.burst);
    this.#wake.abort();
  }

  /**
   * Resolves when the call may go. Rejects, and uses no turn, with {@link NoTurn}, or with the signal's reason when it is
   * aborted.
   */
  acquire({ signal, urgency = USUAL_URGENCY, notAfter = Infinity, yieldsMs = 0 }: Wish = {}): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        const place = this.#queue.indexOf(waiting);
        if (place >= 0) this.#queue.splice(place, 1);
        reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const end = Math.min(notAfter, this.#clock.now() + USUAL_ATTEMPT_MS + yieldsMs);
      const over = () => signal?.removeEventListener('abort', abort);
      const waiting: Waiting = {
        urgency,
        end,
        notAfter,
        give: (turn) => (over(), resolve(turn)),
        refuse: (error) => (over(), reject(error)),
      };
      if (signal?.aborted === true) return abort();
      const left = this.#goesOnAt - this.#advance();
      if (left > HELD_MS) return reject(new NoTurn('paused', left, this.#throttle));
      signal?.addEventListener('abort', abort, { once: true });
      const before = this.#queue.findLastIndex(
        (other) => other.urgency < urgency || (other.urgency === urgency && other.end <= end),
      );
      this.#queue.splice(before + 1, 0, waiting);
      void this.#serve();
    });
  }

  /** The turn was not used: whoever takes it anew pays once. Beyond the burst it is lost. */
  giveBack(): void {
    this.#advance();
    this.#tokens = Math.min(this.#tokens + 1, this.#most());
    this.#wake.abort();
  }

  /** Too much time has passed since the turn was given. */
  isStale({ at }: Turn): boolean {
    return this.#advance() - at > TURN_MS;
  }

  /** The call of this turn was throttled. A burst of such answers counts once. */
  throttled({ number }: Turn, throttle: Throttle): void {
    const at = this.#advance();
    const isNews = number > this.#known;
    // The first call after a pause tells that the pause was too short, not that the rate is too high.
    const inVain = isNews && this.#known > 0 && number === this.#known + 1;
    if (isNews) this.#inVain = inVain ? this.#inVain + 1 : 0;
    const ownMs = isNews ? Math.min(PAUSE_MS * 2 ** this.#inVain, MAX_PAUSE_MS) : 0;
    // A named time may be over already, or too short again and again.
    const goesOnAt = Math.max(this.#goesOnAt, at + Math.max(ownMs, throttle.pauseMs ?? 0));
    if (isNews) {
      if (!inVain) this.#slowdown.reduce(at, goesOnAt);
      this.#known = this.#turns;
      this.#throttle = throttle;
      // A burst after the pause would run into the quota again.
      this.#tokens = Math.min(this.#tokens, 1);
    }
    this.#goesOnAt = goesOnAt;
    const left = goesOnAt - at;
    if (isNews) this.onThrottled(throttle, left);
    if (left > HELD_MS) {
      for (const { refuse } of this.#queue.splice(0)) refuse(new NoTurn('paused', left, this.#throttle));
    }
    this.#wake.abort();
  }

  /** Gives turns for as long as calls wait. */
  async #serve(): Promise<void> {
    if (this.#serving) return;
    this.#serving = true;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (this.#clock.now() > next.notAfter) {
        this.#queue.shift()?.refuse(new NoTurn('late'));
        continue;
      }
      const at = this.#advance();
      const waitMs = Math.max(this.#goesOnAt - at, ((1 - this.#tokens) / this.#rateAt(at)) * 1_000);
      if (at < this.#goesOnAt || this.#tokens < 1 - NEARLY) {
        this.#wake = new AbortController();
        await this.#clock.sleep(Math.max(waitMs, SHORTEST_MS), this.#wake.signal).catch(() => undefined);
        continue;
      }
      this.#tokens -= 1;
      this.#queue.shift()?.give({ number: ++this.#turns, at });
      // The call goes before anything else happens.
      await Promise.resolve();
    }
    this.#serving = false;
  }

  /** Moves the own clock on, and the tokens with it. Nothing is saved up in a pause. */
  #advance(): number {
    const now = this.#clock.now();
    const from = Math.max(this.#time, this.#goesOnAt);
    this.#time += Math.max(0, now - this.#read);
    this.#read = now;
    const saved = (Math.max(0, this.#time - from) * this.#rateAt(this.#time)) / 1_000;
    this.#tokens = Math.min(this.#tokens + saved, this.#most());
    return this.#time;
  }

  /** No bursts while the worker feels for the quota. */
  #most(): number {
    return this.#slowdown.factor(this.#time) < 1 ? 1 : this.#share.burst;
  }

  #rateAt(at: number): number {
    return this.#share.callsPerSecond * this.#slowdown.factor(at);
  }
}

function checked(share: Share): Share {
  if (share.callsPerSecond > 0 && share.burst >= 1) return share;
  throw new RangeError('a rate above 0 and a burst of 1 at least');
}
