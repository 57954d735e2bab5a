import { isDeepStrictEqual } from 'node:util';
import { Agenda } from './agenda';
import type { Ledger, LedgerEffect } from './ledger';
import { Network } from '../network/network';
import { Past } from './past';

/** Kinds of reads that may lag behind what has happened. */
export type View = 'list' | 'detail' | 'port';

/** Where a NIC was before a job moved it, as long as reads still show it there. */
export interface Afterimage {
  /** The server it was taken from; empty: it was free, and has been attached. */
  deviceId: string;
  /** Shown by all reads before this instant … */
  from: number;
  /** … by those that lag before this one, and then for so many more reads of each kind. */
  until: number;
  reads: Record<View, number>;
}

export interface Port {
  readonly id: string;
  name: string;
  readonly networkId: string;
  readonly subnetId: string;
  readonly ip: string;
  /** Fixed IPs beside it. */
  readonly furtherIps: readonly string[];
  readonly ipv6: string | null;
  mac: string;
  /** The server it is attached to, or empty. */
  deviceId: string;
  primary: boolean;
  deleteOnTermination: boolean;
  securityGroups: readonly string[];
  allowedAddressPairs: readonly { ip_address: string; mac_address?: string }[];
  extraDhcpOpts: readonly { opt_name: string; opt_value: string }[];
  /** `ACTIVE` while attached; SR-IOV ports say `DOWN` always (docs/cloud-api.md §4.2). */
  attachedStatus: string;
  portSecurity: boolean;
  /** Orders the NICs of a server. */
  attachedSeq: number;
  detachedAt: number | null;
  deletedAt: number | null;
  /** The job that took it off. */
  detachedBy: string | null;
  /** How often a job really took it off a server. */
  deletions: number;
  afterimage: Afterimage | null;
}

/** What a call to update a port can change, and another actor too. */
export type PortAttributes = Pick<
  Port,
  'name' | 'securityGroups' | 'allowedAddressPairs' | 'extraDhcpOpts' | 'portSecurity'
>;

export interface ElasticIp {
  readonly id: string;
  readonly address: string;
  /** The one place that says what it is bound to. Empty: unbound, kept and still billed. */
  portId: string;
  /** Since when, for reads that lag behind; -Infinity: it has always been so. */
  boundAt: number;
}

export interface Server {
  readonly id: string;
  name: string;
  status: string;
  taskState: string | null;
  locked: boolean;
  frozen: boolean;
  /** False: NICs come off only while the server is stopped (docs/cloud-api.md §1.2). */
  onlineRemoval: boolean;
  metadata: Record<string, string>;
  tags: readonly { key: string; value: string }[];
  jobSeconds: number | readonly [number, number] | null;
  readonly createdAt: number;
  deleted: boolean;
  /** Ids of its NICs, in the order of attachment. */
  nics: string[];
  /** Every NIC it ever had. */
  history: string[];
  /** A job runs until then; Infinity: a stuck one. */
  busyUntil: number;
}

/** An ECS has at most 12 NICs, the primary one included (docs/cloud-api.md §1.2). */
export const MAX_NICS = 12;

/** Who changed something; the server is named where the change alone would not tell it. */
export type Cause = Pick<LedgerEffect, 'by' | 'jobId' | 'requestSeq' | 'serverId'>;

/** The true state: servers, ports, addresses, and the few ways in which they change, each of them in the ledger. */
export class World {
  readonly servers = new Map<string, Server>();
  readonly ports = new Map<string, Port>();
  readonly elasticIps = new Map<string, ElasticIp>();
  readonly agenda = new Agenda();
  readonly network: Network;
  readonly past: Past;
  private attached = 0;
  /** Tenants that take an address as soon as it is free. */
  private readonly awaited = new Map<string, (at: number) => void>();
  /** Elastic IPs that a port has or has had, the last one bound at the end. */
  private readonly carried = new Map<string, ElasticIp[]>();

  constructor(
    seed: number,
    private readonly ledger: Ledger,
    reachMs: () => number,
  ) {
    this.network = new Network(seed);
    this.past = new Past(reachMs);
  }

  primaryOf(server: Server): Port | undefined {
    return this.nicsOf(server).find((port) => port.primary);
  }

  nicsOf(server: Server): Port[] {
    return server.nics.map((id) => this.ports.get(id)).filter((port) => port !== undefined);
  }

  freeNics(server: Server): number {
    return Math.max(0, MAX_NICS - server.nics.length);
  }

  livePort(id: string): Port | undefined {
    const port = this.ports.get(id);
    return port && port.deletedAt === null ? port : undefined;
  }

  recordPortCreated(port: Port, at: number, cause: Cause): void {
    this.past.begin(port, at);
    this.ledger.effect({ at, kind: 'port-created', portId: port.id, ...cause });
  }

  attach(server: Server, port: Port, at: number, cause?: Cause): void {
    this.past.keep(port, at);
    port.deviceId = server.id;
    port.attachedSeq = this.attached++;
    port.detachedAt = null;
    port.detachedBy = null;
    port.afterimage = null;
    server.nics.push(port.id);
    if (!server.history.includes(port.id)) server.history.push(port.id);
    if (cause)
      this.ledger.effect({ at, kind: 'nic-attached', portId: port.id, serverId: server.id, ...cause });
  }

