import type { Knobs } from '../knobs';
import { Stream, fraction, uuid } from '../world/random';
import type { FleetSpec, NicSpec, PortSpec, ServerSpec } from './specs';
import type { Cause, ElasticIp, Port, Server, World } from '../world/world';
import { MAX_NICS } from '../world/world';

/** 203.0.113.0/24 and 198.51.100.0/24 are for documentation: no real address can be meant. */
const ELASTIC_PREFIXES = ['203.0.113', '198.51.100'];
const NONE: readonly never[] = [];

/** Makes servers, ports and fleets from what a control call says about them, filling in the rest from the seed. */
export class Builder {
  private servers = 0;
  private ports = 0;
  private elasticIps = 0;
  private fleetSeeds = new Map<number, { servers: number; ports: number }>();
  private readonly defaultGroups: readonly string[];

  constructor(
    private readonly seed: number,
    private readonly world: World,
    private readonly knobs: () => Knobs,
  ) {
    this.defaultGroups = [world.network.securityGroupId];
  }

  server(spec: ServerSpec, now: number, ids: () => string = () => this.nextServerId()): Server {
    const n = this.servers++;
    const id = spec.id ?? ids();
    if (this.world.servers.has(id)) throw new Error(`there is a server ${id} already`);
    const server: Server = {
      id,
      name: spec.name ?? `server-${String(n + 1).padStart(2, '0')}`,
      status: spec.status ?? 'ACTIVE',
      taskState: spec.taskState ?? null,
      locked: spec.locked ?? false,
      frozen: spec.frozen ?? false,
      onlineRemoval: spec.onlineRemoval ?? true,
      metadata: spec.metadata ?? {},
      tags: spec.tags ?? NONE,
      jobSeconds: spec.jobSeconds ?? null,
      createdAt: now,
      deleted: false,
      nics: [],
      history: [],
      busyUntil: 0,
    };
    // Four NICs: a primary one, and three to choose from.
    const nics = spec.nics ?? 4;
    const list: NicSpec[] = typeof nics === 'number' ? Array.from({ length: nics }, () => ({})) : nics;
    this.checkNics(list);
    this.world.servers.set(id, server);
    const primaryGiven = list.some((nic) => nic.primary !== undefined);
    list.forEach((nic, i) => {
      const port = this.port(nic, now, i);
      port.primary = primaryGiven ? (nic.primary ?? false) : i === 0;
      this.world.attach(server, port, now);
    });
    return server;
  }

  fleet(spec: FleetSpec, now: number): Server[] {
    const prefix = spec.prefix ?? 'fleet';
    const width = Math.max(5, String(spec.servers).length);
    const { seed } = spec;
    const counts = seed === undefined ? undefined : (this.fleetSeeds.get(seed) ?? { servers: 0, ports: 0 });
    if (seed !== undefined && counts) this.fleetSeeds.set(seed, counts);
    const serverId =
      counts && seed !== undefined ? () => uuid(seed, Stream.server, counts.servers++) : undefined;
    const portId = counts && seed !== undefined ? () => uuid(seed, Stream.port, counts.ports++) : undefined;
    return Array.from({ length: spec.servers }, (_, n) =>
      this.server(
        {
          name: `${prefix}-${String(n + 1).padStart(width, '0')}`,
          nics: Array.from({ length: spec.nicsPerServer ?? 4 }, () => (portId ? { id: portId() } : {})),
          ...(spec.status === undefined ? {} : { status: spec.status }),
          ...(spec.jobSeconds === undefined ? {} : { jobSeconds: spec.jobSeconds }),
        },
        now,
        serverId,
      ),
    );
  }

