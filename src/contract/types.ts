/** The documents that cross the boundary between callers and worker, as JSON. */
import type { Duration } from './duration';

export interface NicTarget {
  /** Port id of the NIC, a lower-case UUID. */
  id: string;
  /** When given, the NIC must hold this fixed IP, or the whole run is refused. */
  ip?: string;
  /** When given, the NIC must have this MAC address, or the whole run is refused. */
  mac?: string;
}

/** Pace of a run; everything optional. Values are durations. */
export interface Timing {
  firstPoll?: Duration;
  pollInterval?: Duration;
  /** Wait before each of the two looks after a submission of unknown fate. */
  settle?: Duration;
  /** How long after the end of the job a NIC must still be listed to count as still attached. */
  verifyFor?: Duration;
  /** Wait after the cloud said that another command is running on the server. */
  busyWait?: Duration;
}

export type KeepOrRestore = 'keep' | 'restore';

/** Input of the workflow `deleteServerNics`. */
export interface DeleteServerNicsInput {
  /** Server id, a lower-case UUID. */
  serverId: string;
  /** The NICs to delete, or `"all"`: every NIC but the primary one. */
  nics: NicTarget[] | 'all';
  /** When given, it must be the worker's project. */
  projectId?: string;
  dryRun?: boolean;
  keepPort?: boolean;
  undoWindow?: Duration;
  onFailure?: KeepOrRestore;
  onCancel?: KeepOrRestore;
  allowElasticIp?: boolean;
  /** For the deletion; at most 20 hours. Default 20 minutes. */
  deadline?: Duration;
  requestedBy?: string;
  reason?: string;
  timing?: Timing;
}

export type NicOutcome =
  | 'deleted'
  | 'detached'
  | 'already-absent'
  | 'still-attached'
  | 'restored'
  | 'recreated'
  | 'untouched'
  | 'unknown';

export type Phase =
  | 'inspecting'
  | 'waiting'
  | 'submitting'
  | 'polling'
  | 'verifying'
  | 'restoring'
  | 'undo-window'
  | 'committing'
  | 'done';

export type RunOutcome =
  | 'running'
  // completed
  | 'deleted'
  | 'detached'
  | 'nothing-to-do'
  | 'planned'
  | 'undone'
  // failed: the failure type in kebab-case
  | 'invalid-input'
  | 'refused'
  | 'cloud-refused'
  | 'not-deleted'
  | 'rolled-back'
  | 'restore-incomplete'
  | 'outcome-unknown'
  // cancelled
  | 'cancelled';

export type RestoreGrade = 'exact' | 'new-mac' | 'new-ip-and-mac' | 'no';

export type ListEvidence = 'absent' | 'present' | 'unknown';
export type PortEvidence = 'absent' | 'free' | 'attached' | 'unknown';

/** What each witness says about one NIC. */
export interface Evidence {
  /** The cloud's status of the job, `none` (no job known) or `gone` (the cloud has forgotten it). */
  job: string;
  subJob: string;
  list: ListEvidence;
  port: PortEvidence;
}

/** What is needed to put a NIC back, read before anything changes. `null`: could not be read. */
export interface NicSnapshot {
  networkId: string | null;
  fixedIps: { subnetId: string | null; ip: string }[];
  mac: string | null;
  deleteOnTermination: boolean | null;
  name: string | null;
  securityGroups: string[] | null;
  allowedAddressPairs: { ip: string; mac: string | null }[] | null;
  dhcpOptions: { name: string; value: string | null }[] | null;
  portSecurityEnabled: boolean | null;
  elasticIp: string | null;
  /** Place among the server's NICs as listed, from 0. */
  position: number;
}

export interface NicRow {
  id: string;
  outcome: NicOutcome;
  ip: string | null;
  mac: string | null;
  elasticIp: string | null;
  restore: RestoreGrade;
  evidence: Evidence;
  jobId: string | null;
  errorCode: string | null;
  message: string | null;
  replacedBy: { id: string; mac: string | null; ip: string | null } | null;
  snapshot: NicSnapshot | null;
}

export interface JobRow {
  id: string;
  /** The cloud's own word, or `gone`. */
  status: string;
  submittedAt: string;
  endedAt: string | null;
  polls: number;
}

/** Result of the workflow, and what the query `status` returns at any time. Times are RFC 3339, UTC. */
export interface ResultDocument {
  outcome: RunOutcome;
  phase: Phase;
  serverId: string;
  serverName: string | null;
  projectId: string | null;
  region: string | null;
  nics: NicRow[];
  jobs: JobRow[];
  /** POSTs accepted or of unknown fate; busy, throttled and refused ones don't count. */
  submissions: number;
  startedAt: string;
  endedAt: string | null;
  undoUntil: string | null;
  /** Moves on by the time for which no worker was there. */
  deadlineAt: string;
  /** When the run looks at the cloud next; `null` when it is not waiting. */
  nextLookAt: string | null;
  /** What it waits for, in words; `null` when it is not waiting for anything but the job. */
  waitingFor: string | null;
  warnings: string[];
}

/** The memo `result` of a cancelled run. */
export interface ResultTotals {
  outcome: RunOutcome;
  counts: Partial<Record<NicOutcome, number>>;
  submissions: number;
}

/** Answer of the update `submitted`. */
export interface SubmittedAnswer {
  jobId: string | null;
}

/** Argument of the updates `undo` and `commit`. */
export interface ByWhom {
  by: string;
  reason: string;
}