  detach(port: Port, at: number, cause: Cause): void {
    const server = this.servers.get(port.deviceId);
    if (!server) return;
    this.past.keep(port, at);
    server.nics = server.nics.filter((id) => id !== port.id);
    port.deviceId = '';
    port.primary = false;
    port.afterimage = null;
    port.detachedAt = at;
    port.detachedBy = cause.jobId ?? null;
    if (cause.by === 'job') port.deletions += 1;
    this.ledger.effect({ at, kind: 'nic-detached', portId: port.id, serverId: server.id, ...cause });
  }

  /** Its address goes back to the subnet; an elastic IP is unbound, kept, and billed on (docs/cloud-api.md §1.3). */
  deletePort(port: Port, at: number, cause: Cause, serverId?: string): void {
    this.past.keep(port, at);
    port.deletedAt = at;
    this.network.release(port.ip, port.id);
    for (const ip of port.furtherIps) this.network.release(ip, port.id);
    if (port.ipv6 !== null) this.network.release(port.ipv6, port.id);
    this.ledger.effect({ at, kind: 'port-deleted', portId: port.id, serverId, ...cause });
    for (const elasticIp of this.elasticIpsOf(port)) this.unbind(elasticIp, at, { serverId, ...cause });
    const take = this.awaited.get(port.ip);
    this.awaited.delete(port.ip);
    take?.(at);
  }

  setDeleteOnTermination(port: Port, value: boolean, at: number, cause: Cause): void {
    if (port.deleteOnTermination === value) return;
    this.past.keep(port, at);
    port.deleteOnTermination = value;
    const what = { kind: 'flag-changed', portId: port.id, value } as const;
    this.ledger.effect({ at, ...what, ...onServer(port), ...cause });
  }

  /** Changes only the fields that are given and differ. */
  updatePort(port: Port, changes: Partial<PortAttributes>, at: number, cause: Cause): void {
    const entries = Object.entries(changes) as [keyof PortAttributes, unknown][];
    const changed = entries.filter(
      ([name, value]) => value !== undefined && !isDeepStrictEqual(port[name], value),
    );
    if (changed.length === 0) return;
    this.past.keep(port, at);
    Object.assign(port, Object.fromEntries(changed));
    this.ledger.effect({ at, kind: 'port-updated', portId: port.id, ...onServer(port), ...cause });
  }

  elasticIpOf(port: Port): ElasticIp | undefined {
    return this.elasticIpsOf(port)[0];
  }

  /** `when`: those it had at that instant, as they were. */
  elasticIpsOf(port: Port, when = Infinity): ElasticIp[] {
    return (this.carried.get(port.id) ?? [])
      .map((elasticIp) => this.past.at(elasticIp, when))
      .filter((elasticIp) => elasticIp?.portId === port.id)
      .filter((elasticIp) => elasticIp !== null);
  }

  /** A tenant that waits for an address gets it before all others; one tenant waits at a time. */
  onceFree(ip: string, now: number, take: (at: number) => void): void {
    if (this.network.owner(ip) === undefined) take(now);
    else this.awaited.set(ip, take);
  }

  /** Also one that was unbound, or that another port has by now. */
  lastElasticIpOf(port: Port): ElasticIp | undefined {
    return this.carried.get(port.id)?.at(-1);
  }

  /** Without a cause: it has always been so. */
  bind(elasticIp: ElasticIp, port: Port, at: number, cause?: Cause): void {
    elasticIp.portId = port.id;
    elasticIp.boundAt = cause ? at : -Infinity;
    const before = (this.carried.get(port.id) ?? []).filter((other) => other !== elasticIp);
    this.carried.set(port.id, [...before, elasticIp]);
    const what = { kind: 'elastic-ip-bound', portId: port.id, elasticIpId: elasticIp.id } as const;
    if (cause) this.ledger.effect({ at, ...what, ...onServer(port), ...cause });
  }

  unbind(elasticIp: ElasticIp, at: number, cause: Cause): void {
    const port = this.ports.get(elasticIp.portId);
    if (!port) return;
    this.past.keep(elasticIp, at);
    elasticIp.portId = '';
    const what = { kind: 'elastic-ip-unbound', portId: port.id, elasticIpId: elasticIp.id } as const;
    this.ledger.effect({ at, ...what, ...onServer(port), ...cause });
  }

  /** Ports whose flag says so die with the server, the others stay (docs/cloud-api.md §1.3). */
  deleteServer(server: Server, at: number): void {
    for (const port of this.nicsOf(server)) {
      this.detach(port, at, { by: 'control' });
      if (port.deleteOnTermination) this.deletePort(port, at, { by: 'control' }, server.id);
    }
    this.past.keep(server, at);
    server.deleted = true;
  }
}

const onServer = (port: Port) => (port.deviceId === '' ? {} : { serverId: port.deviceId });
