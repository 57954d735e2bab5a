/**
 * One run: its document (query, result and Web UI are all built from it), its patience and its ways to wait.
 * The steps of the recipe are functions over it.
 */
import {
  CancellationScope,
  isCancellation,
  setCurrentDetails,
  sleep,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { Reading } from '../../activities/agreement';
import type { CheckedTiming } from '../../contract/input';
import { MEMO, serverIdOf } from '../../contract/names';
import type { JobRow, NicRow, Phase, ResultDocument } from '../../contract/types';
import { currentDetails, plain } from './details';
import { RunEnd } from './run-end';
import { Unreadable } from './payload-converter';
import { handOn, resumedFrom } from './resume';
import { publishPhase } from './search-attributes';
import type { RunState, Wait } from './state';
import { freshState } from './state';

/** Later than this, a wake-up tells of a worker that was away: that time uses up no patience. */
const LATE_MS = 5_000;

/**
 * A run that was cancelled can't be handed on: the server doesn't pass the cancellation on, and without it a run can't
 * end as cancelled. With a long history it takes this much time for a step instead, whatever pace was asked for.
 */
const LONG_STEP_MS = 60_000;

/** A run that could not be handed on tries it again after this time: until then few messages are left to it. */
const STAY_MS = 10 * 60_000;

/** What the steps want to know of a request, whatever it asks for. */
export interface Request {
  serverId: string;
  projectId: string | null;
  dryRun: boolean;
  deadlineMs: number;
  timing: CheckedTiming;
}

/** One kind of operation on a server, as far as its requests go. */
export interface RequestKind<R extends Request> {
  /** Never throws. */
  check(input: unknown): { problems: string[]; request: R | null };
  /** The NICs that an input of any shape names. */
  named(input: unknown): string[];
  /** What the jobs do that it is about. */
  job: JobRow['what'];
}

export class Run<R extends Request = Request> {
  /** The caller's request, as it came. */
  readonly input: unknown;
  readonly problems: string[];

  /** Continues another run of its chain. */
  readonly resumed: boolean;
  /** All that is known: handed on as it is when the run continues as new. */
  readonly state: RunState;
  cancelRequested = false;
  /** Why the run failed, for those who look at its page; set at its end. */
  failure: string | null = null;
  /** What the poll that found the job ended took along: the first look of the verification, or how long to wait for it. */
  atEnd: { reading: Reading | null; listAfterMs: number } | null = null;
  /** Nothing was sent, and only what was changed beforehand is still to be set back: too short to be handed on. */
  ending = false;
  /** This run ends now, to go on under a new run id. */
  continuing = false;

  private readonly checked: R | null;
  /** Runs what a cancellation of the run may not cut short. */
  private readonly unstoppable = new CancellationScope({ cancellable: false });
  /** Of the timer that `pollNow` ends. */
  private alarm: CancellationScope | null = null;

  constructor(
    start: unknown,
    readonly kind: RequestKind<R>,
  ) {
    const resumed = resumedFrom(start);
    this.input = resumed === null ? start : resumed.input;
    const { problems, request } = checked(this.input, kind);
    this.problems = problems;
    this.checked = request;
    this.resumed = resumed !== null;
    this.state = resumed?.state ?? fresh(request, kind.named(this.input));
    void CancellationScope.current().cancelRequested.catch(() => {
      this.cancelRequested = true;
      // Where nothing is under way that would notice.
      if (this.document.phase === 'undo-window' || this.holds) this.wake();
      this.show();
    });
  }

  /** The checked request; only to be asked for once the input is known to be good. */
  get request(): R {
    if (this.checked === null) throw new Error('the input did not pass the check');
    return this.checked;
  }

  get document(): ResultDocument {
    return this.state.document;
  }

  /**
   * The product of a reset; any run of a chain may be one, not only its first. Nothing that such a run does may depend on it
   * by itself: it begins with another run's history, which must lead to the same commands again. Effects tell it (`unsent`).
   */
  get isReset(): boolean {
    const { runId, originalExecutionRunId } = workflowInfo();
    return this.state.wasReset || runId !== originalExecutionRunId;
  }

  // --- the document --------------------------------------------------------------------------------------------

  enter(phase: Phase, waitingFor: string | null = null): void {
    this.document.phase = phase;
    this.document.waitingFor = waitingFor;
    this.show();
  }

  row(id: string): NicRow {
    const row = this.document.nics.find((candidate) => candidate.id === id);
    if (row === undefined) throw new Error(`no row for NIC ${id}`);
    return row;
  }

  warn(text: string): void {
    if (!this.document.warnings.includes(text)) this.document.warnings.push(text);
  }

  /** The operator's page in the Web UI. */
  show(): void {
    setCurrentDetails(
      currentDetails(this.document, {
        workflowId: workflowInfo().workflowId,
        cancelRequested: this.cancelRequested,
        job: this.kind.job,
        failure: this.failure,
      }),
    );
  }

  /** From here on something may be at work: what is not established by the end is unknown, not untouched. */
  touch(): void {
    this.state.touched = true;
    for (const id of this.remaining()) this.row(id).outcome = 'unknown';
  }

  /** NICs that may still be on the server: not yet seen absent twice. */
  remaining(): string[] {
    return this.state.witnesses.filter((witness) => witness.absent < 2).map(({ id }) => id);
  }

  /** Read by the next run on this server, should this one end without verdicts. */
  declareOpen(jobId: string | null, nics = this.remaining()): void {
    this.state.declaredOpen = true;
    upsertMemo({ [MEMO.open]: { nics, since: iso(Date.now()), jobId } });
  }

  /** Whose fate is known needs no watching any more; for the others the memo goes on to tell what was sent. */
  get openSettled(): boolean {
    return this.state.declaredOpen && this.document.nics.every(({ outcome }) => outcome !== 'unknown');
  }

  /** A NIC that is to go is off the server, and its port is there since this run has seen to it, whoever took the NIC off. */
  get holds(): boolean {
    return this.document.nics.some(
      ({ id, outcome }) => outcome === 'detached' && this.state.kept.includes(id),
    );
  }

  /** Its inspection tells where it was made. Runs of older workers go on as they began: their histories have to lead to the same. */
  get knowsPlace(): boolean {
    return this.state.place?.ecs !== undefined;
  }

  /** Nothing more is to be sent; what is under way, or held, is seen to its end. */
  get stopping(): boolean {
    return (this.state.touched || this.holds) && (this.cancelRequested || this.document.decision !== null);
  }

  /** An undo that comes before anything was sent leaves nothing to be done. */
  endIfUndone(): void {
    if (this.document.decision !== null && !this.state.touched && !this.holds) throw RunEnd.undone();
  }

  // --- patience ------------------------------------------------------------------------------------------------

  get expired(): boolean {
    return Date.now() >= this.state.deadlineAt;
  }

  /** Patience for a stage of its own. */
  allow(ms: number): void {
    this.state.deadlineAt = Date.now() + ms;
    this.document.deadlineAt = iso(this.state.deadlineAt);
  }

  get remainingMs(): number {
    return Math.max(0, this.state.deadlineAt - Date.now());
  }

  wake(): void {
    this.state.woken = true;
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
    const { rest } = this.state;
    this.state.rest = null;
    if (rest !== null) {
      if (rest.until > Date.now()) await this.waitFor(rest);
      else this.forgive(Date.now() - rest.until);
    }
    // Also when `pollNow` has ended that wait.
    if (this.state.pollDueAt !== null) this.state.pollDueAt = Math.min(this.state.pollDueAt, Date.now());
  }

  private async waitFor(wait: Wait): Promise<number> {
    const { summary, wakeable } = wait;
    // Between two steps nothing is under way: the moment to leave a long history behind.
    const long = workflowInfo().continueAsNewSuggested;
    let stays = false;
    // Only after an inspection: it tells of a run before this chain, and is asked for once.
    if (long && !this.cancelRequested && !this.ending && this.document.projectId !== null) {
      await handOn(this, wait);
      // It was cancelled: for the step to deal with, unless nothing may cut this wait short.
      if (this.cancelRequested && wakeable) return 0;
      stays = true;
    }
    const leastMs = Math.max(wait.until - Date.now(), long ? LONG_STEP_MS : 0);
    const ms = atLeast1(stays && wakeable ? Math.min(leastMs, STAY_MS) : leastMs);
    const until = Date.now() + ms;
    this.document.nextLookAt = iso(until);
    this.show();
    publishPhase(this);
    try {
      await this.timer(ms, summary, wakeable && (!long || stays));
    } catch (error) {
      if (this.alarm === null || !this.state.woken || !isCancellation(error)) throw error;
    }
    this.alarm = null;
    if (wakeable) this.state.woken = false;
    this.document.nextLookAt = null;
    this.forgive(Date.now() - until);
    return ms;
  }

  /** No async function, and no race with a condition: the SDK keeps a stack trace of some 1.4 KB for every pending promise. */
  private timer(ms: number, summary: string, wakeable: boolean): Promise<void> {
    if (wakeable && this.state.woken) return Promise.resolve();
    const scope = new CancellationScope({
      cancellable: true,
      parent: this.sheltered ? this.unstoppable : CancellationScope.current(),
    });
    this.alarm = wakeable ? scope : null;
    // The overload with a summary labels the timer in the timeline; it is the one experimental call here.
    return scope.run(() => sleep(ms, { summary }));
  }

  /** Runs a call to the cloud; time for which nobody worked on it uses up no patience. */
  async patiently<T>(usualMs: number, call: () => Promise<T>): Promise<T> {
    const startedAt = Date.now();
    try {
      return await this.shielded(call);
    } finally {
      this.forgive(Date.now() - startedAt - usualMs);
    }
  }

  private shielded<T>(work: () => Promise<T>): Promise<T> {
    return this.sheltered ? this.unstoppable.run(work) : work();
  }

  /** Once something was sent, is held, or is being put back, a cancellation may no longer cut it short. */
  private get sheltered(): boolean {
    return this.state.touched || this.state.putBack !== null || this.holds;
  }

  /** Time for which nobody could work on it uses up no patience. */
  forgive(lateMs: number): void {
    if (lateMs <= LATE_MS) return;
    this.state.deadlineAt += lateMs;
    this.document.deadlineAt = iso(this.state.deadlineAt);
  }
}

function checked<R extends Request>(
  input: unknown,
  kind: RequestKind<R>,
): ReturnType<RequestKind<R>['check']> {
  if (!(input instanceof Unreadable)) return kind.check(input);
  return { problems: [`the input ${plain(input.problem)}`], request: null };
}

function fresh(request: Request | null, named: string[]): RunState {
  const now = Date.now();
  const deadlineAt = now + (request?.deadlineMs ?? 0);
  const document: ResultDocument = {
    outcome: 'running',
    phase: 'inspecting',
    serverId: request?.serverId ?? serverIdOf(workflowInfo().workflowId) ?? '',
    serverName: null,
    projectId: null,
    region: null,
    nics: named.map(blankRow),
    jobs: [],
    submissions: 0,
    startedAt: iso(now),
    endedAt: null,
    undoUntil: null,
    decision: null,
    deadlineAt: iso(deadlineAt),
    nextLookAt: null,
    waitingFor: null,
    warnings: [],
  };
  return freshState(document, deadlineAt);
}

function atLeast1(ms: number): number {
  return Math.max(1, Math.round(ms));
}

export function blankRow(id: string): NicRow {
  return {
    id,
    outcome: 'untouched',
    ip: null,
    mac: null,
    elasticIp: null,
    restore: 'no',
    evidence: { job: 'none', subJob: 'none', list: 'unknown', port: 'unknown' },
    jobId: null,
    errorCode: null,
    message: null,
    replacedBy: null,
    snapshot: null,
    differences: [],
    remedy: null,
  };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
