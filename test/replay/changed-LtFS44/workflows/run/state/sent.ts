/** What the run has sent: progress of the submission, and what may still come of it. */
import type { SubmissionResult } from '../../../activities/agreement';

export interface Sent {
  /** A submission was accepted, or its fate is unknown. From here on the run observes to its end. */
  touched: boolean;
  /** A deletion was sent, and it is not certain that nothing more comes of it. */
  doubtful: boolean;
  /** The run has set the memo `open`. At its end it sets the memo to `settled`, if every NIC has its verdict. */
  declared: boolean;
  /** A run of this chain is the product of a reset, or a worker refused an effect for that: the run may never send. */
  wasReset: boolean;
  /** How often, just before a POST, a flag was not as proven. */
  unkept: number;
  /** How often in a row the server was found busy. */
  busy: number;
  submission: Submission;
}

export interface Submission {
  /** Nothing more will be sent. */
  over: boolean;
  throttled: number;
  unsent: number;
  /** Number of refusals after which the run had to look first. */
  observed: number;
  /** Why no submission has been accepted so far. */
  lastNo: No | null;
  doubt: Doubt | null;
}

/** Why a submission was not accepted. Without a code the reason does not come from the cloud. */
export interface No {
  message: string;
  code: string | null;
}

export type Refusal = Extract<SubmissionResult, { kind: 'refused' }>;

/** A question that readings have to answer before the next submission. */
export interface Doubt {
  why: string;
  /** Nothing more is sent, whatever the readings say. */
  stop: boolean;
  /** The cloud's refusal. It is final if all NICs are still on the server. */
  refusal: Refusal | null;
  /** Number of NICs on the server when the doubt arose. */
  listed: number;
  looks: Looks;
}

/** Progress of the looks after a lost answer. */
export interface Looks {
  made: number;
  /** Readings in a row that found the server idle. */
  idle: number;
  /** When the next look is due; `null`: not decided. */
  dueAt: number | null;
  /** Least pause before the first look, in ms: the worker may still send. */
  leastMs?: number;
}

export function freshSent(): Sent {
  return {
    touched: false,
    doubtful: false,
    declared: false,
    wasReset: false,
    unkept: 0,
    busy: 0,
    submission: { over: false, throttled: 0, unsent: 0, observed: 0, lastNo: null, doubt: null },
  };
}

interface State {
  sent: Sent;
}

/** The run may send nothing any more, but goes on to observe. */
export function forbidSending({ sent }: State): void {
  sent.wasReset = true;
}

/** Nothing more will be sent. */
export function endSubmission({ sent }: State): void {
  sent.submission.over = true;
}

/** A busy server was found (once more), or has accepted a POST. */
export function countBusy({ sent }: State, isBusy: boolean): number {
  return (sent.busy = isBusy ? sent.busy + 1 : 0);
}

/** A deletion was sent, and it is not known what may still come of it. */
export function markDoubtful({ sent }: State): void {
  sent.doubtful = true;
}
