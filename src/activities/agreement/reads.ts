/** Activities that only look. */
import type { NicSnapshot } from '../../contract/types';
import type { Place, Placed } from './every-call';
import type { Throttled } from './failures';

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
