/** Waits for the end of a run, or until it is enough: asks for its status about once a second, and never hangs whatever is down. */
import type { ResultDocument } from '../contract';
import type { Temporal } from './connect';
import type { Ending } from './ending';
import { readEnding } from './ending';
import type { RunPointer } from './find';
import { queryStatus } from './find';
import { isPassing, reasonOf } from './grpc';
import type { Why } from './silent';
import { isBlocking, readWhy } from './silent';

const QUERY_MS = 3_000;
const CALL_MS = 3_000;

/** What is asked while waiting; each call is bounded in time by whoever implements it. */
export interface RunSource {
  /** The run's document; throws when no worker answers in time. */
  status(): Promise<ResultDocument | null>;
  /** What keeps the run from going on; `isAnswering`: it has just answered. */
  why(isAnswering: boolean): Promise<Why>;
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
    /** `limitMs: null`: it is waited for, however long it takes. */
    | { kind: 'silent'; why: Why; forMs: number; limitMs: number | null }
    | { kind: 'lost'; why: string; forMs: number; limitMs: number };
  /** Identities of the workers that poll, where it has been asked. */
  pollers: readonly string[];
}

export interface View {
  show(state: FollowState): void;
}

export type FollowEnd =
  | { kind: 'closed'; ending: Ending }
  /** The run goes on, but there is no need to wait for its end. */
  | { kind: 'enough'; document: ResultDocument }
  | { kind: 'interrupted'; document: ResultDocument | null }
  /** Nobody can go on with it as things are. */
  | { kind: 'silent'; document: ResultDocument | null; why: Why; forMs: number }
  | { kind: 'lost'; document: ResultDocument | null; why: string; forMs: number };

export interface FollowLimits {
  /** Between two looks. */
  stepMs: number;
  /** Without any change for so long, it is asked why. */
  stalledMs: number;
  /** From when on a missing worker or server is mentioned; a worker that just starts is no news. */
  sayAfterMs: number;
  /** The same for a run whose workers are there: they may be busy with others. */
  busyMs: number;
  /** Nobody can go on with it for so long: waiting ends. */
  silentMs: number;
  lostMs: number;
}

export const FOLLOW_LIMITS: FollowLimits = {
  stepMs: 1_000,
  stalledMs: 5_000,
  sayAfterMs: 3_000,
  busyMs: 12_000,
  silentMs: 30_000,
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
    let blockedAt = Date.now();
    let troubledAt = Date.now();
    let whyAskedAt = 0;
    let why = UNTROUBLED;
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
        this.view.show({ document: this.document, trouble: null, pollers: [] });
        return { kind: 'enough', document: this.document };
      }

      const stalled = answered && Date.now() - changedAt >= limits.stalledMs;
      if (!answered || (stalled && Date.now() - whyAskedAt >= limits.stalledMs)) {
        whyAskedAt = Date.now();
        try {
          why = await this.source.why(answered);
          contactAt = Date.now();
          lostWhy = null;
        } catch (error) {
          lostWhy = reasonOf(error);
        }
      } else {
        lostWhy = null;
        if (!stalled) why = UNTROUBLED;
      }
      if (this.over) break;

      const now = Date.now();
      // While the server is away nobody can poll, and nobody is to blame for it.
      if (why.reasons.length === 0 || lostWhy !== null) troubledAt = now;
      if (!why.reasons.some(isBlocking) || lostWhy !== null) blockedAt = now;
      const blockedFor = now - blockedAt;
      const lostFor = now - contactAt;
      if (blockedFor >= limits.silentMs) {
        return { kind: 'silent', document: this.document, why, forMs: blockedFor };
      }
      if (lostWhy !== null && lostFor >= limits.lostMs) {
        return { kind: 'lost', document: this.document, why: lostWhy, forMs: lostFor };
      }
      this.view.show({
        document: this.document,
        trouble:
          lostWhy === null
            ? this.silence(why, now - troubledAt, blockedFor)
            : lostFor < limits.sayAfterMs
              ? null
              : { kind: 'lost', why: lostWhy, forMs: lostFor, limitMs: limits.lostMs },
        pollers: why.pollers,
      });
      await pause(limits.stepMs);
    }
    return never();
  }

  private silence(why: Why, troubledFor: number, blockedFor: number): FollowState['trouble'] {
    const { sayAfterMs, busyMs, silentMs } = this.limits;
    if (why.reasons.some(isBlocking))
      return blockedFor < sayAfterMs ? null : { kind: 'silent', why, forMs: blockedFor, limitMs: silentMs };
    if (why.reasons.length === 0 || troubledFor < busyMs) return null;
    return { kind: 'silent', why, forMs: troubledFor, limitMs: null };
  }
}

const UNTROUBLED: Why = { reasons: [], neverTaken: false, pollers: [] };

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** For the loser of the race: somebody else has the answer. */
function never(): Promise<never> {
  return new Promise(() => {});
}

export interface FollowedRun extends RunPointer {
  readonly taskQueue: string;
  /** Our clock when we started it, in ms since the epoch; left out or `null`: somebody else did. */
  readonly startedByUsAt?: number | null;
}

export interface FollowOptions {
  /** Shown each change, and what keeps the run from going on. */
  view?: View;
  /** Waiting ends when it resolves. */
  until?: Promise<unknown>;
  /** Waiting ends as soon as this is true of the run's document: an undo window may be open for weeks. */
  isEnough?: (document: ResultDocument) => boolean;
  /** How long it waits for what; what is left out is as in {@link FOLLOW_LIMITS}. */
  limits?: Partial<FollowLimits>;
}

/**
 * Follows a run to its end, through continue-as-new and outages: `run` is moved on along its chain. Waiting ends early when
 * nobody can go on with the run ({@link FOLLOW_LIMITS}), or Temporal can't be reached; the run itself goes on. Throws errors
 * of the client that asking again can't mend.
 */
export function followRun(
  temporal: Temporal,
  run: FollowedRun,
  { view = { show: () => {} }, until = never(), isEnough, limits }: FollowOptions = {},
): Promise<FollowEnd> {
  return follow(runSource(temporal, run), view, until, isEnough, { ...FOLLOW_LIMITS, ...limits });
}

/** The questions, asked of a Temporal server. */
function runSource(temporal: Temporal, run: FollowedRun): RunSource {
  const startedAs = run.runId;
  const { startedByUsAt = null } = run;
  let clockOffset: number | null = null;

  /** Known when we started the run. */
  async function offset(): Promise<number> {
    if (startedByUsAt === null) return 0;
    if (clockOffset === null) {
      const first = temporal.client.workflow.getHandle(run.workflowId, startedAs);
      const { startTime } = await temporal.call(CALL_MS, () => first.describe());
      clockOffset = startTime.getTime() - startedByUsAt;
    }
    return clockOffset;
  }

  return {
    // Bound to the run: a later one with the same id may be somebody else's. Waiting for the end moves it along its chain.
    status: () => queryStatus(temporal, run, QUERY_MS),
    why: (isAnswering) => readWhy(temporal, run, { isAnswering, clockOffset: offset }),
    ending: () => readEnding(temporal, run),
    isPassing,
  };
}
