/**
 * One run: its document (query, result and Web UI are all built from it), its patience and its ways to wait.
 * The steps of the recipe are functions over it.
 */
import { setCurrentDetails, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { CheckedTiming } from '../../contract/input';
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
import type { RunState } from './state';
import { freshState } from './state';
import { hastenPoll, nothingExpected } from './state/job';
import { blankRow, rowOf } from './state/rows';
import { remaining } from './state/seen';
import { inDoubt } from './state/sent';

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

export class Run<R extends Request = Request> extends Pacing {
  /** The caller's request, as it came. */
  readonly input: unknown;
  readonly problems: string[];

  /** Continues another run of its chain. */
  readonly resumed: boolean;
  /** All that is known: handed on as it is when the run continues as new. */
  readonly state: RunState;
  /** Why the run failed, for those who look at its page; set at its end. */
  failure: string | null = null;
  /** How it ended, for those who wait for it. */
  ended: Ending | null = null;
  /** Nothing was sent, and only what was changed beforehand is still to be set back: too short to be handed on. */
  cleaningUp = false;
  /** This run ends now, to go on under a new run id. */
  continuing = false;

  private readonly checked: R | null;

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
    return this.state.sent.wasReset || runId !== originalExecutionRunId;
  }

  // --- the document --------------------------------------------------------------------------------------------

  enter(phase: Phase, waitingFor: string | null = null): void {
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
    this.state.sent.touched = true;
    for (const id of this.remaining()) this.row(id).outcome = 'unknown';
  }

  /** A deletion was sent, or may have been, of which nobody knows what may still come. */
  mayBeAtWork(): void {
    this.touch();
    inDoubt(this.state);
    nothingExpected(this.state);
  }

  /** NICs that may still be on the server: not yet seen absent twice. */
  remaining(): string[] {
    return remaining(this.state);
  }

  /** Read by the next run on this server, should this one end without verdicts. */
  declareOpen(jobId: string | null, nics = this.remaining()): void {
    this.state.sent.declared = true;
    upsertMemo({ [MEMO.open]: { nics, since: iso(Date.now()), jobId } });
  }

  /** Whose fate is known needs no watching any more; for the others the memo goes on to tell what was sent. */
  get openSettled(): boolean {
    return this.state.sent.declared && this.document.nics.every(({ outcome }) => outcome !== 'unknown');
  }

  /** A NIC that is to go is off the server, and its port is there since this run has seen to it, whoever took the NIC off. */
  get holds(): boolean {
    return this.document.nics.some(
      ({ id, outcome }) => outcome === 'detached' && this.state.undo.kept.includes(id),
    );
  }

  /** Its inspection tells where it was made. Runs of older workers go on as they began: their histories have to lead to the same. */
  get knowsPlace(): boolean {
    return this.state.around.place?.ecs !== undefined;
  }

  /** Nothing more is to be sent; what is under way, or held, is seen to its end. */
  get stopping(): boolean {
    return (
      (this.state.sent.touched || this.holds) && (this.cancelRequested || this.document.decision !== null)
    );
  }

  /** An undo that comes before anything was sent leaves nothing to be done. */
  endIfUndone(): void {
    if (this.document.decision !== null && !this.state.sent.touched && !this.holds) throw RunEnd.undone();
  }

  // --- its time ------------------------------------------------------------------------------------------------

  protected get pacing(): PacingState {
    return this.state.pacing;
  }

  /** Once something was sent, is held, or is being put back, a cancellation may no longer cut it short. */
  protected get sheltered(): boolean {
    return this.state.sent.touched || this.state.undo.putBack !== null || this.holds;
  }

  /** Only after an inspection: it tells of a run before this chain, and is asked for once. */
  protected get mayBeHandedOn(): boolean {
    return !this.cleaningUp && this.document.projectId !== null;
  }

  override async resume(): Promise<void> {
    await super.resume();
    // Also when `pollNow` has ended that wait.
    hastenPoll(this.state);
  }

  protected handOn(rest: Wait): Promise<void> {
    return handOn(this, rest);
  }

  protected cancelled(): void {
    // Where nothing is under way that would notice.
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
