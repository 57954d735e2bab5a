/** What is judged: the cloud's own record, and what the runs have told. Plain data, so that the judge can be tested with planted lies. */
import type { ReportServer, ResultDocument } from '../../src/contract';
import type { NicState } from '../../simulator/compute/nic-states';
import type { LedgerEffect, LedgerJob } from '../../simulator/world/ledger';

/** A request as the simulator tells it over HTTP. `at` in epoch ms. */
export interface Request {
  seq: number;
  at: number;
  class: string;
  status: number;
  serverId?: string;
  serverIds?: string[];
  portId?: string;
  nicIds?: string[];
  jobId?: string;
  accepted?: boolean;
  faults?: string[];
}

export interface Ledger {
  requests: Request[];
  effects: LedgerEffect[];
  jobs: LedgerJob[];
}

/** How an execution, or a whole chain, has ended; `open`: not at all. */
export type End = 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed-out' | 'open';

/** One start of a workflow on a server, with all the executions that continued it as new or that a reset put in its place. */
export interface RunFacts {
  workflowId: string;
  runIds: string[];
  type: string;
  serverId: string;
  /** The decommission run that it is part of, by name, and its page. */
  fleet: { run: string; page: number } | null;
  input: unknown;
  startedAt: number;
  /** Infinity: open. */
  closedAt: number;
  end: End;
  /** `null`: it told nothing, because it was ended from outside. */
  document: ResultDocument | null;
  /** Somebody has reset it: from then on it observes. */
  wasReset: boolean;
}

export interface PageFacts {
  run: string;
  page: number;
  startedAt: number;
  closedAt: number;
  end: End;
  wasReset: boolean;
  /** The run knows it to its end: a run that was reset forgets pages that were loaded later. */
  isKnown: boolean;
  /** Servers of the list, in its order. */
  listed: { serverId: string; nics: 'all' | { id: string }[] }[];
}

export interface FleetFacts {
  run: string;
  end: End;
  closedAt: number;
  wasReset: boolean;
  /** The first approval that was taken; `null`: none. */
  approvedAt: number | null;
  /** Totals that the run itself has told at its end. */
  counts: Record<string, number> | null;
  outcome: string | null;
  /** As an operator reads it at the end; `null`: it can't be had. */
  report: ReportServer[] | null;
  pages: PageFacts[];
}

export interface ServerFacts {
  serverId: string;
  primary: string;
  /** NICs that it has ever had. */
  known: string[];
  /** As it was made, and as it is in the end. */
  before: NicState[];
  after: NicState[];
}

/** A start of the naive worker. */
export interface NaiveFacts {
  workflowId: string;
  serverId: string;
  nicIds: string[];
  startedAt: number;
  closedAt: number;
  end: End;
}

export interface Facts {
  ledger: Ledger;
  /** What the simulator itself finds wrong in its ledger. */
  invariants: { rule: string; serverId: string; message: string }[];
  servers: ServerFacts[];
  runs: RunFacts[];
  fleets: FleetFacts[];
  naive: NaiveFacts[];
  /** Kills, cuts and freezes, in epoch ms. */
  troubles: { what: string; from: number; until: number }[];
  leftOpen: string[];
}

export interface Violation {
  rule: string;
  serverId: string | null;
  /** Workflow ids whose histories tell more. */
  workflowIds: string[];
  message: string;
}
