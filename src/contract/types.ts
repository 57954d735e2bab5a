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
  /** Where the snapshots are taken from: `{workflowId, runId}` of a closed run, or `{document}`, its saved result. */
  from: RestoreSource;
  /** NICs of that run, by their old ids, or `"all"` that it took off. */
  nics: { id: string }[] | 'all';
}

/** Input of the workflow `releasePorts`. */
export interface ReleasePortsInput extends InputOf<typeof RELEASE_OPTIONS> {
  /** Server id, a lower-case UUID: the server that the NICs were taken off. */
  serverId: string;
  /** Where it is told which ports were kept: `{workflowId, runId}` of a closed run, or `{document}`, its saved result. */
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
  /** The same of the NIC's own part of the job. */
  subJob: string;
  /** The NIC list of the server. */
  list: ListEvidence;
  /** The port itself. */
  port: PortEvidence;
}

/** What is needed to put a NIC back, read before anything changes. `null`: could not be read. */
export interface NicSnapshot {
  /** Its network. */
  networkId: string | null;
  /** Its addresses, each with the subnet. */
  fixedIps: { subnetId: string | null; ip: string }[];
  /** MAC address. */
  mac: string | null;
  /** Whether the port goes with the NIC. */
  deleteOnTermination: boolean | null;
  /** Name of the port. */
  name: string | null;
  /** Their ids. */
  securityGroups: string[] | null;
  /** Further addresses that it may send from. */
  allowedAddressPairs: { ip: string; mac: string | null }[] | null;
  /** Extra DHCP options. */
  dhcpOptions: { name: string; value: string | null }[] | null;
  /** Whether its traffic is filtered by security groups. */
  portSecurityEnabled: boolean | null;
  /** The elastic IP that is bound to it. */
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

/**
 * No verdict stands, and the port was to outlive its NIC: its run had set the flag `delete_on_termination` to false, or
 * found it so. What was sent may take the NIC off later, and nobody deletes the port then.
 */
export function mayBeLeft({ outcome, restore }: Pick<NicRow, 'outcome' | 'restore'>): boolean {
  return outcome === 'unknown' && restore === 'exact';
}

/** A field of a NIC that was put back and is not what it was. Values as in {@link NicSnapshot}. */
export interface Difference {
  /** Its name in the snapshot. */
  field: keyof NicSnapshot;
  /** As it was. */
  before: unknown;
  /** As it is. */
  after: unknown;
}

export interface NicRow {
  /** Port id of the NIC. */
  id: string;
  /** Its verdict. */
  outcome: NicOutcome;
  /** Its fixed IP. */
  ip: string | null;
  /** Its MAC address. */
  mac: string | null;
  /** The elastic IP that it carries. */
  elasticIp: string | null;
  /** How well it could be put back, or was. */
  restore: RestoreGrade;
  /** What each witness says. */
  evidence: Evidence;
  /** The job that took it off, or put it back. */
  jobId: string | null;
  /** The cloud's code, or one of ecs-nics, for why it is not where it was wanted. */
  errorCode: string | null;
  /** The same for people. */
  message: string | null;
  /** What was made in its place. */
  replacedBy: { id: string; mac: string | null; ip: string | null } | null;
  /** What is needed to put it back. */
  snapshot: NicSnapshot | null;
  /** Fields of a NIC that was put back and differ from before. */
  differences: Difference[];
  /** The call or command by which a person does what the run could not. */
  remedy: string | null;
}

export interface JobRow {
  /** The id by which the cloud knows it. */
  id: string;
  /** What it was to do. */
  what: 'delete' | 'attach';
  /** The cloud's own word, or `gone`. */
  status: string;
  /** When the cloud had accepted. */
  submittedAt: string;
  /** When its end was seen. */
  endedAt: string | null;
  /** How often it was asked about. */
  polls: number;
  /** The cloud's own id of the request that was accepted; for its support. */
  requestId?: string | null;
}

/** Result of the workflow, and what the query `status` returns at any time. Times are RFC 3339, UTC. */
export interface ResultDocument {
  /** How the run ended; `running` until then. In an open undo window `detached`. */
  outcome: RunOutcome;
  /** Where it is. */
  phase: Phase;
  /** Of the request. */
  serverId: string;
  /** As the cloud has it. */
  serverName: string | null;
  /** The project of the worker. */
  projectId: string | null;
  /** The region of the worker. */
  region: string | null;
  /** Who asked for the run, as its request says; `null`: it does not say. */
  requestedBy: string | null;
  /** Why, as its request says. */
  reason: string | null;
  /** A row for every requested NIC. */
  nics: NicRow[];
  /** The jobs of the cloud that the run has started. */
  jobs: JobRow[];
  /** POSTs to delete (of a restore: to attach) that were accepted or are of unknown fate; busy, throttled and refused ones don't count. */
  submissions: number;
  /** When the run began. */
  startedAt: string;
  /** When the run ended. */
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
  /** What a person should know. */
  warnings: string[];
  /** The run ended because the cloud refuses the worker's credentials or permissions: other runs would fail, too. */
  credentialsRefused?: true;
}

/** The memo `result` of a cancelled run. */
export interface ResultTotals {
  /** `cancelled`. */
  outcome: RunOutcome;
  /** NICs by their outcome. */
  counts: Partial<Record<NicOutcome, number>>;
  /** As in the document. */
  submissions: number;
}

/** Answer of the update `submitted`. */
export interface SubmittedAnswer {
  /** The job that the cloud has accepted; `null`: none was needed, or none is known. */
  jobId: string | null;
}

/** What runs on one server answer to Updates and queries. */
export interface RunAnswers {
  submitted: SubmittedAnswer;
  settled: ResultDocument;
  undo: ResultDocument;
  commit: ResultDocument;
  status: ResultDocument;
}

/** Argument of the updates `undo` and `commit`. */
export interface ByWhom {
  /** Who says it; required. */
  by: string;
  /** Why; required. */
  reason: string;
}

export interface Decision extends ByWhom {
  /** Which of the two. */
  what: 'undo' | 'commit';
  /** When it was taken. */
  at: string;
}
