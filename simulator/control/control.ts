import type { AccessKey, KeyState } from '../identity/auth';
import type { Cloud } from '../simulated-cloud';
import { ControlError, attempt } from './control-error';
import type { Fault, FaultSpec } from '../world/faults';
import type { NicDescription, ServerDescription, Truth } from './describe';
import { describeNic, describeServer, nicTruth } from './describe';
import type { User, UserState } from '../identity/iam';
import type { Violation } from '../world/invariants';
import { invariants } from '../world/invariants';
import type { Knobs } from '../knobs';
import { parseKnobs } from '../knobs';
import * as others from '../world/others';
import {
  ElasticIpSpec,
  FleetSpec,
  KeySpec,
  NicSpec,
  PortPatch,
  PortSpec,
  ServerPatch,
  ServerSpec,
  UserSpec,
} from './specs';
import type { ServerState } from '../compute/nic-states';
import { stateOf } from '../compute/nic-states';
import type { ElasticIp, Server } from '../world/world';

/** What tests and operators of the simulator can do to it; the HTTP control interface is this, call by call. */
export class Control {
  constructor(private readonly cloud: Cloud) {}

  createServer(spec: ServerSpec = {}): ServerDescription {
    const now = this.cloud.now();
    return describeServer(
      this.cloud,
      attempt(() => this.cloud.builder.server(ServerSpec.parse(spec), now)),
    );
  }

  createFleet(spec: FleetSpec): ServerDescription[] {
    const now = this.cloud.now();
    const servers = attempt(() => this.cloud.builder.fleet(FleetSpec.parse(spec), now));
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
    this.cloud.world.past.keep(server, this.cloud.now());
    Object.assign(server, others.given(ServerPatch.parse(patch)));
    return describeServer(this.cloud, server);
  }

  deleteServer(id: string): void {
    this.cloud.world.deleteServer(this.find(id), this.cloud.now());
  }

  /** Another actor adds a NIC: a new one, or an existing free port named by `id`. */
  attachNic(serverId: string, spec: NicSpec = {}): NicDescription {
    const server = this.find(serverId);
    const port = others.attachNic(this.cloud, server, NicSpec.parse(spec), this.cloud.now());
    return describeNic(this.cloud, port);
  }

  /** Another actor takes a NIC off; its flag decides over the port. */
  detachNic(serverId: string, nicId: string): void {
    const server = this.find(serverId);
    if (!server.nics.includes(nicId)) throw new ControlError(404, `server ${serverId} has no NIC ${nicId}`);
    others.detachNic(this.cloud, server, nicId, this.cloud.now());
  }

  /** A free port; with `ip`, another tenant takes that address. */
  createPort(spec: PortSpec = {}): NicDescription {
    const now = this.cloud.now();
    const port = attempt(() => this.cloud.builder.port(PortSpec.parse(spec), now, 0, { by: 'control' }));
    return describeNic(this.cloud, port);
  }

  /** Another actor changes a port, attached or free. */
  patchPort(id: string, patch: PortPatch): NicDescription {
    const now = this.cloud.now();
    return describeNic(this.cloud, others.patchPort(this.cloud, id, PortPatch.parse(patch), now));
  }

  /** Another actor deletes a free port. */
  deletePort(id: string): void {
    others.deletePort(this.cloud, id, this.cloud.now());
  }

  /** A free port ends up on a new server, which is answered. */
  attachPortElsewhere(id: string): ServerDescription {
    return describeServer(this.cloud, others.attachPortElsewhere(this.cloud, id, this.cloud.now()));
  }

  elasticIps(): ElasticIp[] {
    this.cloud.now();
    return [...this.cloud.world.elasticIps.values()].map((elasticIp) => ({ ...elasticIp }));
  }

  /** One that is bound to nothing. */
  createElasticIp(spec: ElasticIpSpec = {}): ElasticIp {
    return { ...this.cloud.builder.elasticIp(ElasticIpSpec.parse(spec).address) };
  }

  /** Another actor binds an elastic IP, named by id or address, to a port; null: to nothing. */
  bindElasticIp(idOrAddress: string, portId: string | null): ElasticIp {
    const now = this.cloud.now();
    const elasticIp = others.findElasticIp(this.cloud, idOrAddress);
    others.moveElasticIp(this.cloud, elasticIp, portId, now);
    return { ...elasticIp };
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

  /** All there is to know about a server's NICs, to be compared by `differences`. */
  snapshotOf(serverId: string): ServerState {
    return stateOf(this.cloud.world, this.find(serverId));
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

  private find(id: string): Server {
    this.cloud.now();
    const server = this.cloud.world.servers.get(id);
    if (!server) throw new ControlError(404, `there is no server ${id}`);
    return server;
  }
}
