/** Activities that change something. */
import type { NicSnapshot } from '../../contract/types';
import type { Placed } from './every-call';
import type { Refused, Throttled } from './failures';

/** Input of every activity that changes something. */
export interface Effect extends Placed {
  serverId: string;
  /** `workflowInfo().originalExecutionRunId`: not the activity's own run id on a reset run, which changes nothing. */
  originalRunId: string;
}

/**
 * It is certain that nothing left this worker. `reset`: this run may never send. `late`: too little time of the attempt
 * was left, or the run no longer waits for it, or, with `because`, the worker could not ask whether it does.
 * `unreachable`: no connection to the cloud was made. `unread`: data that it relies on could not be read just before.
 * `elsewhere`: the worker that took it serves another place.
 */
export interface Unsent {
  kind: 'unsent';
  why: 'reset' | 'late' | 'unreachable' | 'unread' | 'elsewhere';
  /** What is known beyond `why`, in words; no new `why`, because workflows of older workers have no text for it. */
  because?: string;
}

export interface SetFlagsInput extends Effect {
  /** `delete_on_termination` by NIC. */
  flags: Record<string, boolean>;
}

export type SetFlagsResult =
  | {
      kind: 'flags';
      /** The flags in the NIC list afterwards; a NIC that is not listed has no entry. */
      read: Record<string, boolean | null>;
      refused: Record<string, Refused>;
    }
  | Throttled
  | Unsent;

export interface DeletePortsInput extends Effect {
  portIds: string[];
  /** What each port must still be; absent: the run was started before workers compared ports. */
  expected?: Record<string, NicSnapshot>;
  /** A port may be deleted if it is unknown whether an elastic IP was bound to it: the request allows elastic IPs. */
  elasticIpsMayBeUnread?: boolean;
}

/**
 * `gone`: deleted now, or absent before. `attached`: to `deviceId`, which may be the same server. `changed`: free, but
 * no longer the port of the snapshot, in these respects. Only a `gone` port was touched.
 */
export type PortFate =
  | { fate: 'gone' }
  | { fate: 'attached'; deviceId: string }
  | { fate: 'changed'; fields: (keyof NicSnapshot)[] }
  /** The port could not be compared. */
  | { fate: 'untold'; message: string }
  | ({ fate: 'refused' } & Refused);

export type DeletePortsResult =
  /** `elasticIpsUnread`: why elastic IPs were not compared. */
  { kind: 'ports'; ports: Record<string, PortFate>; elasticIpsUnread?: string } | Throttled | Unsent;

export interface CreatePortInput extends Effect {
  /** Looked up before a port is created: a port of this name counts as the one that an earlier attempt created. */
  name: string;
  networkId: string;
  /** Fixed IP to claim; `null`: the cloud chooses. */
  address: { subnetId: string | null; ip: string } | null;
  securityGroups: string[] | null;
  allowedAddressPairs: NicSnapshot['allowedAddressPairs'];
  dhcpOptions: NicSnapshot['dhcpOptions'];
}

export type CreatePortResult =
  | { kind: 'created'; port: { id: string; mac: string | null; ips: string[] } }
  | ({ kind: 'refused'; why: 'ip-in-use' | 'other' } & Refused)
  /** The port may have been created: look it up by its name first. */
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
