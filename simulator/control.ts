import type { AccessKey, KeyState } from './auth';
import type { Cloud } from './cloud';
import type { Fault, FaultSpec, WhatOf } from './faults';
import type { NicDescription, ServerDescription, Truth } from './describe';
import { describeNic, describeServer, nicTruth } from './describe';
import type { User, UserState } from './iam';
import type { Violation } from './invariants';
import { invariants } from './invariants';
import type { Knobs } from './knobs';
import { parseKnobs } from './knobs';
import type { LedgerRequest } from './ledger';
import { FleetSpec, KeySpec, NicSpec, PortPatch, PortSpec, ServerPatch, ServerSpec, UserSpec } from './specs';
import type { Port, Server } from './world';
import { MAX_NICS } from './world';

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
    return describeServer(
      this.cloud,
      this.attempt(() => this.cloud.builder.server(ServerSpec.parse(spec), now)),
    );
  }

  createFleet(spec: FleetSpec): ServerDescription[] {
    const now = this.cloud.now();
    const servers = this.attempt(() => this.cloud.builder.fleet(FleetSpec.parse(spec), now));
    return servers.map((server) => describeServer(this.cloud, server));
  }

  server(id: string): ServerDescription {
    return describeServer(this.cloud, this.find(id));
  }

  servers(): ServerDescription[] {
    this.cloud.now();
    return [...this.cloud.world.servers.values()].map((server) => describeServer(this.cloud, server));
  }

  patchServer(id: string, patch: ServerPatch): ServerDescription {
    const server = this.find(id);
    Object.assign(server, given(ServerPatch.parse(patch)));
    return describeServer(this.cloud, server);
  }

  deleteServer(id: string): void {
    this.cloud.world.deleteServer(this.find(id), this.cloud.now());
  }

  /** Another actor adds a NIC: a new one, or an existing free port named by `id`. */
  attachNic(serverId: string, spec: NicSpec = {}): NicDescription {
    return describeNic(this.cloud, this.attach(this.find(serverId), NicSpec.parse(spec), this.cloud.now()));
  }

  /** Another actor takes a NIC off; its flag decides over the port. */
  detachNic(serverId: string, nicId: string): void {
    const server = this.find(serverId);
    if (!server.nics.includes(nicId)) throw new ControlError(404, `server ${serverId} has no NIC ${nicId}`);
    this.detach(server, nicId, this.cloud.now());
  }

  /** A port of nobody's; with `ip`, another tenant who takes an address. */
  createPort(spec: PortSpec = {}): NicDescription {
    const now = this.cloud.now();
    const port = this.attempt(() => this.cloud.builder.port(PortSpec.parse(spec), now, 0, { by: 'control' }));
    return describeNic(this.cloud, port);
  }

  patchPort(id: string, patch: PortPatch): NicDescription {
    const port = this.cloud.world.livePort(id);
    if (!port) throw new ControlError(404, `there is no port ${id}`);
    Object.assign(port, given(PortPatch.parse(patch)));
    return describeNic(this.cloud, port);
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

  /** From now on no request with this token passes; without one, with any token. */
  revokeToken(token?: string): void {
    this.cloud.gatekeeper.revoke(token);
  }

  /** Access keys with their failures and locks; never the secret keys. */
  keys(): KeyState[] {
    return this.cloud.gatekeeper.keyStates(this.cloud.now());
  }

  /** A new key, or another secret for a known one. */
  putKey(key: AccessKey): void {
    this.cloud.gatekeeper.putKey(KeySpec.parse(key));
  }

  removeKey(ak: string): void {
    if (!this.cloud.gatekeeper.removeKey(ak)) throw new ControlError(404, `there is no key ${ak}`);
  }

  secrets(): string[] {
    return [...this.cloud.gatekeeper.secrets];
  }

  users(): UserState[] {
    return this.cloud.iam.userStates(this.cloud.now());
  }

  /** A new user, or another password for a known one; that one's tokens are no longer valid then. */
  putUser(user: User): void {
    this.cloud.iam.putUser(UserSpec.parse(user));
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
      nics: ports.map((port) => nicTruth(this.cloud, server, port)),
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
      Object.assign(server, given(what.change ?? {}));
      const detached = (what.detach ?? []).map((nic) => (typeof nic === 'number' ? server.nics[nic] : nic));
      for (const id of detached) if (id !== undefined) this.detach(server, id, at);
      // A full server or a port in use: the other actor was refused, and nobody here needs to know.
      if (what.attach) attempted(() => this.attach(server, what.attach ?? {}, at));
      if (what.deleteServer) this.cloud.world.deleteServer(server, at);
    });
  }

  private attach(server: Server, spec: NicSpec, at: number): Port {
    const { world, builder } = this.cloud;
    const { primary, ...rest } = spec;
    if (world.freeNics(server) === 0) throw new ControlError(409, `a server has at most ${MAX_NICS} NICs`);
    const existing = rest.id === undefined ? undefined : world.livePort(rest.id);
    if (existing && existing.deviceId !== '') {
      throw new ControlError(409, `port ${existing.id} is attached to ${existing.deviceId}`);
    }
    const cause = { by: 'control' } as const;
    const port = existing ?? this.attempt(() => builder.port(rest, at, server.nics.length, cause));
    port.primary = primary ?? false;
    world.attach(server, port, at, cause);
    return port;
  }

  private detach(server: Server, nicId: string, at: number): void {
    const { world } = this.cloud;
    const port = world.livePort(nicId);
    if (!port || port.deviceId !== server.id) return;
    world.detach(port, at, { by: 'control' });
    if (port.deleteOnTermination) world.deletePort(port, at, { by: 'control' }, server.id);
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
}

/** The fields that are set: an explicit `undefined` must not wipe out what is there. */
function given(patch: object): object {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
}

function attempted(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
  }
}
