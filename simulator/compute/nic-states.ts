import { isDeepStrictEqual } from 'node:util';
import type { Port, Server, World } from '../world/world';

/** Everything about a NIC that a deletion can lose and a restore has to bring back (docs/cloud-api.md §4.2, §4.4). */
export interface NicState {
  id: string;
  name: string;
  mac: string;
  networkId: string;
  /** IPv4 first. */
  fixedIps: { subnetId: string; ip: string }[];
  /** Their order counts. */
  securityGroups: readonly string[];
  allowedAddressPairs: readonly { ip_address: string; mac_address?: string }[];
  extraDhcpOpts: readonly { opt_name: string; opt_value: string }[];
  portSecurity: boolean;
  deleteOnTermination: boolean;
  primary: boolean;
  /** The address bound to it. */
  elasticIp: string | null;
  /** Of a port with several: the others. */
  furtherElasticIps?: string[];
  /** Among the server's NICs, from 0. */
  position: number;
}

export interface ServerState {
  serverId: string;
  /** In the order of attachment. */
  nics: NicState[];
}

/** `attached`: the NIC is on the server before or after only, and nothing else is compared. */
export interface Difference {
  nicId: string;
  field: keyof NicState | 'attached';
  before: unknown;
  after: unknown;
}

/**
 * The true state, whatever reads show. Later changes do not reach it: lists of the world are replaced, never altered.
 */
export function stateOf(world: World, server: Server): ServerState {
  const nics = world.nicsOf(server).map((port, position) => nicState(world, port, position));
  return { serverId: server.id, nics };
}

/** What is different, NIC by NIC and field by field; empty: the states are equal. Pure. */
export function differences(before: ServerState, after: ServerState): Difference[] {
  const find = ({ nics }: ServerState, id: string) => nics.find((nic) => nic.id === id);
  const ids = new Set([...before.nics, ...after.nics].map((nic) => nic.id));
  return [...ids].flatMap((nicId): Difference[] => {
    const [was, is] = [find(before, nicId), find(after, nicId)];
    if (!was || !is) {
      return [{ nicId, field: 'attached', before: was !== undefined, after: is !== undefined }];
    }
    return (Object.keys(was) as (keyof NicState)[])
      .filter((field) => !isDeepStrictEqual(was[field], is[field]))
      .map((field) => ({ nicId, field, before: was[field], after: is[field] }));
  });
}

function nicState(world: World, port: Port, position: number): NicState {
  const { id, name, mac, networkId, subnetId, ip, furtherIps, ipv6 } = port;
  const { securityGroups, allowedAddressPairs, extraDhcpOpts, portSecurity } = port;
  const v6 = world.network.subnet(networkId)?.subnetIdV6 ?? '';
  const [elasticIp, ...furtherElasticIps] = world.elasticIpsOf(port).map(({ address }) => address);
  return {
    ...{ id, name, mac, networkId },
    fixedIps: [
      ...[ip, ...furtherIps].map((address) => ({ subnetId, ip: address })),
      ...(ipv6 === null ? [] : [{ subnetId: v6, ip: ipv6 }]),
    ],
    ...{ securityGroups, allowedAddressPairs, extraDhcpOpts, portSecurity },
    deleteOnTermination: port.deleteOnTermination,
    primary: port.primary,
    elasticIp: elasticIp ?? null,
    ...(furtherElasticIps.length === 0 ? {} : { furtherElasticIps }),
    position,
  };
}
