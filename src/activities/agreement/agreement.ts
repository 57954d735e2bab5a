/**
 * The boundary between workflows and activities: one object in, one object out. Activity names are seen in the Web UI.
 *
 * What a workflow can meet beside these results is an `ApplicationFailure` whose type is one of
 * {@link ACTIVITY_FAILURE}, decided at the activity boundary from the one error table (`src/ecs/errors.ts`).
 */
import type { NicSnapshot } from '../../contract/types';

export const ACTIVITY_FAILURE = {
  /** No usable answer (network, 5xx, a firewall's page, an unreadable body): retried, then looped over on a timer. */
  unavailable: 'CloudUnavailable',
  /** 401, or 403 with a cloud code: never retried by the engine. */
  credentials: 'CredentialsRefused',
  /** A definite no to a read (bad request, wrong project, no such API): never retried. */
  refused: 'ReadRefused',
  /** The worker serves another place than the run is meant for; the run asks again, until the right one takes it. */
  wrongPlace: 'WrongPlace',
} as const;

/** Where a worker acts. Each activity of a run is meant for one place, and a worker of another one declines it. */
export interface Place {
  projectId: string;
  region: string;
  /** Base addresses of the endpoints, such as `https://ecs.eu-west-101.myhuaweicloud.eu`. */
  ecs: string;
  vpc: string;
}

/** Part of every input. */
export interface Placed {
  /** What is not told is not compared; `null` or absent: the run has not been anywhere yet, and any worker may take it. */
  place?: Partial<Place> | null;
}

/** `details[0]` of a failure {@link ACTIVITY_FAILURE.wrongPlace}: who has declined. */
export interface Elsewhere {
  place: Place;
}

/** Part of every answer. */
export interface Learned {
  /** Those of our search attributes that the namespace has now: one that it has lost would wedge the run that sets it. */
  searchAttributes?: string[];
}

/** Pause after refused credentials: five bad signatures lock a key for five minutes (docs/cloud-api.md §5.2). */
export const HOLD_MS = 60_000;

/** `details[0]` of every activity failure above. */
export interface CloudFailureDetails {
  httpStatus: number | null;
  code: string | null;
  requestId: string | null;
  hint: string;
}

/** The cloud asked for patience; the workflow waits on a timer, since an effect has no retry to delay. */
export interface Throttled {
  kind: 'throttled';
  /** From the answer, or `null`: back off. */
  retryAfterMs: number | null;
  code: string | null;
  requestId: string | null;
}

export interface InspectServerInput extends Placed {
  serverId: string;
  /** Requested NICs; absent ones are looked up as ports. Empty for "all". */
  nicIds: string[];
  /** Look for a previous run under this workflow id that ended while its submission was open. */
  previousRunOf: { workflowId: string; runId: string } | null;
}

/** A port as the VPC service shows it. */
export type PortState =
  | { state: 'absent' }
  | { state: 'free' }
  | { state: 'attached'; deviceId: string }
  | { state: 'unknown'; why: string };

export interface InspectedNic {
  id: string;
  ips: string[];
  mac: string | null;
  elasticIp: string | null;
  snapshot: NicSnapshot;
  port: PortState;
}

/** A deleted server stays visible for a while, in one of these states (docs/cloud-api.md §3.3). */
export const GONE_STATES: ReadonlySet<string> = new Set(['DELETED', 'SOFT_DELETED']);

export interface ServerState {
  name: string | null;
  /** `ACTIVE`, `SHUTOFF`, … as the cloud says it. */
  status: string;
  /** `null`: idle. */
  taskState: string | null;
  /** `null`: it does not say. */
  locked: boolean | null;
  frozen: boolean | null;
  /** `false`: it names none of its addresses, and so neither primary NIC nor elastic IPs. */
  addressesTold?: boolean;
}

/** A run under the same id that ended while its submission was open: from outside, or as `OutcomeUnknown`. */
export interface PreviousOpenRun {
  runId: string;
  nics: string[];
  since: string;
  jobId: string | null;
}

