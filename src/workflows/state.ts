/**
 * What a run knows, as plain values: all of it is handed on when the run continues as new (resume.ts), so that nothing is
 * inspected, and above all nothing is sent, a second time.
 */
import type { SubmissionResult, JobAnswer, Pace, PortState, PreviousOpenRun } from '../contract/activities';
import type { Phase, ResultDocument } from '../contract/types';

export interface RunState {
  document: ResultDocument;
  witnesses: Witness[];
  primaryId: string | null;
  /** An accepted submission or one of unknown fate may be at work: from here on the run observes to its end. */
  touched: boolean;
  /** The memo `open` is set; it is cleared when every NIC has a verdict. */
  declaredOpen: boolean;
  /** This run, or one that it continues, is the product of a reset: it may never send. */
  wasReset: boolean;
  submission: Submission;
  verification: Verification | null;
  jobState: JobState;
  lastJob: JobAnswer | null;
  pace: Pace;
  /** A run under the same id that ended with its submission open, or `settled`: none (any more). */
  previous: PreviousOpenRun | 'settled' | null;
  /** A run that continues another one has been told: the run before it in the list is its own chain's. */
  askForPrevious: boolean;
  /** When nothing more was to be expected from a submission, as far as this run could see. */
  overSince: number | null;
  /** When the next poll is due; `null`: not decided. */
  pollDueAt: number | null;
  /** After a refused poll the next one waits a minute; the NIC list is read meanwhile (interface.md §6.5). */
  pollHoldUntil: number;
  deadlineAt: number;
  woken: boolean;
  /** `first`: no series led up to it, or the one that did was broken. */
  lastReading: { at: number; first?: boolean } | null;
  /** Those of our search attributes that the namespace has, as the worker found them. */
  searchAttributes: string[];
  /** The phase that they tell; `null`: nothing yet. */
  publishedPhase: Phase | null;
  /** What the run before this one in its chain was about to wait for. */
  rest: Wait | null;
}

export function freshState(document: ResultDocument, deadlineAt: number): RunState {
  return {
    document,
    witnesses: [],
    primaryId: null,
    touched: false,
    declaredOpen: false,
    wasReset: false,
    submission: { over: false, throttled: 0, unsent: 0, observed: 0, lastNo: null, doubt: null },
    verification: null,
    jobState: 'none',
    lastJob: null,
    pace: { firstPollMs: 10_000, pollIntervalMs: 10_000 },
    previous: null,
    askForPrevious: true,
    overSince: null,
    pollDueAt: null,
    pollHoldUntil: 0,
    deadlineAt,
    woken: false,
    lastReading: null,
    searchAttributes: [],
    publishedPhase: null,
    rest: null,
  };
}

/** What the cloud has said about one NIC that is to go. */
export interface Witness {
  id: string;
  /** The NIC's own flag says that its port outlives it. */
  keepsPort: boolean;
  /** Readings in a row, all of one unbroken series. */
  absent: number;
  present: number;
  port: PortState | null;
}

/** What is known about the job that was accepted last. */
export type JobState =
  | 'none'
  | 'running'
  | 'ended'
  /** The cloud does not know it (any more). */
  | 'gone'
  /** Polls fail: the NICs are looked at instead, and the job is asked now and then. */
  | 'unreadable';

/** A wait that has been decided on. */
export interface Wait {
  until: number;
  summary: string;
  /** `pollNow` ends it early. */
  wakeable: boolean;
}

/** Why nothing was accepted. Without a code it was not the cloud that said no. */
export interface No {
  message: string;
  code: string | null;
}

export type Refusal = Extract<SubmissionResult, { kind: 'refused' }>;

/** What the NICs have to answer before anything more is sent. */
export interface Doubt {
  why: string;
  /** Nothing more is sent, whatever they answer. */
  stop: boolean;
  /** The cloud said this, and means it when they are all still there. */
  refusal: Refusal | null;
  /** NICs on the server when the doubt came up. */
  listed: number;
  looks: Looks;
}

/** How far the submission has come. */
export interface Submission {
  /** Nothing will be sent any more. */
  over: boolean;
  throttled: number;
  unsent: number;
  /** Refusals that asked for a look first. */
  observed: number;
  /** Why nothing has been accepted so far. */
  lastNo: No | null;
  doubt: Doubt | null;
}

/** How far the looking has come. */
export interface Verification {
  /** NICs without a verdict. */
  open: string[];
  startedAt: number;
  look: number;
  /** Pause before this look, in ms. */
  gapMs: number;
  /** Series of readings that began when patience was over, and were given a second one. */
  begunLate?: number;
}

/** How far the looking after a lost answer has come. */
export interface Looks {
  made: number;
  /** Readings in a row that found the server idle. */
  idle: number;
  /** When the next look is due; `null`: not decided. */
  dueAt: number | null;
}
