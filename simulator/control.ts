import type { Cloud } from './cloud';
import type { Fault, FaultSpec, WhatOf } from './faults';
import type { Violation } from './invariants';
import { invariants } from './invariants';
import type { Knobs } from './knobs';
import { parseKnobs } from './knobs';
import type { LedgerRequest } from './ledger';
import { FleetSpec, NicSpec, PortPatch, PortSpec, ServerPatch, ServerSpec } from './specs';
import type { Port, Server } from './world';
import { MAX_NICS } from './world';

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

/** A control call that can't be carried out. */
export class ControlError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** What tests and operators of the simulator can do to it; the HTTP control interface is this, call by call. */
export class Control {
  constructor(private readonly cloud: Cloud) {}

  createServer(spec: ServerSpec = {}): ServerDescription {
    const now = this.cloud.now();
    return this.describe(this.attempt(() => this.cloud.builder.server(ServerSpec.parse(spec), now)));
  }

  createFleet(spec: FleetSpec): ServerDescription[] {
    const now = this.cloud.now();
    const servers = this.attempt(() => this.cloud.builder.fleet(FleetSpec.parse(spec), now));
    return servers.map((server) => this.describe(server));
  }

  server(id: string): ServerDescription {
    return this.describe(this.find(id));
  }

  servers(): ServerDescription[] {
    this.cloud.now();
    return [...this.cloud.world.servers.values()].map((server) => this.describe(server));
  }

  patchServer(id: string, patch: ServerPatch): ServerDescription {
    const server = this.find(id);
    const changes = Object.entries(ServerPatch.parse(patch)).filter(([, value]) => value !== undefined);
    Object.assign(server, Object.fromEntries(changes));
    return this.describe(server);
  }

  deleteServer(id: string): void {
    this.cloud.world.deleteServer(this.find(id), this.cloud.now());
  }

  /** Another actor adds a NIC: a new one, or an existing free port named by `id`. */
  attachNic(serverId: string, spec: NicSpec = {}): NicDescription {
    const server = this.find(serverId);
    const { world, builder } = this.cloud;
    const now = this.cloud.now();
    const { primary, ...rest } = NicSpec.parse(spec);
    if (world.freeNics(server) === 0) throw new ControlError(409, `a server has at most ${MAX_NICS} NICs`);
    const existing = rest.id === undefined ? undefined : world.livePort(rest.id);
    if (existing && existing.deviceId !== '') {
      throw new ControlError(409, `port ${existing.id} is attached to ${existing.deviceId}`);
    }
    const cause = { by: 'control' } as const;
    const port = existing ?? this.attempt(() => builder.port(rest, now, server.nics.length, cause));
    port.primary = primary ?? false;
    world.attach(server, port, now, cause);
    return this.describeNic(port);
  }

  /** Another actor takes a NIC off; its flag decides over the port. */
  detachNic(serverId: string, nicId: string): void {
    const server = this.find(serverId);
    const { world } = this.cloud;
    const port = world.livePort(nicId);
    if (!port || port.deviceId !== server.id) {
      throw new ControlError(404, `server ${serverId} has no NIC ${nicId}`);
    }
    const now = this.cloud.now();
    world.detach(port, now, { by: 'control' });
    if (port.deleteOnTermination) world.deletePort(port, now, { by: 'control' }, server.id);
  }

  /** A port of nobody's; with `ip`, another tenant who takes an address. */
  createPort(spec: PortSpec = {}): NicDescription {
    const now = this.cloud.now();
    const port = this.attempt(() => this.cloud.builder.port(PortSpec.parse(spec), now, 0, { by: 'control' }));
    return this.describeNic(port);
  }

  patchPort(id: string, patch: PortPatch): NicDescription {
    const port = this.cloud.world.livePort(id);
    if (!port) throw new ControlError(404, `there is no port ${id}`);
    const changes = Object.entries(PortPatch.parse(patch)).filter(([, value]) => value !== undefined);
    Object.assign(port, Object.fromEntries(changes));
    return this.describeNic(port);
  }

  addFault(fault: FaultSpec): Fault {
    return this.cloud.faults.add(fault);
  }

  faults(): readonly Fault[] {
    return this.cloud.faults.list();
  }

  removeFault(id: string): void {
    if (!this.cloud.faults.remove(id)) throw new ControlError(404, `there is no fault ${id}`);
  }

