/** Waits for the end of a run, or until it is enough: asks for its status about once a second, and never hangs whatever is down. */
import type { ResultDocument } from '../contract';
import { reasonOf } from '../connection';
import type { Ending } from './ending';

/** What is asked while waiting; each call is bounded in time by whoever implements it. */
export interface RunSource {
  /** The run's document; throws when no worker answers in time. */
  status(): Promise<ResultDocument | null>;
  /** Task queues of the run that no worker polls. */
  idleQueues(): Promise<string[]>;
  /** Resolves when the run has closed; throws when a round of waiting is over. */
  ending(): Promise<Ending>;
  /** Whether asking again may help after this error. */
  isPassing(error: unknown): boolean;
}

export interface FollowState {
  document: ResultDocument | null;
  /** What keeps the run, or us, from going on. */
  trouble:
    | null
    | { kind: 'no-worker'; queues: string[]; forMs: number; limitMs: number }
    | { kind: 'lost'; why: string; forMs: number; limitMs: number };
}

export interface View {
  show(state: FollowState): void;
}

export type FollowEnd =
  | { kind: 'closed'; ending: Ending }
  /** The run goes on, but there is no need to wait for its end. */
  | { kind: 'enough'; document: ResultDocument }
  | { kind: 'interrupted'; document: ResultDocument | null }
  | { kind: 'no-worker'; document: ResultDocument | null; queues: string[]; forMs: number }
  | { kind: 'lost'; document: ResultDocument | null; why: string; forMs: number };

export interface FollowLimits {
  /** Between two looks. */
  stepMs: number;
  /** Without any change for so long, the queues are asked for their workers. */
  stalledMs: number;
  /** From when on a missing worker or server is mentioned; a worker that just starts is no news. */
  sayAfterMs: number;
  noWorkerMs: number;
  lostMs: number;
}

export const FOLLOW_LIMITS: FollowLimits = {
  stepMs: 1_000,
  stalledMs: 5_000,
  sayAfterMs: 3_000,
  noWorkerMs: 30_000,
  lostMs: 60_000,
};

export async function follow(
  source: RunSource,
  view: View,
  interrupted: Promise<unknown>,
  isEnough: (document: ResultDocument) => boolean = () => false,
  limits: FollowLimits = FOLLOW_LIMITS,
): Promise<FollowEnd> {
  const follower = new Follower(source, view, isEnough, limits);
  try {
    return await Promise.race([
      follower.untilClosed(),
      follower.watch(),
      interrupted.then((): FollowEnd => ({ kind: 'interrupted', document: follower.document })),
    ]);
  } finally {
    follower.over = true;
  }
}

class Follower {
  document: ResultDocument | null = null;
  over = false;

  constructor(
    private readonly source: RunSource,
    private readonly view: View,
    private readonly isEnough: (document: ResultDocument) => boolean,
    private readonly limits: FollowLimits,
  ) {}

  async untilClosed(): Promise<FollowEnd> {
    for (;;) {
      try {
        return { kind: 'closed', ending: await this.source.ending() };
      } catch (error) {
        // How long this may go on is the watch's decision.
        if (!this.source.isPassing(error)) throw error;
        await pause(this.limits.stepMs);
      }
      if (this.over) return never();
    }
  }

  async watch(): Promise<FollowEnd> {
    const { limits } = this;
    let contactAt = Date.now();
    let changedAt = Date.now();
    let workersAt = Date.now();
    let queuesAskedAt = 0;
    let queues: string[] = [];
    let lostWhy: string | null = null;

    while (!this.over) {
      let answered = false;
      try {
        const document = await this.source.status();
        answered = true;
        contactAt = Date.now();
        if (JSON.stringify(document) !== JSON.stringify(this.document)) changedAt = contactAt;
        this.document = document ?? this.document;
      } catch {
        // No worker, a busy one, or no server: asked next.
      }
      if (this.over) break;
      if (answered && this.document !== null && this.isEnough(this.document)) {
        this.view.show({ document: this.document, trouble: null });
        return { kind: 'enough', document: this.document };
      }

      const stalled = answered && Date.now() - changedAt >= limits.stalledMs;
      if (!answered || (stalled && Date.now() - queuesAskedAt >= limits.stalledMs)) {
        queuesAskedAt = Date.now();
        try {
          queues = await this.source.idleQueues();
          contactAt = Date.now();
          lostWhy = null;
        } catch (error) {
          lostWhy = reasonOf(error);
        }
      } else {
        lostWhy = null;
        if (!stalled) queues = [];
      }
      if (this.over) break;

      const now = Date.now();
      // While the server is away nobody can poll, and nobody is to blame for it.
      if (queues.length === 0 || lostWhy !== null) workersAt = now;
      const noWorkerFor = now - workersAt;
      const lostFor = now - contactAt;
      if (noWorkerFor >= limits.noWorkerMs) {
        return { kind: 'no-worker', document: this.document, queues, forMs: noWorkerFor };
      }
      if (lostWhy !== null && lostFor >= limits.lostMs) {
        return { kind: 'lost', document: this.document, why: lostWhy, forMs: lostFor };
      }
      this.view.show({
        document: this.document,
        trouble: this.trouble(queues, noWorkerFor, lostWhy, lostFor),
      });
      await pause(limits.stepMs);
    }
    return never();
  }

  private trouble(
    queues: string[],
    noWorkerFor: number,
    why: string | null,
    lostFor: number,
  ): FollowState['trouble'] {
    const { sayAfterMs, noWorkerMs, lostMs } = this.limits;
    if (why !== null && lostFor >= sayAfterMs) return { kind: 'lost', why, forMs: lostFor, limitMs: lostMs };
    if (noWorkerFor >= sayAfterMs)
      return { kind: 'no-worker', queues, forMs: noWorkerFor, limitMs: noWorkerMs };
    return null;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** For the loser of the race: somebody else has the answer. */
function never(): Promise<never> {
  return new Promise(() => {});
}
