/** The documents of decommission runs, as JSON. Times are RFC 3339, UTC. */
import type { InputOf } from '../options';
import type { ByWhom, NicOutcome, NicTarget, RestoreGrade } from '../types';
import type { LeftAlone } from './names';
import type { DECOMMISSION_OPTIONS } from './options';

/** Input of the workflow `decommission`. The list comes by its Updates `load` and `loaded`. */
export interface DecommissionInput extends InputOf<typeof DECOMMISSION_OPTIONS> {
  maxServers: number;
}

/** One server of the list. */
export interface ListedServer {
  serverId: string;
  /** The NICs to delete, or `"all"`: every NIC but the primary one. */
  nics: NicTarget[] | 'all';
}

export type DecommissionPhase =
  | 'loading'
  | 'planning'
  | 'planned'
  | 'running'
  | 'paused'
  | 'stopped'
  | 'undo-window'
  | 'committing'
  | 'undoing'
  | 'done';

export type ServerOutcome =
  | 'deleted'
  | 'detached'
  | 'nothing-to-do'
  | 'failed'
  | 'unknown'
  | 'restored'
  | 'recreated'
  | 'restore-incomplete'
  | 'untouched';

/** A NIC that the plan would delete. */
export interface PlannedNic {
  id: string;
  ip: string | null;
  mac: string | null;
  elasticIp: string | null;
  /** How well it could be put back afterwards. */
  restore: RestoreGrade;
}

export interface PlannedServer {
  serverId: string;
  serverName: string | null;
  nics: PlannedNic[];
}

/** A server of the list that the plan leaves alone. */
export interface Excluded {
  serverId: string;
  serverName: string | null;
  /** `NothingToDo`: none of its NICs is there any more. */
  code: LeftAlone | 'NothingToDo';
  reason: string;
}

export interface Forecast {
  /** Time that the waves take at least, without pauses. */
  seconds: number;
  callsPerServer: number;
  /** Of all workers together; `null`: no worker has told it yet. */
  callsPerSecond: number | null;
  /** Servers that can be under way at a time: `concurrency`, or less where `strict` says so. */
  effectiveConcurrency: number;
  /** Which of the two holds the run back. */
  limitedBy: 'calls' | 'concurrency';
}

/** Answer of the query `plan` of a run. */
export interface PlanDocument {
  run: string;
  phase: DecommissionPhase;
  /** `null` until every server was inspected. */
  digest: string | null;
  /** Servers and NICs that would be touched. */
  servers: number;
  nics: number;
  /** Servers of the list that were inspected, and all of them. */
  inspected: number;
  listed: number;
  /** Some of the servers that are left alone; `nextPage` leads to further ones. */
  excluded: Excluded[];
  excludedCount: number;
  excludedByCode: Partial<Record<Excluded['code'], number>>;
  /** NICs by how well they could be put back. */
  byGrade: Partial<Record<RestoreGrade, number>>;
  elasticIps: number;
  /** Cumulative sizes. */
  waves: number[];
  forecast: Forecast | null;
  expires: string | null;
  nextPage: number | null;
  /** The workflow ids of the pages. Their query `plan` names every server and NIC. */
  pages: string[];
}

/** Answer of the query `plan` of a page. */
export interface PagePlan {
  run: string;
  page: number;
  servers: PlannedServer[];
  excluded: Excluded[];
}

export interface FailedServer {
  serverId: string;
  errorCode: string | null;
  message: string | null;
}

/** A message that changed the run, for people who look at it afterwards. */
export interface Control extends ByWhom {
  what: string;
  at: string;
}

/** Answer of the query `status`, and result of the workflow. */
export interface DecommissionStatus {
  run: string;
  phase: DecommissionPhase;
  /** Why it is paused, stopped, aborted or undone, and by whom; `by: null`: the run itself has decided so. */
  reason: string | null;
  by: string | null;
  /** It waits for a person to let the next wave go. */
  betweenWaves: boolean;
  /** Of a finished run. */
  outcome: DecommissionOutcome | null;
  digest: string | null;
  servers: number;
  nics: number;
  excluded: number;
  wave: { number: number; of: number; size: number; done: number } | null;
  waves: number[];
  /** Servers by outcome, of those at rest; `excluded` ones are not counted. */
  counts: Partial<Record<ServerOutcome, number>>;
  /** Servers that count against `maxErrors`. */
  failed: number;
  maxErrors: number | null;
  /** Servers that are deleted from, or put back. */
  inFlight: number;
  /** Of the servers that an `undo` wants back, those that are, or could not be put back wholly; `null`: there are none. */
  back: { done: number; of: number } | null;
  /** Somebody has sent `undo` for the whole run. */
  undone: boolean;
  effectiveConcurrency: number;
  /** The most servers that can still fail before the run stops by itself. */
  mayStillFail: number;
  ratePerMinute: number | null;
  eta: string | null;
  undoUntil: string | null;
  expires: string | null;
  startedAt: string;
  endedAt: string | null;
  /** The first 20. */
  failures: FailedServer[];
  /** The latest. */
  controls: Control[];
  requestedBy: string | null;
  pages: { workflowId: string; servers: number; state: PageState }[];
  /** What is known so far of the list, while it is loaded and planned. */
  progress: { listed: number; inspected: number };
  /** What a person can do now, as names of Updates. */
  next: string[];
}

/**
 * `aborted`: also a plan that nobody approved in time. `incomplete`: some server failed, or its end is unknown; of an undone run: was
 * not put back, or not wholly.
 */
export type DecommissionOutcome = 'done' | 'incomplete' | 'aborted' | 'undone' | 'invalid-input';

export type PageState = 'loaded' | 'planning' | 'planned' | 'working' | 'resting' | 'done' | 'lost';

export interface ReportNic {
  id: string;
  ip: string | null;
  mac: string | null;
  outcome: NicOutcome;
  restore: RestoreGrade;
  errorCode: string | null;
  message: string | null;
  jobId: string | null;
  requestId: string | null;
  /** Of a NIC that was put back: fields that are not as before. Left out where there are none. */
  differs?: string[];
}

export interface ReportServer {
  serverId: string;
  serverName: string | null;
  outcome: ServerOutcome | 'running' | 'waiting';
  errorCode: string | null;
  message: string | null;
  nics: ReportNic[];
}

/** Answer of the query `report` of a page, and its result. */
export interface PageReport {
  run: string;
  page: number;
  state: PageState;
  servers: ReportServer[];
}

/** A page whose own documents can't be had. */
export interface UnreadablePage {
  workflowId: string;
  servers: number;
  reason: string;
}

/** The pages' reports together, in the order of the list. */
export interface DecommissionReport {
  run: string;
  outcome: DecommissionOutcome | 'running';
  servers: ReportServer[];
  counts: Partial<Record<ReportServer['outcome'], number>>;
  /** Servers by `errorCode`, of those that have one. */
  codes: Record<string, number>;
  /** Their servers are told as `unknown`, if their ids can be had. */
  unreadable: UnreadablePage[];
}

/** The plan of a run and those of its pages together, in the order of the list. */
export interface JoinedPlan extends PlanDocument {
  /** What would be touched, server by server. */
  planned: PlannedServer[];
  unreadable: UnreadablePage[];
}