  clearFaults(): void {
    this.cloud.faults.clear();
  }

  setKnobs(patch: Partial<Knobs>): Knobs {
    Object.assign(this.cloud.knobs, parseKnobs(patch));
    return this.cloud.knobs;
  }

  knobs(): Readonly<Knobs> {
    return this.cloud.knobs;
  }

  /** From now on no request with this token passes. */
  revokeToken(token: string): void {
    this.cloud.gatekeeper.revoke(token);
  }

  truth(serverId: string): Truth {
    const server = this.find(serverId);
    const { world } = this.cloud;
    const ports = server.history.map((id) => world.ports.get(id)).filter((port) => port !== undefined);
    return {
      serverId: server.id,
      name: server.name,
      exists: !server.deleted,
      busy: this.cloud.now() < server.busyUntil,
      nics: ports.map((port) => this.nicTruth(server, port)),
    };
  }

  invariants(): Violation[] {
    this.cloud.now();
    return invariants(this.cloud.ledger);
  }

  advance(ms: number): number {
    this.cloud.clock.advance(ms);
    return this.cloud.now();
  }

  reset(): void {
    this.cloud.reset();
  }

  /** What another actor does some time after a request. */
  meanwhile(entry: LedgerRequest, what: WhatOf<'meanwhile'>, now: number): void {
    const serverId = entry.serverId;
    const server = serverId === undefined ? undefined : this.cloud.world.servers.get(serverId);
    if (!server || serverId === undefined) return;
    this.cloud.world.agenda.schedule(now + what.afterMs, (at) => {
      if (server.deleted) return;
      if (what.change) this.patchServer(serverId, what.change);
      if (what.attach) this.attachNic(serverId, what.attach);
      for (const nic of what.detach ?? []) {
        const id = typeof nic === 'number' ? server.nics[nic] : nic;
        if (id !== undefined && server.nics.includes(id)) this.detachNic(serverId, id);
      }
      if (what.deleteServer) this.cloud.world.deleteServer(server, at);
    });
  }

  private find(id: string): Server {
    this.cloud.now();
    const server = this.cloud.world.servers.get(id);
    if (!server) throw new ControlError(404, `there is no server ${id}`);
    return server;
  }

  /** What the builder refuses is the caller's mistake. */
  private attempt<T>(make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (error instanceof Error && error.name === 'Error') throw new ControlError(409, error.message);
      throw error;
    }
  }

  private describe(server: Server): ServerDescription {
    const { id, name, status, taskState, locked, frozen, onlineRemoval } = server;
    const { metadata, tags, jobSeconds, deleted } = server;
    return {
      ...{ id, name, status, taskState, locked, frozen, onlineRemoval, metadata, tags, jobSeconds },
      vpcId: this.cloud.world.network.vpcId,
      deleted,
      busy: this.cloud.clock.now() < server.busyUntil,
      nics: this.cloud.world.nicsOf(server).map((port) => this.describeNic(port)),
    };
  }

  private describeNic(port: Port): NicDescription {
    const { id, name, networkId, subnetId, ip, mac, primary, deleteOnTermination, securityGroups } = port;
    return {
      ...{ id, name, networkId, subnetId, ip, mac, primary, deleteOnTermination },
      elasticIp: this.elasticIpOf(port)?.address ?? null,
      securityGroups,
    };
  }

  private nicTruth(server: Server, port: Port): NicTruth {
    const { id, ip, mac, primary, deleteOnTermination, detachedAt, detachedBy, deletions } = port;
    const elasticIp = this.elasticIpOf(port);
    return {
      ...{ id, ip, mac, primary, deleteOnTermination, detachedAt, detachedBy, deletions },
      state: stateOf(server, port),
      elasticIp: elasticIp ? { address: elasticIp.address, bound: elasticIp.portId === port.id } : null,
    };
  }

  private elasticIpOf(port: Port) {
    return port.elasticIpId === null ? undefined : this.cloud.world.elasticIps.get(port.elasticIpId);
  }
}

function stateOf(server: Server, port: Port): NicTruth['state'] {
  if (port.deletedAt !== null) return 'port-gone';
  if (port.deviceId === server.id) return 'on-server';
  return port.deviceId === '' ? 'port-kept' : 'elsewhere';
}
