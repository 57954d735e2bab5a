/**
 * One run: its state, and its document, from which query, result and Web UI are built. The steps are functions over it.
 */
import { setCurrentDetails, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { CheckedTiming } from '../../contract/input';
import { askerOf } from '../../contract/asker';
import { MEMO, serverIdOf } from '../../contract/names';
import type { JobRow, NicRow, Phase, ResultDocument } from '../../contract/types';
import { currentDetails, plain } from './details';
import type { PacingState, Wait } from './pacing';
import { Pacing } from './pacing';
import { Unreadable } from './payload-converter';
import { handOn, resumedFrom } from './resume';
import type { Ending } from './run-end';
import { RunEnd } from './run-end';
import { publishPhase } from './search-attributes';
import { tell } from './tell';
import type { RunState } from './state';
import { freshState } from './state';
import { hastenPoll, countFromNow } from './state/job';
import { blankRow, rowOf } from './state/rows';
import { remaining } from './state/seen';
import { markDoubtful } from './state/sent';
import { isHeld } from './state/undo';

/** What the steps need of a request, whatever its kind. */
export interface Request {
  serverId: string;
  projectId: string | null;
  dryRun: boolean;
  deadlineMs: number;
  timing: CheckedTiming;
}

/** One kind of run, as far as its requests are concerned. */
export interface RequestKind<R extends Request> {
  /** Never throws. */
  check(input: unknown): { problems: string[]; request: R | null };
  /** The NICs that the input names, whatever its shape. */
  named(input: unknown): string[];
  /** What the jobs do for which such a run is started. A deletion run may also have jobs that put NICs back. */
  job: JobRow['what'];
}

export class Run<R extends Request = Request> extends Pacing {
  /** The caller's request, as received. */
  readonly input: unknown;
  readonly problems: string[];

  /** The run continues another run of its chain. */
  readonly resumed: boolean;
  /** All that the run knows. Handed on unchanged when the run continues as new. */
  readonly state: RunState;
  /** Why the run failed, for its page; set at the end. */
  failure: string | null = null;
  /** How the run ended, for the callers that wait for it. */
  ended: Ending | null = null;
  /** The run has sent nothing, and only makes sure where NICs are, or sets back what it changed: too short to be handed on. */
  cleaningUp = false;
  /** The run is about to end, and goes on under a new run id. */
  continuing = false;

  private readonly checked: R | null;
  /** The log has this reason to wait already. */
  private toldWait: string | null = null;

  constructor(
    start: unknown,
    readonly kind: RequestKind<R>,
  ) {
    super();
    const resumed = resumedFrom(start);
    this.input = resumed === null ? start : resumed.input;
    const { problems, request } = checked(this.input, kind);
    this.problems = problems;
    this.checked = request;
    this.resumed = resumed !== null;
    this.state = resumed?.state ?? fresh(request, kind.named(this.input));
    // Also in a run that an older worker began, whose document does not have them.
    Object.assign(this.document, askerOf(this.input));
  }

  /** The checked request. Only valid if the input has no problems. */
  get request(): R {
    if (this.checked === null) throw new Error('the input did not pass the check');
    return this.checked;
  }

  get document(): ResultDocument {
    return this.state.document;
  }

  /**
   * The run is the product of a reset. Any run of a chain may be one. No step may branch on this by itself: the run
   * begins with the history of another run, and replay must lead to the same commands. Effects report it (`unsent`).
   */
  get isReset(): boolean {
    const { runId, originalExecutionRunId } = workflowInfo();
    return this.state.sent.wasReset || runId !== originalExecutionRunId;
  }

  // --- the document --------------------------------------------------------------------------------------------

  enter(phase: Phase, waitingFor: string | null = null): void {
    if (waitingFor !== null && waitingFor !== this.toldWait) {
      tell('run.waiting', { server: this.document.serverId, phase, why: waitingFor });
      this.toldWait = waitingFor;
    }
    this.document.phase = phase;
    this.document.waitingFor = waitingFor;
    this.show();
  }

  row(id: string): NicRow {
    return rowOf(this.document, id);
  }

  warn(text: string): void {
    if (!this.document.warnings.includes(text)) this.document.warnings.push(text);
  }

  /** The NIC is not detached any more, so a warning that it is would mislead. */
  unwarnDetached(id: string): void {
    const { document } = this;
    document.warnings = document.warnings.filter((text) => !text.startsWith(`NIC ${id} is detached`));
  }

  /** Updates the operator's page in the Web UI. */
  show(): void {
    setCurrentDetails(
      currentDetails(this.document, {
        workflowId: workflowInfo().workflowId,
        runId: workflowInfo().runId,
        cancelRequested: this.cancelRequested,
        job: this.kind.job,
        failure: this.failure,
      }),
    );
  }

  /** From here on something that was sent may have an effect: without a verdict a NIC is `unknown`, not `untouched`. */
  touch(): void {
    this.state.sent.touched = true;
    for (const id of this.remaining()) this.row(id).outcome = 'unknown';
  }

  /** A deletion was sent, or may have been, and it is not known what may still come of it. */
  markAtWork(): void {
    this.touch();
    markDoubtful(this.state);
    countFromNow(this.state);
  }

  /** NICs that may still be on the server: not yet absent in two readings in a row. */
  remaining(): string[] {
    return remaining(this.state);
  }

  /** Sets the memo `open`. The next run on this server reads it if this one ends without verdicts. */
  declareOpen(jobId: string | null, nics = this.remaining()): void {
    this.state.sent.declared = true;
    upsertMemo({ [MEMO.open]: { nics, since: iso(Date.now()), jobId } });
  }

  /** Every NIC has its verdict, so the next run need not wait. Otherwise the memo stays, and tells what was sent. */
  get openSettled(): boolean {
    return this.state.sent.declared && this.document.nics.every(({ outcome }) => outcome !== 'unknown');
  }

  /** A NIC is off the server, whichever actor took it off, and its port exists because this run has kept it. */
  get holds(): boolean {
    return this.document.nics.some((row) => isHeld(this.state, row));
  }

  /**
   * The inspection told the run's whole place. In runs that began on an older worker it did not: these keep their old
   * behaviour, since replay must lead to the same commands.
   */
  get knowsPlace(): boolean {
    return this.state.around.place?.ecs !== undefined;
  }

  /** The run sends nothing more. It observes what was sent, and keeps or puts back what it holds. */
  get stopping(): boolean {
    return (
      (this.state.sent.touched || this.holds) && (this.cancelRequested || this.document.decision !== null)
    );
  }

  /** An undo before anything was sent ends the run: there is nothing to put back. */
  endIfUndone(): void {
    if (this.document.decision !== null && !this.state.sent.touched && !this.holds) throw RunEnd.undone();
  }

  // --- pacing -------------------------------------------------------------------------------------------------

  protected get pacing(): PacingState {
    return this.state.pacing;
  }

  /** After something was sent, is held, or is being put back, a cancellation must not cut the run short. */
  protected get sheltered(): boolean {
    return this.state.sent.touched || this.state.undo.putBack !== null || this.holds;
  }

  /** Only after an inspection: it also asks for the run before this chain, which no later run of the chain repeats. */
  protected get mayBeHandedOn(): boolean {
    return !this.cleaningUp && this.document.projectId !== null;
  }

  override async resume(): Promise<void> {
    await super.resume();
    // Even if `pollNow` has ended that wait.
    hastenPoll(this.state);
  }

  protected handOn(rest: Wait): Promise<void> {
    return handOn(this, rest);
  }

  protected cancelled(): void {
    tell('run.cancel-requested', { server: this.document.serverId });
    // In these stages no call and no job would notice the cancellation.
    if (this.document.phase === 'undo-window' || this.holds) this.wake();
    this.show();
  }

  protected waiting(until: number | null): void {
    this.document.nextLookAt = until === null ? null : iso(until);
    if (until === null) return;
    this.show();
    publishPhase(this.state);
  }

  protected moved(deadlineAt: number): void {
    this.document.deadlineAt = iso(deadlineAt);
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
    requestedBy: null,
    reason: null,
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

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