export interface Inspection {
  kind: 'inspection';
  projectId: string;
  region: string;
  /** Base addresses that it was read at. */
  endpoints?: Pick<Place, 'ecs' | 'vpc'>;
  previous: PreviousOpenRun | null;
  /**
   * Why it is not known whether an earlier run has left anything open, in words; `null`: it is, or was not asked.
   * Results of older workers lack it.
   */
  previousNotLooked: string | null;
  /** `null`: the server does not exist. */
  server: ServerState | null;
  /** NICs on the server, in the order listed. */
  nics: InspectedNic[];
  /** Port ids that each witness names as primary. */
  primary: {
    detail: string[];
    ports: string[];
    /** Ports that say explicitly that they are not the primary one. */
    portsDeny: string[];
  };
  /** Why the list of elastic IPs could not be read: the server's detail alone has told of them. */
  elasticIpsUnread?: string;
  /** Requested NICs that are not on the server. */
  absent: { id: string; port: PortState }[];
  /** A long job by the worker's experience, in ms; `null`: it has none. */
  longJobMs: number | null;
}
export type InspectServerResult = Inspection | Throttled;

/** Of every activity that changes something. */
export interface Effect extends Placed {
  serverId: string;
  /** `workflowInfo().originalExecutionRunId`: differs from the activity's own run id on a reset run, which changes nothing. */
  originalRunId: string;
}

/**
 * Nothing left this worker, for certain. `reset`: this run may never send. `late`: too little of the attempt was left, or nobody
 * waits for it any more, or, with `because`, that could not be asked.
 * `unreachable`: no connection to the cloud came about. `unread`: what it relies on could not be read just before.
 * `elsewhere`: the worker that took it serves another place.
 */
export interface Unsent {
  kind: 'unsent';
  why: 'reset' | 'late' | 'unreachable' | 'unread' | 'elsewhere';
  /** What is known beyond `why`, in words; no `why` of its own, for which workflows of older workers would have no words. */
  because?: string;
}

/** A certain no. */
export interface Refused {
  code: string | null;
  message: string;
  hint: string;
}

export interface DeleteNicsInput extends Effect {
  nicIds: string[];
  /** NICs whose ports have to outlive them: their flags are read just before the POST, which is not sent unless all are false. */
  keep?: string[];
}

/** When to look at a job, learned or by default: first delay and step. */
export interface Pace {
  firstPollMs: number;
  pollIntervalMs: number;
}

/** Both are spread by ± this share: runs started together must not poll in step. */
export const POLL_JITTER = 0.15;

/** What is known of the fate of a POST that starts a job. */
export type SubmissionResult =
  | ({
      kind: 'accepted';
      jobId: string;
      requestId: string | null;
      /** RFC 3339. */
      submittedAt: string;
    } & Pace)
  | {
      kind: 'refused';
      code: string | null;
      httpStatus: number | null;
      requestId: string | null;
      message: string;
      hint: string;
      /**
       * `busy`: another command runs; `state`: wait for a server state; `observe`: look at the NICs, then decide;
       * `never`: final; `credentials`: final, and no further try.
       */
      then: 'busy' | 'state' | 'observe' | 'never' | 'credentials';
    }
  | (Throttled & {
      /** 202 with an error body: look before sending again. */
      look: boolean;
    })
  | { kind: 'unknown'; why: string; code: string | null; httpStatus: number | null; requestId: string | null }
  | Unsent;

/** `unkept`: not sent, since these NICs were to leave their ports behind, and their flags, or their absence, say otherwise. */
export type DeleteNicsResult = SubmissionResult | { kind: 'unkept'; nicIds: string[] };

export interface SetFlagsInput extends Effect {
  /** `delete_on_termination` by NIC. */
  flags: Record<string, boolean>;
}

export type SetFlagsResult =
  | {
      kind: 'flags';
      /** As the NIC list tells them afterwards; a NIC that is not listed has none. */
      read: Record<string, boolean | null>;
      refused: Record<string, Refused>;
    }
  | Throttled
  | Unsent;

