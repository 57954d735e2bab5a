/** Waits for a run's end, or until its document is enough. Asks about once a second; never hangs, whatever fails. */
import type { ResultDocument } from '../contract';
import type { Temporal } from './connect';
import type { Ending } from './ending';
import { readEnding } from './ending';
import type { RunPointer } from './find';
import { queryStatus } from './find';
import { isPassing, reasonOf } from './grpc';
import type { Why } from './silent';
import { isBlocking, readWhy } from './silent';

/** Of one question for the status. */
export const QUERY_MS = 3_000;
const CALL_MS = 3_000;

/**
 * The questions asked while waiting. Each implementation limits the time of each call. `D`: the document of the run, `E`:
 * how it ended; those of a run on one server unless told.
 */
export interface RunSource<D = ResultDocument, E = Ending> {
  /** The run's document; throws when no worker answers in time. */
  status(): Promise<D | null>;
  /** What blocks the run; `isAnswering`: the run has just answered. */
  why(isAnswering: boolean): Promise<Why>;
  /** Resolves when the run has closed; throws when a round of waiting is over. */
  ending(): Promise<E>;
  /** Whether the same call may succeed later after this error. */
  isPassing(error: unknown): boolean;
}

export interface FollowState<D = ResultDocument> {
  document: D | null;
  /** What blocks the run, or this client. */
  trouble:
    | null
    /** `limitMs: null`: the wait for it has no limit. */
    | { kind: 'silent'; why: Why; forMs: number; limitMs: number | null }
    | { kind: 'lost'; why: string; forMs: number; limitMs: number };
  /** Identities of the workers that poll, if this was asked. */
  pollers: readonly string[];
}

export interface View<D = ResultDocument> {
  show(state: FollowState<D>): void;
}

export type FollowEnd<D = ResultDocument, E = Ending> =
  | { kind: 'closed'; ending: E }
  /** The run continues, but the caller need not wait for its end. */
  | { kind: 'enough'; document: D }
  | { kind: 'interrupted'; document: D | null }
  /** No worker can continue the run as things are. */
  | { kind: 'silent'; document: D | null; why: Why; forMs: number }
  | { kind: 'lost'; document: D | null; why: string; forMs: number };

export interface FollowLimits {
  /** Time between two questions. */
  stepMs: number;
  /** After this time without a change, the client asks why. */
  stalledMs: number;
  /** After this time a missing worker or server is reported. A worker that is just starting needs no report. */
  sayAfterMs: number;
  /** The same for a run whose workers are there: they may be busy with other runs. */
  busyMs: number;
  /** Waiting ends after this time in which no worker can continue the run. */
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

export async function follow<D, E>(
  source: RunSource<D, E>,
  view: View<D>,
  interrupted: Promise<unknown>,
  isEnough: (document: D) => boolean = () => false,
  limits: FollowLimits = FOLLOW_LIMITS,
): Promise<FollowEnd<D, E>> {
  const follower = new Follower(source, view, isEnough, limits);
  try {
    return await Promise.race([
      follower.untilClosed(),
      follower.watch(),
      interrupted.then((): FollowEnd<D, E> => ({ kind: 'interrupted', document: follower.document })),
    ]);
  } finally {
    follower.over = true;
  }
}

class Follower<D, E> {
  document: D | null = null;
  over = false;

  constructor(
    private readonly source: RunSource<D, E>,
    private readonly view: View<D>,
    private readonly isEnough: (document: D) => boolean,
    private readonly limits: FollowLimits,
  ) {}

  async untilClosed(): Promise<FollowEnd<D, E>> {
    for (;;) {
      try {
        return { kind: 'closed', ending: await this.source.ending() };
      } catch (error) {
        // The watch decides how long this may last.
        if (!this.source.isPassing(error)) throw error;
        await pause(this.limits.stepMs);
      }
      if (this.over) return never();
    }
  }

  async watch(): Promise<FollowEnd<D, E>> {
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
        // No worker, a busy one, or no server: the next question finds out which.
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
      // While Temporal is away no worker can poll, so this time does not count against the workers.
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

  private silence(why: Why, troubledFor: number, blockedFor: number): FollowState<D>['trouble'] {
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

/** For the loser of the race: the other promise has the answer. */
function never(): Promise<never> {
  return new Promise(() => {});
}

export interface FollowedRun extends RunPointer {
  readonly taskQueue: string;
  /** The local time at which this caller started the run, in epoch ms; left out or `null`: another caller did. */
  readonly startedByUsAt?: number | null;
}

export interface FollowOptions<D = ResultDocument> {
  /** Receives each change, and what blocks the run. */
  view?: View<D>;
  /** Waiting ends when it resolves. */
  until?: Promise<unknown>;
  /** Waiting ends as soon as this returns true for the run's document: an undo window may be open for weeks. */
  isEnough?: (document: D) => boolean;
  /** Time limits of the wait; a limit that is left out is as in {@link FOLLOW_LIMITS}. */
  limits?: Partial<FollowLimits>;
}

/**
 * Follows a run to its end, through continue-as-new and outages: `run` is moved on along its chain. Waiting ends early
 * when no worker can continue the run ({@link FOLLOW_LIMITS}), or Temporal cannot be reached; the run itself continues.
 * Throws errors of the client that a retry cannot cure.
 */
export function followRun(
  temporal: Temporal,
  run: FollowedRun,
  options: FollowOptions = {},
): Promise<FollowEnd> {
  return followBy(temporal, run, options, {
    status: () => queryStatus(temporal, run, QUERY_MS),
    ending: () => readEnding(temporal, run),
  });
}

/** The same for a run of any kind, by the questions that are its own. */
export function followBy<D, E>(
  temporal: Temporal,
  run: FollowedRun,
  { view = { show: () => {} }, until = never(), isEnough, limits }: FollowOptions<D>,
  questions: Pick<RunSource<D, E>, 'status' | 'ending'>,
): Promise<FollowEnd<D, E>> {
  const source = runSource(temporal, run, questions);
  return follow(source, view, until, isEnough, { ...FOLLOW_LIMITS, ...limits });
}

/** Asks a Temporal server. */
function runSource<D, E>(
  temporal: Temporal,
  run: FollowedRun,
  questions: Pick<RunSource<D, E>, 'status' | 'ending'>,
): RunSource<D, E> {
  const startedAs = run.runId;
  const { startedByUsAt = null } = run;
  let clockOffset: number | null = null;

  /** Known if this caller started the run. */
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
    // Bound to the run: a later run with the same id may belong to another caller. The wait for the end moves `run`
    // along its chain.
    ...questions,
    why: (isAnswering) => readWhy(temporal, run, { isAnswering, clockOffset: offset }),
    isPassing,
  };
}
