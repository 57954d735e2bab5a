/** Activities that change something. */
import type { NicSnapshot } from '../../contract/types';
import type { Placed } from './every-call';
import type { Refused, Throttled } from './failures';

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