export interface DeletePortsInput extends Effect {
  portIds: string[];
  /** What each port has to be still; absent: of a run that was started before ports were looked at. */
  expected?: Record<string, NicSnapshot>;
  /** A port may go although nobody can tell whether an elastic IP was bound to it: the request allows elastic IPs. */
  elasticIpsMayBeUnread?: boolean;
}

/**
 * `gone`: deleted now, or absent before. `attached`: to `deviceId`, which may be the very server. `changed`: free, but not
 * the port of the snapshot any more, in these respects. Only a `gone` one was touched.
 */
export type PortFate =
  | { fate: 'gone' }
  | { fate: 'attached'; deviceId: string }
  | { fate: 'changed'; fields: (keyof NicSnapshot)[] }
  /** It could not be compared. */
  | { fate: 'untold'; message: string }
  | ({ fate: 'refused' } & Refused);

export type DeletePortsResult =
  /** `elasticIpsUnread`: why elastic IPs were not compared. */
  { kind: 'ports'; ports: Record<string, PortFate>; elasticIpsUnread?: string } | Throttled | Unsent;

export interface AttachNicsInput extends Effect {
  /** Free ports, in the order in which the server is to get them. */
  portIds: string[];
}

export interface CreatePortInput extends Effect {
  /** Looked up before anything is made: a port of this name is taken for the one that an earlier attempt has made. */
  name: string;
  networkId: string;
  /** Fixed IP to claim; `null`: whatever the cloud gives. */
  address: { subnetId: string | null; ip: string } | null;
  securityGroups: string[] | null;
  allowedAddressPairs: NicSnapshot['allowedAddressPairs'];
  dhcpOptions: NicSnapshot['dhcpOptions'];
}

export type CreatePortResult =
  | { kind: 'created'; port: { id: string; mac: string | null; ips: string[] } }
  | ({ kind: 'refused'; why: 'ip-in-use' | 'other' } & Refused)
  /** It may have been made: look it up by its name before anything else. */
  | { kind: 'unknown'; why: string }
  | Throttled
  | Unsent;

export interface UpdatePortInput extends Effect {
  portId: string;
  changes: Partial<Pick<NicSnapshot, 'name' | 'securityGroups' | 'allowedAddressPairs' | 'dhcpOptions'>>;
}

export type UpdatePortResult = { kind: 'updated' } | ({ kind: 'refused' } & Refused) | Throttled | Unsent;

export interface BindElasticIpInput extends Effect {
  address: string;
  portId: string;
}

export type BindElasticIpResult =
  | { kind: 'bound' }
  /** `elsewhere`: another port has it; `missing`: released meanwhile. */
  | ({ kind: 'refused'; why: 'elsewhere' | 'missing' | 'other' } & Refused)
  | Throttled
  | Unsent;

export interface FindAddressesInput extends Placed {
  addresses: {
    networkId: string;
    /** `null`: any will do. */
    ip: string | null;
    /** A port whose name begins so was made for this; whatever its IP is. */
    madeAs: string;
  }[];
}

/** A port that has an IP; `deviceId` is empty when it is free. */
export interface AddressHolder {
  portId: string;
  deviceId: string;
  name: string | null;
}

export type FindAddressesResult =
  /** In the order asked for: the port that was made for it, else who has the IP; `null`: nobody. */
  { kind: 'addresses'; holders: (AddressHolder | null)[] } | Throttled;

export interface ReadRunInput extends Placed {
  workflowId: string;
  runId: string;
}

/** `document: null`: there is none; `why` says so in words for the caller. */
export type ReadRunResult = { kind: 'run'; document: unknown; why: string | null };

export interface GetJobStatusInput extends Placed {
  jobId: string;
  /** NICs of which the sub-jobs are of interest; absent: whichever there are. */
  nicIds?: string[];
  /** When the job has ended, read the NIC list in the same attempt: the verdicts need it, and soon. */
  thenList?: ListNicsInput;
}

