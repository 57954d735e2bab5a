import { Stream, uuid } from '../world/random';

export interface Subnet {
  /** The VPC subnet's id, what NIC lists call `net_id`. */
  readonly networkId: string;
  /** The id in `fixed_ips`: another UUID (docs/cloud-api.md §3.4). */
  readonly subnetId: string;
  /** The id of its IPv6 half. */
  readonly subnetIdV6: string;
  /** First two octets of a /16. */
  readonly prefix: string;
}

/** Addresses of a /16 that can be given out: .0.0 to .0.9 and the last 256 are left to gateway and services. */
const FIRST = 10;
const LAST = 65_279;

/** Where the ids of IPv6 subnets begin in their stream: behind those of as many subnets as there can be. */
const V6_IDS = 1000;

/** One VPC whose subnets are /16, so that a fleet of 10,000 servers with 12 NICs fits. */
export class Network {
  readonly vpcId: string;
  readonly securityGroupId: string;
  readonly subnets: readonly Subnet[];
  private readonly owners = new Map<string, string>();
  private readonly next = new Map<string, number>();

  constructor(seed: number, subnets = 4) {
    this.vpcId = uuid(seed, Stream.network, 0);
    this.securityGroupId = uuid(seed, Stream.network, 1);
    this.subnets = Array.from({ length: subnets }, (_, n) => ({
      networkId: uuid(seed, Stream.network, 2 + 2 * n),
      subnetId: uuid(seed, Stream.network, 3 + 2 * n),
      subnetIdV6: uuid(seed, Stream.network, V6_IDS + n),
      prefix: `10.${n + 1}`,
    }));
  }

  subnet(networkId: string): Subnet | undefined {
    return this.subnets.find((subnet) => subnet.networkId === networkId);
  }

  /** The subnet whose range has the IPv4 address. */
  subnetOf(ip: string): Subnet | undefined {
    return this.subnets.find((subnet) => ip.startsWith(`${subnet.prefix}.`));
  }

  /** The port that holds the address, if any. */
  owner(ip: string): string | undefined {
    return this.owners.get(ip);
  }

  claim(ip: string, portId: string): void {
    const owner = this.owners.get(ip);
    if (owner !== undefined && owner !== portId) throw new Error(`${ip} is in use by port ${owner}`);
    this.owners.set(ip, portId);
  }

  /** Goes round the subnet, so that an address just freed is not given out at once. */
  allocate(subnet: Subnet, portId: string): string {
    let n = this.next.get(subnet.networkId) ?? FIRST;
    for (let tried = FIRST; tried <= LAST; tried++) {
      const ip = `${subnet.prefix}.${n >> 8}.${n & 255}`;
      n = n === LAST ? FIRST : n + 1;
      if (!this.owners.has(ip)) {
        this.next.set(subnet.networkId, n);
        this.owners.set(ip, portId);
        return ip;
      }
    }
    throw new Error(`subnet ${subnet.prefix}.0.0/16 has no address left`);
  }

  release(ip: string, portId: string): void {
    if (this.owners.get(ip) === portId) this.owners.delete(ip);
  }
}
