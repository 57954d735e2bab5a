import type { Cloud } from '../simulated-cloud';
import type { Port, Server } from '../world/world';

/** What control calls answer: the state as it is, not as reads of the cloud may show it. */

export interface NicDescription {
  id: string;
  name: string;
  networkId: string;
  subnetId: string;
  ip: string;
  mac: string;
  primary: boolean;
  deleteOnTermination: boolean;
  elasticIp: string | null;
  securityGroups: readonly string[];
}

export interface ServerDescription {
  id: string;
  name: string;
  status: string;
  taskState: string | null;
  locked: boolean;
  frozen: boolean;
  onlineRemoval: boolean;
  metadata: Record<string, string>;
  tags: readonly { key: string; value: string }[];
  jobSeconds: number | readonly [number, number] | null;
  vpcId: string;
  deleted: boolean;
  busy: boolean;
  nics: NicDescription[];
}

/** Where a NIC really is, whatever reads show at the moment. */
export interface NicTruth {
  id: string;
  ip: string;
  mac: string;
  primary: boolean;
  state: 'on-server' | 'elsewhere' | 'port-kept' | 'port-gone';
  deleteOnTermination: boolean;
  elasticIp: { address: string; bound: boolean } | null;
  detachedAt: number | null;
  detachedBy: string | null;
  /** How often a job really took it off. */
  deletions: number;
}

export interface Truth {
  serverId: string;
  name: string;
  exists: boolean;
  busy: boolean;
  /** Every NIC the server ever had, in the order of attachment. */
  nics: NicTruth[];
}

export function describeServer(cloud: Cloud, server: Server): ServerDescription {
  const { id, name, status, taskState, locked, frozen, onlineRemoval } = server;
  const { metadata, tags, jobSeconds, deleted } = server;
  return {
    ...{ id, name, status, taskState, locked, frozen, onlineRemoval, metadata, tags, jobSeconds },
    vpcId: cloud.world.network.vpcId,
    deleted,
    busy: cloud.clock.now() < server.busyUntil,
    nics: cloud.world.nicsOf(server).map((port) => describeNic(cloud, port)),
  };
}

export function describeNic(cloud: Cloud, port: Port): NicDescription {
  const { id, name, networkId, subnetId, ip, mac, primary, deleteOnTermination, securityGroups } = port;
  return {
    ...{ id, name, networkId, subnetId, ip, mac, primary, deleteOnTermination },
    elasticIp: cloud.world.elasticIpOf(port)?.address ?? null,
    securityGroups,
  };
}

export function nicTruth(cloud: Cloud, server: Server, port: Port): NicTruth {
  const { id, ip, mac, primary, deleteOnTermination, detachedAt, detachedBy, deletions } = port;
  const elasticIp = cloud.world.lastElasticIpOf(port);
  return {
    ...{ id, ip, mac, primary, deleteOnTermination, detachedAt, detachedBy, deletions },
    state: stateOf(server, port),
    elasticIp: elasticIp ? { address: elasticIp.address, bound: elasticIp.portId === port.id } : null,
  };
}

function stateOf(server: Server, port: Port): NicTruth['state'] {
  if (port.deletedAt !== null) return 'port-gone';
  if (port.deviceId === server.id) return 'on-server';
  return port.deviceId === '' ? 'port-kept' : 'elsewhere';
}
