/** Activities that only read. */
import type { FoundServers } from '../../contract/server-list';
import type { NicSnapshot } from '../../contract/types';
import type { Place, Placed } from './every-call';
import type { Throttled } from './failures';

export interface InspectServerInput extends Placed {
  serverId: string;
  /** Requested NICs; absent ones are looked up as ports. Empty for "all". */
  nicIds: string[];
  /** Look for a previous run under this workflow id that ended while its submission was open. */
  previousRunOf: { workflowId: string; runId: string } | null;
  /**
   * Read each port by itself: what has just been changed may be missing in an answer about many, and decides here what is
   * done next.
   */
  alone?: boolean;
  /** Also tell the server's tags. */
  tags?: boolean;
  /**
   * Do without the server's own NIC list where its detail came with those of other servers and agrees with the ports. The wish of
   * a plan, which sends nothing: whoever sends looks at the list.
   */
  bySets?: boolean;
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
  /** `ACTIVE`, `SHUTOFF`, … in the cloud's spelling. */
  status: string;
  /** `null`: idle. */
  taskState: string | null;
  /** `null`: the server does not say. */
  locked: boolean | null;
  frozen: boolean | null;
  /** `false`: the server's detail names no addresses, and so neither primary NIC nor elastic IPs. */
  addressesTold?: boolean;
  /** As the cloud writes them; `null`: it does not say. Only asked for where tags protect servers. */
  tags?: string[] | null;
}

/** A run under the same id that ended while its submission was open: ended from outside, or as `OutcomeUnknown`. */
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
  /** Base addresses at which the server was read. */
  endpoints?: Pick<Place, 'ecs' | 'vpc'>;
  previous: PreviousOpenRun | null;
  /**
   * Why it is unknown whether an earlier run has left anything open, in words; `null`: it is known, or was not asked.
   * Results of older workers lack the field.
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
    /** Ports that explicitly say that they are not the primary one. */
    portsDeny: string[];
  };
  /** `true`: the NICs are those of detail and ports, which do not tell whether a NIC takes its port with it. */
  flagsUnread?: true;
  /** Why the list of elastic IPs could not be read: the elastic IPs come from the server's detail alone. */
  elasticIpsUnread?: string;
  /** Requested NICs that are not on the server. */
  absent: { id: string; port: PortState }[];
  /** The duration of a long job in the worker's experience, in ms; `null`: it has none. */
  longJobMs: number | null;
}

export type InspectServerResult = Inspection | Throttled;

/** For a plan: several servers with one attempt, each as {@link InspectServerInput.bySets} says, with its tags. */
export interface InspectServersInput extends Placed {
  servers: Pick<InspectServerInput, 'serverId' | 'nicIds'>[];
}

export interface Inspections {
  kind: 'inspections';
  /** In the order of the servers; `null`: this one could not be inspected, and has to be asked for by itself. */
  inspections: (Inspection | null)[];
}

export type InspectServersResult = Inspections | Throttled;

export interface ListNicsInput extends Placed {
  serverId: string;
  /** Ports to look up beside the list. */
  ports: string[];
  /** Also read the server's state. */
  server: boolean;
  /** The port of the primary NIC, which exists: an answer about ports that lacks it proves no absence. */
  primaryId?: string | null;
  /**
   * Ports that the reading before lacked. Absent: this is the first reading, and what it lacks is told as
   * {@link Reading.missing} instead of being looked up again.
   */
  missing?: string[];
  /**
   * NICs in question. If all of them are gone, and their ports agree, the NICs may be those that the server's detail
   * names. Absent, as it has to be where the server's state is wanted: only the server's own NIC list will do.
   */
  nics?: string[];
}

export interface Reading {
  kind: 'reading';
  /**
   * Epoch ms of the reading, and of its worker's start: a reading before a restart adds no patience to one after it.
   */
  at: number;
  workerStartedAt: number;
  /** `false`: the cloud no longer has the server. */
  serverExists: boolean;
  /** `null` when not asked for. */
  server: ServerState | null;
  /** Port ids listed on the server. */
  listed: string[];
  ports: Record<string, PortState>;
  /** Ports that one answer about many ports lacks: gone, if the next one lacks them, too. They have no entry in `ports`. */
  missing?: string[];
}

export type ListNicsResult = Reading | Throttled;

export interface FindAddressesInput extends Placed {
  addresses: {
    networkId: string;
    /** `null`: any IP. */
    ip: string | null;
    /** A port whose name begins with this was created for the NIC, whatever its IP is. */
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
  /** In the order of the input: the port that was created for the NIC, otherwise the holder of the IP; `null`: none. */
  { kind: 'addresses'; holders: (AddressHolder | null)[] } | Throttled;

export interface ReadRunInput extends Placed {
  workflowId: string;
  runId: string;
}

/** Which servers fit; `null` and an empty list: any. */
export interface ListServersActivityInput extends Placed {
  /** The last server of the page before. */
  after: string | null;
  name: string | null;
  status: string | null;
  tags: string[];
}

/** A page of the project's servers: those that fit. */
export type ServersPage = { kind: 'servers' } & FoundServers;

export type ListServersResult = ServersPage | Throttled;

/** `document: null`: there is none; `why` gives the reason for the caller. */
export interface DescribeRunsInput extends Placed {
  workflowIds: string[];
}

export interface DescribeRunsResult {
  kind: 'runs';
  /** `true`: a run under this id is open. An id that could not be asked for has no entry. */
  open: Record<string, boolean>;
  /** Calls that all workers together may make in a second. */
  callsPerSecond: number;
}

export interface ReadRunResult {
  kind: 'run';
  document: unknown;
  why: string | null;
  /** The decommission run that has started this run and is open: its undo window decides about the ports. Absent: none is. */
  heldBy?: string;
}
