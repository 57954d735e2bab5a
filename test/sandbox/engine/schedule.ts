/** What a schedule says, and what comes of it. Times are ms of virtual time. */
import type { Payload } from '@temporalio/common';
import type { Phase, ResultDocument } from '../../../src/contract';
import type { Job, Metric } from './replica';

/** What somebody who acts can look at before. */
export interface Seen {
  /** The query `status` of the run that is open then; `null`: none is. */
  status: () => Promise<ResultDocument | null>;
}

/** A start of the workflow, what reaches it, and how it is ended from outside. Times count from this start. */
export interface Start {
  /** Default: `deleteServerNics`. */
  workflow?: 'restoreServerNics' | 'releasePorts';
  input: unknown;
  /** Instead of it: made of what has been played by then. */
  inputOf?: (all: readonly Played[]) => unknown;
  /** After the end of the run before it. */
  gapMs?: number;
  cancelAt?: number;
  /** So long after the run has told of that phase. */
  cancelAfter?: { after: Phase; ms: number };
  /** What others do, so long after the start or after the run has told of a phase. */
  deeds?: { at: number; after?: Phase; act: (seen: Seen) => unknown }[];
  pollNowAt?: number[];
  updates?: UpdatePlan[];
  terminateAt?: number;
  /** Reset to the workflow task at this share of those carried out so far. */
  resetAt?: { at: number; share: number };
}

export interface UpdatePlan {
  /** After the start. */
  at: number;
  /** Instead: after the run has told of that phase; not at all, if it never does. */
  after?: Phase;
  name: 'submitted' | 'settled' | 'undo' | 'commit';
  /** The caller's request, when it sends it along. */
  request?: unknown;
}

export interface Schedule extends Start {
  serverId: string;
  seed: number;
  /** Of the activity numbered n (from 0): its worker dies before or after it has done its work; nobody hears of it. */
  crashes?: Map<number, 'before' | 'after'>;
  /** For so long the activity numbered n waits for a worker to take it. */
  queueMs?: Map<number, number>;
  /** For so long the worker that has taken the activity numbered n stands still before it does anything. */
  frozenMs?: Map<number, number>;
  /** For so long it stands still between the question whether it may write and the write, of which nobody hears in time. */
  heldMs?: Map<number, number>;
  /** The worker has forgotten the run before its workflow task numbered n (from 0). */
  forgotten?: Set<number>;
  /** The worker dies in the workflow task numbered n, after the workflow and before the server has heard of it. */
  lostTasks?: Set<number>;
  /** When the activity numbered n has reported, no worker is there for so long. */
  silentMs?: Map<number, number>;
  /** No worker is there from `at` ms after the first start on, for `ms`. */
  away?: { at: number; ms: number };
  /** Workers of another place take so many first attempts of the activity numbered n, once a run knows whose it is. */
  strangers?: Map<number, number>;
  /** Updates that the server takes for one run. Default: 2,000, as the real one. */
  maxUpdates?: number;
  /** The run is the product of a reset, of which nothing else is played. */
  reset?: boolean;
  /** After so many activations the server suggests to continue as new, in every run of the chain. */
  continueAfter?: number;
  /** Each further run of the chain is one that has timed out and was tried again. */
  retried?: boolean;
  /** The second run of the chain is the product of a reset. */
  resetLater?: boolean;
  /** For so many ms no worker is there to begin the second run of the chain. */
  handOverMs?: number;
  /** Signals and Updates, ms after the start; as a client of any kind sends them. */
  messages?: { at: number; job: Job }[];
  /** The arguments as they came, instead of `input`: no client of ours has to have made them. */
  payloads?: Payload[];
  /** What else the caller has a hand in. */
  memo?: Record<string, Payload>;
  info?: Record<string, unknown>;
  /** Further starts under the same workflow id, each after the end of the one before. */
  more?: Start[];
}

export type End =
  | { kind: 'completed'; result: unknown }
  | { kind: 'failed'; type: string; message: string; details: unknown }
  | { kind: 'cancelled' }
  /** From outside; `reset`: another run has taken its place. */
  | { kind: 'terminated'; reset: boolean };

export interface PlayedActivity {
  type: string;
  attempts: number;
  summary: string;
  scheduledAt: number;
  /** What the workflow was told: a result, or why there is none. */
  told?: { result: unknown } | { failed: string } | { cancelled: true };
  /** When it was told; what an attempt does after that nobody hears of. */
  toldAt?: number;
  /** Attempts of which nobody heard. */
  lost: number;
  /** Numbers of the cloud's requests that it made, from (inclusive) and to (exclusive). */
  requests: [number, number][];
}

export type UpdateAnswer =
  | { kind: 'completed'; value: unknown }
  | { kind: 'rejected'; type: string; message: string }
  /** The run was ended from outside, or none was open. */
  | { kind: 'closed' };

export interface PlayedUpdate {
  plan: UpdatePlan;
  /** Each time it was asked: of which run, and what the answer was. */
  asked: {
    runId: string;
    answer: UpdateAnswer | null;
    /** The phase that the run was in when it came. */
    foundIn?: Phase;
  }[];
}

/** One start of the workflow (or the product of a reset), from its first run to its end. */
export interface Played {
  input: unknown;
  end: End;
  memo: Record<string, unknown>;
  /** What the query `status` answers after the end; of a terminated run: just before it. */
  status: unknown;
  activities: PlayedActivity[];
  /** Updates of those who wait for an answer. */
  waiting: PlayedUpdate[];
  /** All answers to Updates, by their protocol id. */
  updates: { id: string; answer: 'accepted' | 'completed' | 'rejected'; type: string; message: string }[];
  /** The operator's page at the end ("Current Details"). */
  details: string;
  startedAt: number;
  endedAt: number;
  virtualMs: number;
  /** By the cloud's clock, which is ahead while a call is under way. */
  endedCloudAt: number;
  /** When new worker processes have begun until the end of the run. */
  restarts: number[];
  /** When it was told to cancel. */
  cancelledAt: number | null;
  /** Of the chain, each with its activations. */
  runs: number[];
  runIds: string[];
  /** The memo `open` that each further run of the chain began with. */
  openAtStart: unknown[];
  /** Names of the search attributes that each further run of the chain began with. */
  attributesAtStart: string[][];
  metrics: Metric[];
  /** It is known which requests were made for it. */
  attributed: boolean;
  /** It is the product of a reset. */
  wasReset: boolean;
  /** Workers that have died. */
  crashes: number;
  /** The most that one run of the chain had, and the largest single payload of all. */
  most: { events: number; updates: number; payloadBytes: number };
  /** Attempts that workers of another place have taken. */
  strange: number;
}