  /** A free port; `nth` chooses the subnet when none is named. */
  port(spec: PortSpec, now: number, nth = 0, cause?: Cause): Port {
    const n = this.ports++;
    const { network, ports } = this.world;
    const id = spec.id ?? uuid(this.seed, Stream.port, n);
    if (ports.has(id)) throw new Error(`there is a port ${id} already`);
    const subnet =
      spec.networkId === undefined
        ? network.subnets[nth % network.subnets.length]
        : network.subnet(spec.networkId);
    if (!subnet) throw new Error(`there is no subnet ${spec.networkId ?? ''}`);
    for (const ip of addressesOf(spec)) network.claim(ip, id);
    const port: Port = {
      id,
      name: spec.name ?? '',
      networkId: subnet.networkId,
      subnetId: subnet.subnetId,
      ip: spec.ip ?? network.allocate(subnet, id),
      furtherIps: spec.furtherIps ?? NONE,
      ipv6: spec.ipv6 ?? null,
      mac: spec.mac ?? mac(n),
      deviceId: '',
      primary: false,
      deleteOnTermination: spec.deleteOnTermination ?? this.knobs().deleteOnTermination,
      securityGroups: spec.securityGroups ?? this.defaultGroups,
      allowedAddressPairs: spec.allowedAddressPairs ?? NONE,
      extraDhcpOpts: spec.extraDhcpOpts ?? NONE,
      attachedStatus: spec.attachedStatus ?? 'ACTIVE',
      portSecurity: spec.portSecurity ?? true,
      attachedSeq: 0,
      detachedAt: null,
      deletedAt: null,
      detachedBy: null,
      deletions: 0,
      afterimage: null,
    };
    ports.set(id, port);
    if (cause) this.world.recordPortCreated(port, now, cause);
    const wanted = spec.elasticIp === true ? [undefined] : spec.elasticIp ? [spec.elasticIp].flat() : [];
    for (const address of wanted) this.world.bind(this.elasticIp(address), port, now, cause);
    return port;
  }

  /** One that is bound to nothing; some address of those for documentation unless one is given. */
  elasticIp(address?: string): ElasticIp {
    const n = this.elasticIps++;
    const prefix = ELASTIC_PREFIXES[Math.floor(n / 254) % ELASTIC_PREFIXES.length] ?? '';
    const elasticIp: ElasticIp = {
      id: uuid(this.seed, Stream.elasticIp, n),
      address: address ?? `${prefix}.${(n % 254) + 1}`,
      portId: '',
      boundAt: -Infinity,
    };
    this.world.elasticIps.set(elasticIp.id, elasticIp);
    return elasticIp;
  }

  /** All or nothing: a server whose third NIC is impossible must not be left behind with two. */
  private checkNics(nics: readonly NicSpec[]): void {
    if (nics.length > MAX_NICS) throw new Error(`a server has at most ${MAX_NICS} NICs`);
    const ids = nics.map((nic) => nic.id).filter((id) => id !== undefined);
    const taken = ids.find((id, i) => this.world.ports.has(id) || ids.indexOf(id) !== i);
    if (taken !== undefined) throw new Error(`there is a port ${taken} already`);
    const ips = nics.flatMap(addressesOf);
    const used = ips.find((ip, i) => this.world.network.owner(ip) !== undefined || ips.indexOf(ip) !== i);
    if (used !== undefined) throw new Error(`the address ${used} is in use`);
    const foreign = nics.find((nic) => nic.networkId && !this.world.network.subnet(nic.networkId));
    if (foreign) throw new Error(`there is no subnet ${foreign.networkId ?? ''}`);
  }

  private nextServerId(): string {
    return uuid(this.seed, Stream.server, this.servers - 1);
  }
}

/** Those that are asked for. */
function addressesOf({ ip, furtherIps = [], ipv6 }: PortSpec): string[] {
  return [ip, ...furtherIps, ipv6].filter((address) => address !== undefined);
}

/** The vendor's prefix is OpenStack's fa:16:3e. */
function mac(n: number): string {
  const hex = ((n + 1) & 0xffffff).toString(16).padStart(6, '0');
  return `fa:16:3e:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`;
}

/** A repeatable shuffle, for the knob that denies the NIC list any useful order. */
export function shuffled<T>(items: readonly T[], seed: number, n: number): T[] {
  return items
    .map((item, i) => ({ item, key: fraction(seed, Stream.order, n * 16 + i) }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
