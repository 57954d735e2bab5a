import type { Cloud } from '../simulated-cloud';
import { ControlError, attempt } from '../control/control-error';
import type { WhatOf } from './faults';
import type { NicSpec, PortPatch } from '../control/specs';
import type { ElasticIp, Port, Server } from './world';
import { MAX_NICS } from './world';

/** What other actors do to the same cloud: the owner's colleagues, and other tenants. None of it asks for permission. */

const cause = { by: 'control' } as const;

/** A new NIC, or an existing free port named by `id`. */
export function attachNic(cloud: Cloud, server: Server, spec: NicSpec, at: number): Port {
  const { world, builder } = cloud;
  const { primary, ...rest } = spec;
  if (world.freeNics(server) === 0) throw new ControlError(409, `a server has at most ${MAX_NICS} NICs`);
  const existing = rest.id === undefined ? undefined : world.livePort(rest.id);
  if (existing) refuseAttached(existing);
  const port = existing ?? attempt(() => builder.port(rest, at, server.nics.length, cause));
  port.primary = primary ?? false;
  world.attach(server, port, at, cause);
  return port;
}

/** The flag decides over the port. */
export function detachNic(cloud: Cloud, server: Server, nicId: string, at: number): void {
  const { world } = cloud;
  const port = world.livePort(nicId);
  if (!port || port.deviceId !== server.id) return;
  world.detach(port, at, cause);
  if (port.deleteOnTermination) world.deletePort(port, at, cause, server.id);
}

/** A free port is attached to a new server of another actor. */
export function attachPortElsewhere(cloud: Cloud, portId: string, at: number): Server {
  refuseAttached(livePort(cloud, portId));
  const server = cloud.builder.server({ name: 'elsewhere', nics: 1 }, at);
  attachNic(cloud, server, { id: portId }, at);
  return server;
}

export function deletePort(cloud: Cloud, portId: string, at: number): void {
  const port = livePort(cloud, portId);
  refuseAttached(port);
  cloud.world.deletePort(port, at, cause, port.afterimage?.deviceId);
}

export function patchPort(cloud: Cloud, portId: string, patch: PortPatch, at: number): Port {
  const { deleteOnTermination, primary, attachedStatus, mac, ...attributes } = patch;
  const port = livePort(cloud, portId);
  cloud.world.updatePort(port, attributes, at, cause);
  if (deleteOnTermination !== undefined) {
    cloud.world.setDeleteOnTermination(port, deleteOnTermination, at, cause);
  }
  cloud.world.past.keep(port, at);
  if (mac !== undefined) port.mac = mac;
  if (primary !== undefined) port.primary = primary;
  if (attachedStatus !== undefined) port.attachedStatus = attachedStatus;
  return port;
}

/** Another tenant takes the address as soon as it is free, which may be now. */
export function steal(cloud: Cloud, ip: string, at: number): void {
  const networkId = cloud.world.network.subnetOf(ip)?.networkId;
  cloud.world.onceFree(ip, at, (then) => cloud.builder.port({ ip, networkId }, then, 0, cause));
}

/** Away from whatever has it, and to a port if one is named. */
export function moveElasticIp(cloud: Cloud, elasticIp: ElasticIp, portId: string | null, at: number): void {
  const { world } = cloud;
  const port = portId === null ? undefined : livePort(cloud, portId);
  if (port && world.elasticIpOf(port))
    throw new ControlError(409, `port ${port.id} has an elastic IP already`);
  world.unbind(elasticIp, at, cause);
  if (port) world.bind(elasticIp, port, at, cause);
}

/** By id or by address. */
export function findElasticIp(cloud: Cloud, wanted: string): ElasticIp {
  const all = cloud.world.elasticIps;
  const elasticIp = all.get(wanted) ?? [...all.values()].find(({ address }) => address === wanted);
  if (!elasticIp) throw new ControlError(404, `there is no elastic IP ${wanted}`);
  return elasticIp;
}

/** What they do some time after a request; what can't be done then is not done, as they would be refused too. */
export function meanwhile(
  cloud: Cloud,
  serverId: string | undefined,
  what: WhatOf<'meanwhile'>,
  now: number,
): void {
  const server = serverId === undefined ? undefined : cloud.world.servers.get(serverId);
  cloud.world.agenda.schedule(now + what.afterMs, (at) => {
    if (server && !server.deleted) toServer(cloud, server, what, at);
    for (const ip of what.steal ?? []) steal(cloud, ip, at);
    const { attachPortElsewhere: portId, unbind = [], bindElsewhere = [] } = what;
    if (portId !== undefined) attempted(() => attachPortElsewhere(cloud, portId, at));
    for (const wanted of [...unbind, ...bindElsewhere]) {
      attempted(() => {
        const elasticIp = findElasticIp(cloud, wanted);
        const portId = bindElsewhere.includes(wanted) ? cloud.builder.port({}, at, 0, cause).id : null;
        moveElasticIp(cloud, elasticIp, portId, at);
      });
    }
  });
}

function toServer(cloud: Cloud, server: Server, what: WhatOf<'meanwhile'>, at: number): void {
  cloud.world.past.keep(server, at);
  Object.assign(server, given(what.change ?? {}));
  const detached = (what.detach ?? []).map((nic) => (typeof nic === 'number' ? server.nics[nic] : nic));
  for (const id of detached) if (id !== undefined) detachNic(cloud, server, id, at);
  if (what.attach) attempted(() => attachNic(cloud, server, what.attach ?? {}, at));
  const idOf = (nic: string | number) => (typeof nic === 'number' ? (server.history[nic] ?? '') : nic);
  for (const { nic, elasticIp, ...patch } of what.ports ?? []) {
    attempted(() => patchPort(cloud, idOf(nic), patch, at));
    if (elasticIp) attempted(() => moveElasticIp(cloud, cloud.builder.elasticIp(), idOf(nic), at));
  }
  for (const nic of what.putBack ?? []) {
    // A NIC spec would make a port where there is none.
    attempted(() => attachNic(cloud, server, { id: livePort(cloud, idOf(nic)).id }, at));
  }
  if (what.deleteServer) cloud.world.deleteServer(server, at);
}

/** The fields that are set: an explicit `undefined` must not wipe out what is there. */
export function given(patch: object): object {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
}

function livePort(cloud: Cloud, id: string): Port {
  const port = cloud.world.livePort(id);
  if (!port) throw new ControlError(404, `there is no port ${id}`);
  return port;
}

function refuseAttached(port: Port): void {
  if (port.deviceId !== '') {
    throw new ControlError(409, `port ${port.id} is attached to ${port.deviceId}`);
  }
}

function attempted(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
  }
}
