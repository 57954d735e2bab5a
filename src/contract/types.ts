/** The documents that cross the boundary between callers and worker, as JSON. */
import type { DELETE_OPTIONS, InputOf, RELEASE_OPTIONS, RESTORE_OPTIONS } from './options';

export interface NicTarget {
  /** Port id of the NIC, a lower-case UUID. */
  id: string;
  /** When given, the NIC must hold this fixed IP, or the whole run is refused. */
  ip?: string;
  /** When given, the NIC must have this MAC address, or the whole run is refused. */
  mac?: string;
}

/** Where a restore or a release takes its snapshots from. */
export type RestoreSource =
  /** A run that the namespace still knows. */
  | { workflowId: string; runId: string }
  /** Its result, saved before the namespace forgot it. */
  | { document: unknown };

/** Input of the workflow `restoreServerNics`. */
export interface RestoreServerNicsInput extends InputOf<typeof RESTORE_OPTIONS> {
  /** Server id, a lower-case UUID. */
  serverId: string;
  from: RestoreSource;
  /** NICs of that run, by their old ids, or `"all"` that it took off. */
  nics: { id: string }[] | 'all';
}

/** Input of the workflow `releasePorts`. */
export interface ReleasePortsInput extends InputOf<typeof RELEASE_OPTIONS> {
  /** Server id, a lower-case UUID: the server that the NICs were taken off. */
  serverId: string;
  from: RestoreSource;
  /** NICs of that run, by their ids, or `"all"` whose ports it has kept. */
  nics: { id: string }[] | 'all';
}

/** Input of the workflow `deleteServerNics`. */
export interface DeleteServerNicsInput extends InputOf<typeof DELETE_OPTIONS> {
  /** Server id, a lower-case UUID. */
  serverId: string;
  /** The NICs to delete, or `"all"`: every NIC but the primary one. */
  nics: NicTarget[] | 'all';
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
  // completed, `restoreServerNics`
  | 'restored'
  | 'recreated'
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
  /** All of them, where there are several. */
  elasticIps?: string[];
  /** Place among the server's NICs as listed, from 0. */
  position: number;
}

/** The elastic IPs of a NIC, also from a snapshot that names the first one alone. */
export function elasticIpsOf({
  elasticIp,
  elasticIps,
}: Pick<NicSnapshot, 'elasticIp' | 'elasticIps'>): string[] {
  return elasticIps ?? (elasticIp === null ? [] : [elasticIp]);
}

/** A field of a NIC that was put back and is not what it was. Values as in {@link NicSnapshot}. */
export interface Difference {
  field: keyof NicSnapshot;
  before: unknown;
  after: unknown;
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
  /** Fields of a NIC that was put back and differ from before. */
  differences: Difference[];
  /** The call or command by which a person does what the run could not. */
  remedy: string | null;
}

export interface JobRow {
  id: string;
  what: 'delete' | 'attach';
  /** The cloud's own word, or `gone`. */
  status: string;
  submittedAt: string;
  endedAt: string | null;
  polls: number;
  /** The cloud's own id of the request that was accepted; for its support. */
  requestId?: string | null;
}

/** Result of the workflow, and what the query `status` returns at any time. Times are RFC 3339, UTC. */
export interface ResultDocument {
  outcome: RunOutcome;
  phase: Phase;
  serverId: string;
  serverName: string | null;
  projectId: string | null;
  region: string | null;
  /** Who asked for the run, and why, as its request says; `null`: it does not say. */
  requestedBy: string | null;
  reason: string | null;
  nics: NicRow[];
  jobs: JobRow[];
  /** POSTs to delete (of a restore: to attach) that were accepted or are of unknown fate; busy, throttled and refused ones don't count. */
  submissions: number;
  startedAt: string;
  endedAt: string | null;
  /** Until when `undo` puts everything back exactly; `null`: no window is open. */
  undoUntil: string | null;
  /** Who asked for an undo or a commit, and why. */
  decision: Decision | null;
  /** Moves on by the time for which no worker was there. */
  deadlineAt: string;
  /** When the run looks at the cloud next; `null` when it is not waiting. */
  nextLookAt: string | null;
  /** What it waits for, in words; `null` when it is not waiting for anything but the job. */
  waitingFor: string | null;
  warnings: string[];
  /** The run ended because the cloud refuses the worker's credentials or permissions: other runs would fail, too. */
  credentialsRefused?: true;
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

export interface Decision extends ByWhom {
  what: 'undo' | 'commit';
  at: string;
}
