/**
 * The time of a run of any kind: its deadline, its waits on durable timers, what ends them early, and the moment to leave a long
 * history behind. It knows nothing of what the run is about.
 */
import { CancellationScope, isCancellation, sleep, workflowInfo } from '@temporalio/workflow';

/** Later than this, a wake-up tells of a worker that was away: that time uses up no patience. */
const LATE_MS = 5_000;

/**
 * A run that was cancelled can't be handed on: the server doesn't pass the cancellation on, and without it a run can't
 * end as cancelled. With a long history it takes this much time for a step instead, whatever pace was asked for.
 */
const LONG_STEP_MS = 60_000;

/** A run that could not be handed on tries it again after this time: until then few messages are left to it. */
const STAY_MS = 10 * 60_000;

/** A wait that has been decided on. */
export interface Wait {
  until: number;
  summary: string;
  /** `pollNow` ends it early. */
  wakeable: boolean;
}

/** All that it knows, as plain values: handed on when the run continues as new. Times are epoch ms. */
export interface PacingState {
  deadlineAt: number;
  woken: boolean;
  /** What the run before this one in its chain was about to wait for. */
  rest: Wait | null;
}

export function freshPacing(deadlineAt: number): PacingState {
  return { deadlineAt, woken: false, rest: null };
}

export abstract class Pacing {
  cancelRequested = false;

  /** Runs what a cancellation of the run may not cut short. */
  private readonly unstoppable = new CancellationScope({ cancellable: false });
  /** Of the timer that `pollNow` ends. */
  private alarm: CancellationScope | null = null;

  protected constructor() {
    void CancellationScope.current().cancelRequested.catch(() => {
      this.cancelRequested = true;
      this.cancelled();
    });
  }

  protected abstract readonly pacing: PacingState;
  /** A cancellation may no longer cut waits and calls short. */
  protected abstract readonly sheltered: boolean;
  /** Between two steps nothing is under way; some stages are too short, or too early, to be handed on. */
  protected abstract readonly mayBeHandedOn: boolean;
  /** Goes on with `rest` under a new run id; returns when that is no good moment. */
  protected abstract handOn(rest: Wait): Promise<void>;
  /** At the moment of the request. */
  protected abstract cancelled(): void;
  /** The run begins to wait, or (`null`) has ended to. @param until epoch ms */
  protected abstract waiting(until: number | null): void;
  /** The deadline has moved. */
  protected abstract moved(deadlineAt: number): void;

  get expired(): boolean {
    return Date.now() >= this.pacing.deadlineAt;
  }

  get remainingMs(): number {
    return Math.max(0, this.pacing.deadlineAt - Date.now());
  }

  /** Patience for a stage of its own. */
  allow(ms: number): void {
    this.pacing.deadlineAt = Date.now() + ms;
    this.moved(this.pacing.deadlineAt);
  }

  /** Time for which nobody could work on it uses up no patience. */
  forgive(lateMs: number): void {
    if (lateMs <= LATE_MS) return;
    this.pacing.deadlineAt += lateMs;
    this.moved(this.pacing.deadlineAt);
  }

  /** Ends the wait that is under way, or the next one, if `pollNow` may. */
  wake(): void {
    this.pacing.woken = true;
    this.alarm?.cancel();
  }

  /** Waits on a durable timer, in full. Until something was sent a cancellation ends it. Returns the ms that were planned. */
  wait(ms: number, summary: string): Promise<number> {
    return this.waitFor({ until: Date.now() + atLeast1(ms), summary, wakeable: false });
  }

  /** The same, but `pollNow` ends it early; one that came during the last look ends it at once. */
  waitOrWake(ms: number, summary: string): Promise<number> {
    return this.waitFor({ until: Date.now() + atLeast1(ms), summary, wakeable: true });
  }

  /** Waits out what the run before this one in its chain was about to wait for. */
  async resume(): Promise<void> {
    const { rest } = this.pacing;
    this.pacing.rest = null;
    if (rest === null) return;
    if (rest.until > Date.now()) await this.waitFor(rest);
    else this.forgive(Date.now() - rest.until);
  }

  /** Runs a call to the cloud; time for which nobody worked on it uses up no patience. */
  async patiently<T>(usualMs: number, call: () => Promise<T>): Promise<T> {
    const startedAt = Date.now();
    try {
      return await (this.sheltered ? this.unstoppable.run(call) : call());
    } finally {
      this.forgive(Date.now() - startedAt - usualMs);
    }
  }

  private async waitFor(wait: Wait): Promise<number> {
    const { summary, wakeable } = wait;
    // Between two steps nothing is under way: the moment to leave a long history behind.
    const long = workflowInfo().continueAsNewSuggested;
    let stays = false;
    if (long && !this.cancelRequested && this.mayBeHandedOn) {
      await this.handOn(wait);
      // It was cancelled: for the step to deal with, unless nothing may cut this wait short.
      if (this.cancelRequested && wakeable) return 0;
      stays = true;
    }
    const leastMs = Math.max(wait.until - Date.now(), long ? LONG_STEP_MS : 0);
    const ms = atLeast1(stays && wakeable ? Math.min(leastMs, STAY_MS) : leastMs);
    const until = Date.now() + ms;
    this.waiting(until);
    try {
      await this.timer(ms, summary, wakeable && (!long || stays));
    } catch (error) {
      if (this.alarm === null || !this.pacing.woken || !isCancellation(error)) throw error;
    }
    this.alarm = null;
    if (wakeable) this.pacing.woken = false;
    this.waiting(null);
    this.forgive(Date.now() - until);
    return ms;
  }

  /** No async function, and no race with a condition: the SDK keeps a stack trace of some 1.4 KB for every pending promise. */
  private timer(ms: number, summary: string, wakeable: boolean): Promise<void> {
    if (wakeable && this.pacing.woken) return Promise.resolve();
    const scope = new CancellationScope({
      cancellable: true,
      parent: this.sheltered ? this.unstoppable : CancellationScope.current(),
    });
    this.alarm = wakeable ? scope : null;
    // The overload with a summary labels the timer in the timeline; it is the one experimental call here.
    return scope.run(() => sleep(ms, { summary }));
  }
}

function atLeast1(ms: number): number {
  return Math.max(1, Math.round(ms));
}
