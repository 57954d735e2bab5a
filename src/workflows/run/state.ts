/**
 * What a run knows, as plain values: all of it is handed on when the run continues as new (resume.ts), so that nothing is
 * inspected, and above all nothing is sent, a second time.
 */
import type {
  SubmissionResult,
  JobAnswer,
  Pace,
  Place,
  PortState,
  PreviousOpenRun,
} from '../../activities/agreement/agreement';
import type { FailureType } from '../../contract/names';
import type { Phase, ResultDocument } from '../../contract/types';
import type { Change, PutBack } from '../policy/undo-log';

export interface RunState {
  document: ResultDocument;
  witnesses: Witness[];
  primaryId: string | null;
  /** An accepted submission or one of unknown fate may be at work: from here on the run observes to its end. */
  touched: boolean;
  /** The memo `open` is set; it is cleared when every NIC has a verdict. */
  declaredOpen: boolean;
  /** A run that this one continues is the product of a reset, or an effect was refused for that: it may never send. */
  wasReset: boolean;
  submission: Submission;
  verification: Verification | null;
  /** The inverse of every change that may have to be taken back, written down before the change is made. */
  undoLog: Change[];
  /** NICs of which a reading has proved that their port outlives them, since this run has seen to it. */
  kept: string[];
  /** A deletion was sent of which it is not known for certain that nothing more comes of it. */
  doubtful: boolean;
  /** The time for an undo is over, or nobody was given any. */
  windowClosed: boolean;
  /** Kept ports are being deleted. */
  committing: boolean;
  putBack: PutBack | null;
  /** Patience was given for a job that has to end before anything is put back: once, however often the run is handed on. */
  restAwaited: boolean;
  /** What a long job takes, by the worker's experience, in ms. */
  longJobMs: number;
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
  /** After a refused poll the next one waits a minute; the NIC list is read meanwhile (docs/contract.md §6.5). */
  pollHoldUntil: number;
  deadlineAt: number;
  woken: boolean;
  /** `first`: no series led up to it, or the one that did was broken. */
  lastReading: { at: number; first?: boolean } | null;
  /** Where it acts, from its first inspection on. */
  place: Partial<Place> | null;
  /** Of `nics: "all"`: those that the first complete inspection has found. */
  all: string[] | null;
  /** Kept ports that a commit has left alone; of these, what says to be on the server again. */
  left: string[];
  returned: string[];
  /** Rounds in which a commit has looked at these. */
  rounds: number;
  /** Times that a worker of another place has declined to send. */
  declined: number;
  /** How the run fails once it has kept its promise about what it holds. */
  refusedAs: { type: FailureType; message: string } | null;
  /** Times that flags were found to be otherwise than proven, just before a POST. */
  unkept: number;
  /** Those of our search attributes that the namespace has, as the worker found them. */
  searchAttributes: string[];
  /** When that was learned; `null`: once, at the inspection. */
  learnedAt: number | null;
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
    undoLog: [],
    kept: [],
    doubtful: false,
    windowClosed: false,
    committing: false,
    putBack: null,
    restAwaited: false,
    longJobMs: 0,
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
    place: null,
    all: null,
    left: [],
    returned: [],
    rounds: 0,
    declined: 0,
    refusedAs: null,
    unkept: 0,
    searchAttributes: [],
    learnedAt: null,
    publishedPhase: null,
    rest: null,
  };
}

/** What the cloud has said about one NIC that is to go. */
export interface Witness {
  id: string;
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
