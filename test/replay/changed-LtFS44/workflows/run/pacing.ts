/**
 * The time of a run of any kind: its deadline, its waits on durable timers, what ends them early, and when the run is
 * handed on because of a long history. Knows nothing of NICs or jobs.
 */
import { CancellationScope, isCancellation, sleep, workflowInfo } from '@temporalio/workflow';

/** A timer that fires later than this was waiting for a worker. That time uses up no patience. */
const LATE_MS = 5_000;

/**
 * Shortest wait of a run with a long history that can't be handed on, whatever pace the request asks for. A cancelled
 * run can't: the server does not pass the cancellation to the next run, which then could not end as cancelled.
 */
const LONG_STEP_MS = 60_000;

/** A run that could not be handed on tries again after this time: the server accepts only few further messages. */
const STAY_MS = 10 * 60_000;

/** A wait that the run has decided on. */
export interface Wait {
  until: number;
  summary: string;
  /** `pollNow` may end it early. */
  wakeable: boolean;
}

/** State of the pacing, as plain values: handed on to the next run of the chain. Times are epoch ms. */
export interface PacingState {
  deadlineAt: number;
  woken: boolean;
  /** The wait that the previous run of the chain had decided on. */
  rest: Wait | null;
}

export function freshPacing(deadlineAt: number): PacingState {
  return { deadlineAt, woken: false, rest: null };
}

export abstract class Pacing {
  cancelRequested = false;

  /** Calls and waits in this scope are not cut short by a cancellation of the run. */
  private readonly unstoppable = new CancellationScope({ cancellable: false });
  /** Scope of the timer that `pollNow` may end. */
  private alarm: CancellationScope | null = null;

  protected constructor() {
    void CancellationScope.current().cancelRequested.catch(() => {
      this.cancelRequested = true;
      this.cancelled();
    });
  }

  protected abstract readonly pacing: PacingState;
  /** A cancellation of the run must not cut waits and calls short. */
  protected abstract readonly sheltered: boolean;
  /** `false` in stages that are too short to be handed on, or too early. */
  protected abstract readonly mayBeHandedOn: boolean;
  /** Continues with `rest` under a new run id. Returns if the run can't be handed on now. */
  protected abstract handOn(rest: Wait): Promise<void>;
  /** Called when a cancellation is requested. */
  protected abstract cancelled(): void;
  /**
   * Called when the run begins to wait.
   * @param until epoch ms; `null`: the wait has ended
   */
  protected abstract waiting(until: number | null): void;
  /** Called when the deadline has moved. */
  protected abstract moved(deadlineAt: number): void;

  get expired(): boolean {
    return Date.now() >= this.pacing.deadlineAt;
  }

  get remainingMs(): number {
    return Math.max(0, this.pacing.deadlineAt - Date.now());
  }

  /** Sets a new deadline, for a stage that has its own. */
  allow(ms: number): void {
    this.pacing.deadlineAt = Date.now() + ms;
    this.moved(this.pacing.deadlineAt);
  }

  /** Moves the deadline by a time in which no worker was there. */
  forgive(lateMs: number): void {
    if (lateMs <= LATE_MS) return;
    this.pacing.deadlineAt += lateMs;
    this.moved(this.pacing.deadlineAt);
  }

  /** Ends the current wait, or the next one, if that is wakeable. */
  wake(): void {
    this.pacing.woken = true;
    this.alarm?.cancel();
  }

  /** Waits on a durable timer, in full. A cancellation ends it, unless the run is sheltered. Returns the planned ms. */
  wait(ms: number, summary: string): Promise<number> {
    return this.waitFor({ until: Date.now() + atLeast1(ms), summary, wakeable: false });
  }

  /** The same, but `pollNow` ends the wait. A `pollNow` that came during the last look ends it at once. */
  waitOrWake(ms: number, summary: string): Promise<number> {
    return this.waitFor({ until: Date.now() + atLeast1(ms), summary, wakeable: true });
  }

  /** Finishes the wait that the previous run of the chain had decided on. */
  async resume(): Promise<void> {
    const { rest } = this.pacing;
    this.pacing.rest = null;
    if (rest === null) return;
    if (rest.until > Date.now()) await this.waitFor(rest);
    else this.forgive(Date.now() - rest.until);
  }

  /** Makes a call. Time in which no worker was there uses up no patience. */
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
    // No call is under way here, so this is the moment to hand a long history on.
    const long = workflowInfo().continueAsNewSuggested;
    let stays = false;
    if (long && !this.cancelRequested && this.mayBeHandedOn) {
      await this.handOn(wait);
      // A cancellation arrived meanwhile. The step deals with it, unless the wait has to be made in full.
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

  /**
   * Neither async nor a race with a condition: the SDK keeps a stack trace of about 1.4 KB for every pending promise.
   */
  private timer(ms: number, summary: string, wakeable: boolean): Promise<void> {
    if (wakeable && this.pacing.woken) return Promise.resolve();
    const scope = new CancellationScope({
      cancellable: true,
      parent: this.sheltered ? this.unstoppable : CancellationScope.current(),
    });
    this.alarm = wakeable ? scope : null;
    // The overload with a summary labels the timer in the timeline. It is the only experimental call in this file.
    return scope.run(() => sleep(ms, { summary }));
  }
}

function atLeast1(ms: number): number {
  return Math.max(1, Math.round(ms));
}
