/** What the little server has seen, for judges. Times are epoch ms of virtual time. */
import type { UpdateAnswer } from '../schedule';

/** Somebody has asked for a run. */
export interface StartRecord {
  at: number;
  workflowId: string;
  type: string;
  /** `null`: another run was open under this id. */
  runId: string | null;
  input: unknown;
  /** The workflow that has asked for it, and which of its runs; `null`: a client. */
  by: { workflowId: string; runId: string } | null;
  /** Of a run, once it is over; a chain is one. */
  end: { at: number; kind: EndKind; type?: string; value: unknown } | null;
}

export type EndKind = 'completed' | 'failed' | 'cancelled' | 'terminated';

export interface UpdateRecord {
  name: string;
  argument: unknown;
  sentAt: number;
  /** When its run had it in a workflow task. */
  heardAt: number | null;
  acceptedAt: number | null;
  /** `null`: there is none yet. */
  answer: UpdateAnswer | null;
  answeredAt: number | null;
}

export interface SignalRecord {
  sentAt: number;
  /** `null`: no run was open, or it has not arrived. */
  arrivedAt: number | null;
  from: string | null;
  to: string;
  name: string;
  argument: unknown;
}

/** Somebody has ended a run from outside. */
export interface OutsideRecord {
  at: number;
  what: 'terminate' | 'cancel';
  workflowId: string;
}

export class FleetRecord {
  readonly starts: StartRecord[] = [];
  readonly updates: UpdateRecord[] = [];
  readonly signals: SignalRecord[] = [];
  readonly outside: OutsideRecord[] = [];
  /** Continue-as-new of any run. */
  readonly continued: { at: number; workflowId: string }[] = [];
  /** Workers that have died. */
  crashes = 0;
  /** Times that a whole history was replayed for the next task. */
  forgotten = 0;
  tasks = 0;
  /** The longest delay that the server has put between anything and its effect, in ms. */
  longestDelayMs = 0;

  startsOf(workflowId: string): StartRecord[] {
    return this.starts.filter((start) => start.workflowId === workflowId);
  }
}
