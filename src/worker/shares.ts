/**
 * How the workers of a queue share the rate (ECS_NICS_CLOUD_RPS, here Q): each knows how many they are, and takes its part.
 * Together they make at most 10·Q calls in any 10 s, which is what the cloud's quota and docs/contract.md count:
 *
 * | calls in any 10 s                                                   | at most     | Q = 10 |
 * |---------------------------------------------------------------------|-------------|--------|
 * | bursts: what all have saved up, at least one call each              | max(B, n)   | 5      |
 * | a newcomer that the others do not know of yet: its first call, and then Q/40 for 10 s | 1 + Q/4   | 3.5    |
 * | turns that are used 250 ms late (src/ecs/limiter.ts)                | Q/4         | 2.5    |
 * | all the rest, evenly                                                | 10·Q·s      | 89     |
 *
 * So s = 0.95 - (max(B, n) + 1) / (10·Q): 0.89 at Q = 10, 0.94 at 50, and never below 0.85 for one worker from Q = 2 on.
 * Below that the single calls weigh more (0.75 at Q = 1): a call can't be divided.
 */
import type { Share } from '../ecs/limiter';
import type { Poller } from '../client/pollers';
import { POLLER_FRESH_MS } from '../client/pollers';

/** An inspection makes five calls at most, and a person waits for it. Half a second of Q where that is less. */
const MOST_BURST = 5;
/** In this time the others have looked: every 2 s, and each answer may take 3, so up to 8 s pass; and a little. */
const UNKNOWN_MS = 10_000;
/** Whoever was away for so long is taken for dead by the others soon. */
const AWAY_MS = 60_000;

/** The part of one of n workers. */
export function shareOf(callsPerSecond: number, workers: number): Share {
  const burst = Math.min(MOST_BURST, Math.ceil(callsPerSecond / 2));
  const evenly = 0.95 - (Math.max(burst, workers) + 1) / (10 * callsPerSecond);
  return {
    // With more workers than calls a second nothing is left to share: each goes on slowly.
    callsPerSecond: (callsPerSecond * Math.max(evenly, 0.25)) / workers,
    burst: Math.max(1, Math.floor(burst / workers)),
  };
}

/** The part of a worker that the others do not know of yet. Several that come together share it, too. */
export function trickleOf(callsPerSecond: number, others: number): Share {
  return { callsPerSecond: callsPerSecond / 40 / Math.max(1, others), burst: 1 };
}

/**
 * What a worker concludes from what the server lists of the pollers of its queue. A list may lack some of them: the part of the
 * server that holds it begins anew with none, and a partition of the queue knows only its own. So whoever was listed counts until
 * he has not polled for too long.
 */
export class Shares {
  /** The server's clock as far as the lists show it, in ms; the own one may be wrong. */
  #serverNow = -Infinity;
  #lookedAt: number | null = null;
  /** Since when the server lists this worker; `null`: not yet. */
  #listedSince: number | null = null;
  /** The others know of this worker, or there are none. */
  #isKnown = false;
  /** The last list showed this worker, and nobody else was known. */
  #wasAlone = false;
  #workers = 1;
  /** When each poller was seen by the server, when it was listed first and at last. */
  readonly #seen = new Map<string, { first: number; last: number }>();

  /**
   * @param identity this worker's
   * @param isEnded whether the identity is that of a process of this machine which has ended
   */
  constructor(
    private readonly callsPerSecond: number,
    private readonly identity: string,
    private readonly isEnded: (identity: string) => boolean,
  ) {}

  get workers(): number {
    return this.#workers;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** @param now of a clock that never goes back, in ms */
  look(pollers: readonly Poller[], now: number): Share {
    for (const { identity, lastSeen } of pollers) {
      const { first, last } = this.#seen.get(identity) ?? { first: lastSeen, last: lastSeen };
      this.#seen.set(identity, { first, last: Math.max(last, lastSeen) });
    }
    const passed = this.#lookedAt === null ? 0 : now - this.#lookedAt;
    if (passed > AWAY_MS) [this.#isKnown, this.#listedSince, this.#wasAlone] = [false, null, false];
    this.#lookedAt = now;
    this.#serverNow = Math.max(this.#serverNow + passed, ...[...this.#seen.values()].map(({ last }) => last));
    const isListed = pollers.some(({ identity }) => identity === this.identity);
    if (isListed) this.#listedSince ??= now;
    // Who has polled since lives, whatever is known of processes: a container may have the same host name.
    const others = [...this.#seen].filter(
      ([identity, { first, last }]) =>
        identity !== this.identity &&
        this.#serverNow - last < POLLER_FRESH_MS &&
        (last > first || !this.isEnded(identity)),
    ).length;
    this.#workers = 1 + others;
    // A worker that starts after this look will find this one listed. One list alone may be the first of a new one.
    const isAlone = isListed && others === 0;
    const isOld = this.#listedSince !== null && now - this.#listedSince >= UNKNOWN_MS;
    this.#isKnown ||= (isAlone && this.#wasAlone) || isOld;
    this.#wasAlone = isAlone;
    return this.#isKnown
      ? shareOf(this.callsPerSecond, this.#workers)
      : trickleOf(this.callsPerSecond, others);
  }

  /** The server can't be asked: the last known number counts, at first one. */
  unasked(): Share {
    this.#isKnown = true;
    return shareOf(this.callsPerSecond, this.#workers);
  }
}
