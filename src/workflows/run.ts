/**
 * One run: its document (query, result and Web UI are all built from it), its patience and its ways to wait.
 * The steps of the recipe are functions over it.
 */
import {
  CancellationScope,
  condition,
  setCurrentDetails,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { SearchAttributePair } from '@temporalio/common';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { GetJobStatusResult, InspectedNic, PortState, Reading } from '../contract/activities';
import type { CheckedRequest } from '../contract/input';
import { checkDeleteInput, namedNics } from '../contract/input';
import { MEMO, SEARCH_ATTRIBUTE, serverIdOf } from '../contract/names';
import type { NicRow, Phase, ResultDocument } from '../contract/types';
import { currentDetails } from './display';
import type { Pace } from './poll-schedule';

/** Later than this, a wake-up tells of a worker that was away: that time uses up no patience. */
const LATE_MS = 5_000;
/** Readings further apart than planned by more than this don't belong to one series. */
const SERIES_SLACK_MS = 15_000;

/**
 * A run that has lived long (tiny paces, floods of messages, an outage of hours) slows down instead of filling its
 * history up to the server's limit of 51,200 events, which would end it with a submission open.
 */
const LONG_HISTORY_EVENTS = 5_000;
const LONG_HISTORY_STEP_MS = 60_000;

function longHistory(): boolean {
  return workflowInfo().historyLength > LONG_HISTORY_EVENTS;
}

/** What the cloud has said about one NIC that is to go. */
export interface Witness {
  nic: InspectedNic;
  /** Readings in a row, all of one unbroken series. */
  absent: number;
  present: number;
  port: PortState | null;
}

export type FollowedJob = Extract<GetJobStatusResult, { kind: 'job' }>;

/** What is known about the job that was accepted last. */
export type JobState =
  | 'none'
  | 'running'
  | 'ended'
  /** The cloud does not know it (any more). */
  | 'gone'
  /** Polls fail: the NICs are looked at instead, and the job is asked now and then. */
  | 'unreadable';

export class Run {
  readonly document: ResultDocument;
  readonly problems: string[];
  readonly witnesses = new Map<string, Witness>();
  primaryId: string | null = null;

  /** An accepted submission or one of unknown fate may be at work: from here on the run observes to its end. */
  touched = false;
  cancelRequested = false;
  /** The memo `open` is set; it is cleared with the verdicts. */
  declaredOpen = false;
  jobState: JobState = 'none';
  lastJob: FollowedJob | null = null;
  pace: Pace = { firstPollMs: 10_000, pollIntervalMs: 10_000 };
  /** What a run ended from outside has sent has come to rest. */
  previousSettled = false;
  /** When nothing more was to be expected from a submission, as far as this run could see. */
  overSince: number | null = null;
  /** After a refused poll the next one waits a minute; the NIC list is read meanwhile (interface.md §6.5). */
  pollHoldUntil = 0;

  private readonly checked: CheckedRequest | null;
  private deadlineAt: number;
  private woken = false;
  private lastReading: { at: number; plannedGapMs: number } | null = null;
  private attributes = new Set<string>();

  constructor(readonly input: unknown) {
    const { problems, request } = checkDeleteInput(input);
    this.problems = problems;
    this.checked = request;
    const now = Date.now();
    this.deadlineAt = now + (request?.deadlineMs ?? 0);
    this.document = {
      outcome: 'running',
      phase: 'inspecting',
      serverId: request?.serverId ?? serverIdOf(workflowInfo().workflowId) ?? '',
      serverName: null,
      projectId: null,
      region: null,
      nics: namedNics(input).map(blankRow),
      jobs: [],
      submissions: 0,
      startedAt: iso(now),
      endedAt: null,
      undoUntil: null,
      deadlineAt: iso(this.deadlineAt),
      nextLookAt: null,
      waitingFor: null,
      warnings: [],
    };
    void CancellationScope.current().cancelRequested.catch(() => {
      this.cancelRequested = true;
      this.show();
    });
  }

  /** The checked request; only to be asked for once the input is known to be good. */
  get request(): CheckedRequest {
    if (this.checked === null) throw new Error('the input did not pass the check');
    return this.checked;
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
      }),
    );
  }

  /** From here on something may be at work: what is not established by the end is unknown, not untouched. */
  touch(): void {
    this.touched = true;
    for (const id of this.remaining()) this.row(id).outcome = 'unknown';
  }

  // --- patience ------------------------------------------------------------------------------------------------

  get expired(): boolean {
    return Date.now() >= this.deadlineAt;
  }

  get remainingMs(): number {
    return Math.max(0, this.deadlineAt - Date.now());
  }

  wake(): void {
    this.woken = true;
  }

  /** Waits on a durable timer, in full. Until `touched` a cancellation ends it. */
  wait(ms: number, summary: string): Promise<void> {
    return this.waitFor(ms, (wholeMs) => sleep(wholeMs, { summary }));
  }

  /** The same, but `pollNow` ends it early; one that came during the last look ends it at once. */
  async waitOrWake(ms: number, summary: string): Promise<void> {
    // The overload with a summary labels the timer in the timeline; it is the one experimental call here.
    await this.waitFor(ms, (wholeMs) => condition(() => this.woken && !longHistory(), wholeMs, { summary }));
    this.woken = false;
  }

  private async waitFor(ms: number, timer: (wholeMs: number) => Promise<unknown>): Promise<void> {
    const wholeMs = Math.max(longHistory() ? LONG_HISTORY_STEP_MS : 1, Math.round(ms));
    const until = Date.now() + wholeMs;
    this.document.nextLookAt = iso(until);
    this.show();
    await this.shielded(() => timer(wholeMs));
    this.document.nextLookAt = null;
    this.forgive(Date.now() - until);
  }

  /** Runs a call to the cloud; time for which nobody worked on it uses up no patience. */
  async patiently<T>(usualMs: number, call: () => Promise<T>): Promise<T> {
    const startedAt = Date.now();
    const result = await this.shielded(call);
    this.forgive(Date.now() - startedAt - usualMs);
    return result;
  }

  /** Once something was sent, a cancellation may no longer cut the observation short. */
  private shielded<T>(work: () => Promise<T>): Promise<T> {
    return this.touched ? CancellationScope.nonCancellable(work) : work();
  }

  private forgive(lateMs: number): void {
    if (lateMs <= LATE_MS) return;
    this.deadlineAt += lateMs;
    this.document.deadlineAt = iso(this.deadlineAt);
  }

  // --- witnesses -----------------------------------------------------------------------------------------------

  /** NICs that may still be on the server: not yet seen absent twice. */
  remaining(): string[] {
    return [...this.witnesses.values()].filter((witness) => witness.absent < 2).map(({ nic }) => nic.id);
  }

  /**
   * Takes a reading into account. `false`: it proves nothing, since the list does not name the primary NIC.
   * @param plannedGapMs how long after the reading before it was meant to be made
   */
  note(reading: Reading, plannedGapMs: number): boolean {
    if (reading.serverExists && (this.primaryId === null || !reading.listed.includes(this.primaryId)))
      return false;
    const before = this.lastReading;
    // A reading from before a restart, or long ago, lends no patience to this one (interface.md §6.8).
    const unbroken =
      before !== null &&
      reading.workerStartedAt <= before.at &&
      reading.at - before.at <= plannedGapMs + SERIES_SLACK_MS;
    this.lastReading = { at: reading.at, plannedGapMs };
    for (const witness of this.witnesses.values()) {
      const listed = reading.serverExists && reading.listed.includes(witness.nic.id);
      // Absence needs no patience, and what is gone stays gone: two readings in a row, however far apart.
      witness.absent = listed ? 0 : witness.absent + 1;
      witness.present = listed ? (unbroken ? witness.present : 0) + 1 : 0;
      const port = reading.ports[witness.nic.id];
      if (port !== undefined) witness.port = port;
      const { evidence } = this.row(witness.nic.id);
      evidence.list = listed ? 'present' : 'absent';
      if (witness.port !== null) evidence.port = witness.port.state;
    }
    return true;
  }

  /** A series of readings starts anew: what was seen before a submission says nothing about what came of it. */
  forgetReadings(): void {
    this.lastReading = null;
    for (const witness of this.witnesses.values()) {
      witness.absent = 0;
      witness.present = 0;
    }
  }

  // --- what is written outside the document --------------------------------------------------------------------

  /** The namespace's search attributes, as the worker found them: an unregistered one would wedge the run. */
  useSearchAttributes(registered: string[]): void {
    this.attributes = new Set(registered);
  }

  publish(values: Partial<Record<'serverId' | 'phase' | 'outcome', string>>): void {
    const pairs: SearchAttributePair[] = [];
    for (const [field, value] of Object.entries(values)) {
      const name = SEARCH_ATTRIBUTE[field as keyof typeof values];
      if (this.attributes.has(name)) {
        pairs.push({ key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD), value });
      }
    }
    if (pairs.length > 0) upsertSearchAttributes(pairs);
  }

  /** Read by the next run on this server, should this one be ended from outside. */
  declareOpen(jobId: string | null): void {
    this.declaredOpen = true;
    upsertMemo({ [MEMO.open]: { nics: this.remaining(), since: iso(Date.now()), jobId } });
  }
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
  };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