/** Words of the cloud that end a job; every other, also an unknown one, means that it still runs. */
export const ENDED_STATUSES: ReadonlySet<string> = new Set(['SUCCESS', 'FAIL']);

export interface SubJob {
  nicId: string | null;
  status: string;
  errorCode: string | null;
  message: string | null;
}

export interface JobAnswer {
  kind: 'job';
  /** The cloud's own word, see {@link ENDED_STATUSES}. */
  status: string;
  /** RFC 3339, from the job itself; `null` when it is unreadable, `endedAt` also while it runs. */
  beganAt: string | null;
  endedAt: string | null;
  errorCode: string | null;
  message: string | null;
  subJobs: SubJob[];
}

export type GetJobStatusResult =
  | (JobAnswer & {
      /** `null` when the job runs, none was asked for, or none could be had. */
      reading: Reading | null;
      /** The cloud asked for so much patience with the next list, in ms. */
      listAfterMs: number;
    })
  /** The cloud does not know the job (any more). */
  | { kind: 'gone'; code: string | null }
  | Throttled;

export interface ListNicsInput extends Placed {
  serverId: string;
  /** Ports to look up beside the list. */
  ports: string[];
  /** Read the server's state, too. */
  server: boolean;
}

export interface Reading {
  kind: 'reading';
  /** Epoch ms of the reading, and of the start of the worker process that made it: a reading made before a
   * restart lends no patience to one made after it. */
  at: number;
  workerStartedAt: number;
  /** `false`: the cloud no longer has the server. */
  serverExists: boolean;
  /** `null` when not asked for. */
  server: ServerState | null;
  /** Port ids listed on the server. */
  listed: string[];
  ports: Record<string, PortState>;
}
export type ListNicsResult = Reading | Throttled;

interface Answering {
  /** Reads everything the guards and the snapshot need. */
  inspectServer(input: InspectServerInput): Promise<InspectServerResult>;
  /** The one POST. Never repeated by the engine; a time-out means that its fate is unknown. */
  deleteNics(input: DeleteNicsInput): Promise<DeleteNicsResult>;
  /** One poll. */
  getJobStatus(input: GetJobStatusInput): Promise<GetJobStatusResult>;
  /** One reading of the NIC list (and of ports and server when asked). */
  listNics(input: ListNicsInput): Promise<ListNicsResult>;
  /** Sets `delete_on_termination` of NICs and reads it back. Idempotent. */
  setPortFlags(input: SetFlagsInput): Promise<SetFlagsResult>;
  /** Looks at ports, and deletes those that are free and still what they were expected to be. Idempotent. */
  deletePorts(input: DeletePortsInput): Promise<DeletePortsResult>;
  /** The POST that attaches ports. Never repeated by the engine; a time-out means that its fate is unknown. */
  attachNics(input: AttachNicsInput): Promise<SubmissionResult>;
  /** Looks a port up by its name, and creates it when there is none. Never repeated by the engine. */
  createPort(input: CreatePortInput): Promise<CreatePortResult>;
  /** Idempotent. */
  updatePort(input: UpdatePortInput): Promise<UpdatePortResult>;
  /** Binds an elastic IP that is free. Idempotent. */
  bindElasticIp(input: BindElasticIpInput): Promise<BindElasticIpResult>;
  /** Who holds these IPs? */
  findAddresses(input: FindAddressesInput): Promise<FindAddressesResult>;
  /** The result document of a closed run. */
  readRun(input: ReadRunInput): Promise<ReadRunResult>;
  /** Asks the namespace anew for what every answer tells of it. */
  listSearchAttributes(input: Placed): Promise<{ kind: 'learned' }>;
}

export type CloudActivities = {
  [K in keyof Answering]: (
    ...input: Parameters<Answering[K]>
  ) => Promise<Awaited<ReturnType<Answering[K]>> & Learned>;
};
