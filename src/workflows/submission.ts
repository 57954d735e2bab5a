/** How far the submission has come: what a run has to remember of it, also across a change of its run id. */
import type { DeleteNicsResult } from '../contract/activities';
import type { Looks } from './look';

/** Why nothing was accepted. Without a code it was not the cloud that said no. */
export interface No {
  message: string;
  code: string | null;
}

export type Refusal = Extract<DeleteNicsResult, { kind: 'refused' }>;

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

export function newDoubt(why: string): Doubt {
  return { why, stop: false, refusal: null, listed: 0, looks: { made: 0, idle: 0, dueAt: null } };
}
