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
  /** Server id, a lower-case UUID. */
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
  /** Port id. */
  id: string;
  /** Its fixed IP. */
  ip: string | null;
  /** Its MAC address. */
  mac: string | null;
  /** The elastic IP that it carries. */
  elasticIp: string | null;
  /** How well it could be put back afterwards. */
  restore: RestoreGrade;
}

export interface PlannedServer {
  /** Server id. */
  serverId: string;
  /** As the cloud has it. */
  serverName: string | null;
  /** What would be deleted. */
  nics: PlannedNic[];
}

/** A server of the list that the plan leaves alone. */
export interface Excluded {
  /** Server id. */
  serverId: string;
  /** As the cloud has it. */
  serverName: string | null;
  /** `NothingToDo`: none of its NICs is there any more. */
  code: LeftAlone | 'NothingToDo';
  /** For people. */
  reason: string;
}

export interface Forecast {
  /** Time that the waves take at least, without pauses. */
  seconds: number;
  /** Calls of the cloud that a server takes. */
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
  /** Name of the run. */
  run: string;
  /** Where the run is. */
  phase: DecommissionPhase;
  /** `null` until every server was inspected. */
  digest: string | null;
  /** Servers that would be touched. */
  servers: number;
  /** NICs that would be touched. */
  nics: number;
  /** Servers of the list that were inspected. */
  inspected: number;
  /** Servers of the list. */
  listed: number;
  /** Some of the servers that are left alone; `nextPage` leads to further ones. */
  excluded: Excluded[];
  /** All servers that are left alone. */
  excludedCount: number;
  /** The same by code. */
  excludedByCode: Partial<Record<Excluded['code'], number>>;
  /** NICs by how well they could be put back. */
  byGrade: Partial<Record<RestoreGrade, number>>;
  /** Elastic IPs that the NICs carry. */
  elasticIps: number;
  /** Cumulative sizes. */
  waves: number[];
  /** How long it takes; `null`: not known yet. */
  forecast: Forecast | null;
  /** Until when it can be approved. */
  expires: string | null;
  /** The `page` of the next query; `null`: this was the last one. */
  nextPage: number | null;
  /** The workflow ids of the pages. Their query `plan` names every server and NIC. */
  pages: string[];
}

/** Answer of the query `plan` of a page. */
export interface PagePlan {
  /** Name of the run. */
  run: string;
  /** Number of the page. */
  page: number;
  /** What would be touched. */
  servers: PlannedServer[];
  /** What is left alone. */
  excluded: Excluded[];
}

export interface FailedServer {
  /** Server id. */
  serverId: string;
  /** As in the report. */
  errorCode: string | null;
  /** For people. */
  message: string | null;
}

/** A message that changed the run, for people who look at it afterwards. */
export interface Control extends ByWhom {
  /** Name of the Update. */
  what: string;
  /** When it was taken. */
  at: string;
}

/** Answer of the query `status` and of every Update, and result of the workflow. */
export interface DecommissionStatus {
  /** Name of the run. */
  run: string;
  /** Where it is. */
  phase: DecommissionPhase;
  /** Why it is paused, stopped, aborted or undone. */
  reason: string | null;
  /** By whom; `null`: the run itself has decided so. */
  by: string | null;
  /** It waits for a person to let the next wave go. */
  betweenWaves: boolean;
  /** Of a finished run. */
  outcome: DecommissionOutcome | null;
  /** The plan's; `null` until it stands. */
  digest: string | null;
  /** Servers of the plan. */
  servers: number;
  /** NICs of the plan. */
  nics: number;
  /** Servers of the list that are left alone. */
  excluded: number;
  /** The wave under way, and how many of its servers are done. */
  wave: { number: number; of: number; size: number; done: number } | null;
  /** Cumulative sizes of the waves. */
  waves: number[];
  /** Servers by outcome, of those at rest; `excluded` ones are not counted. */
  counts: Partial<Record<ServerOutcome, number>>;
  /** Servers that count against `maxErrors`. */
  failed: number;
  /** As a count of servers; `null` until the plan stands. */
  maxErrors: number | null;
  /** Servers that are deleted from, or put back. */
  inFlight: number;
  /** Of the servers that an `undo` wants back, those that are, or could not be put back wholly; `null`: there are none. */
  back: { done: number; of: number } | null;
  /** Somebody has sent `undo` for the whole run. */
  undone: boolean;
  /** Servers that can be under way at a time. */
  effectiveConcurrency: number;
  /** The most servers that can still fail before the run stops by itself. */
  mayStillFail: number;
  /** Servers that came to rest a minute, lately. */
  ratePerMinute: number | null;
  /** When it is expected to end. */
  eta: string | null;
  /** Until when `undo` puts everything back exactly; `null`: no window is open. */
  undoUntil: string | null;
  /** Until when the plan can be approved. */
  expires: string | null;
  /** When it began. */
  startedAt: string;
  /** When it ended. */
  endedAt: string | null;
  /** The first 20 failed servers. */
  failures: FailedServer[];
  /** The latest messages that changed the run. */
  controls: Control[];
  /** Of the input. */
  requestedBy: string | null;
  /** The pages of the list, each a workflow. */
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
  /** Port id. */
  id: string;
  /** Its fixed IP. */
  ip: string | null;
  /** Its MAC address. */
  mac: string | null;
  /** As in a document. */
  outcome: NicOutcome;
  /** How well it could be put back. */
  restore: RestoreGrade;
  /** The cloud's code, or one of ecs-nics. */
  errorCode: string | null;
  /** For people. */
  message: string | null;
  /** The job that took it off. */
  jobId: string | null;
  /** The cloud's own id of the request. */
  requestId: string | null;
  /** Of a NIC that was put back: fields that are not as before. Left out where there are none. */
  differs?: string[];
}

export interface ReportServer {
  /** Server id. */
  serverId: string;
  /** As the cloud has it. */
  serverName: string | null;
  /** What became of it. */
  outcome: ServerOutcome | 'running' | 'waiting';
  /** Of a server that was left alone or has failed. */
  errorCode: string | null;
  /** For people. */
  message: string | null;
  /** A row for every NIC. */
  nics: ReportNic[];
}

/** Answer of the query `report` of a page, and its result. */
export interface PageReport {
  /** Name of the run. */
  run: string;
  /** Number of the page. */
  page: number;
  /** Where the page is. */
  state: PageState;
  /** A row for every server. */
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
