/** What was sent: how far the submission has come, and what may be at work because of it. */
import type { SubmissionResult } from '../../../activities/agreement/agreement';

export interface Sent {
  /** An accepted submission or one of unknown fate may be at work: from here on the run observes to its end. */
  touched: boolean;
  /** A deletion was sent of which it is not known for certain that nothing more comes of it. */
  doubtful: boolean;
  /** The memo `open` is set; it is cleared when every NIC has a verdict. */
  declared: boolean;
  /** A run that this one continues is the product of a reset, or an effect was refused for that: it may never send. */
  wasReset: boolean;
  /** Times that flags were found to be otherwise than proven, just before a POST. */
  unkept: number;
  submission: Submission;
}

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

/** How far the looking after a lost answer has come. */
export interface Looks {
  made: number;
  /** Readings in a row that found the server idle. */
  idle: number;
  /** When the next look is due; `null`: not decided. */
  dueAt: number | null;
}

export function freshSent(): Sent {
  return {
    touched: false,
    doubtful: false,
    declared: false,
    wasReset: false,
    unkept: 0,
    submission: { over: false, throttled: 0, unsent: 0, observed: 0, lastNo: null, doubt: null },
  };
}

interface State {
  sent: Sent;
}

/** It may never send (any more), but goes on to observe. */
export function neverSends({ sent }: State): void {
  sent.wasReset = true;
}

/** Nothing will be sent any more. */
export function endSubmission({ sent }: State): void {
  sent.submission.over = true;
}

/** A deletion was sent of which nobody knows what may still come. */
export function inDoubt({ sent }: State): void {
  sent.doubtful = true;
}
