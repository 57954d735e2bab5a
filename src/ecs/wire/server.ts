import { z } from 'zod';
import type { NicAddress, ServerDetail } from '../cloud';
import { flag, id, listOf, part, text, word } from './fields';

const address = z.object({
  addr: text,
  'OS-EXT-IPS:port_id': text,
  'OS-EXT-IPS:type': text,
  'OS-EXT-IPS-MAC:mac_addr': text,
  primary: flag,
});

const server = z.object({
  id: id.optional(),
  name: text,
  status: id,
  'OS-EXT-STS:task_state': word.nullish(),
  locked: flag,
  // The vendor adds this field at the first freeze of a server. Metadata without it: never frozen; no metadata: not
  // known.
  metadata: part(z.object({ EcmResStatus: word.nullish() })),
  addresses: part(z.record(z.string(), listOf(address))),
  network_interfaces: listOf(
    z.object({ port_id: text, primary: flag, association: part(z.object({ public_ip_address: text })) }),
  ),
  // One that can't be read may be the one that protects the server: then none was read.
  tags: part(z.array(z.string()).max(200)),
});

type Entry = Omit<z.output<typeof server>, 'id'>;

function detailOf<Id>(entry: Entry, serverId: Id): Omit<ServerDetail, 'id'> & { id: Id } {
  // Keyed by VPC, with several rows for one NIC: v4, v6 and elastic IPs (docs/cloud-api.md §3.3).
  const rows = Object.values(entry.addresses ?? {}).flatMap((each) => each ?? []);
  const nics = entry.network_interfaces ?? [];
  const portIdOf = (row: (typeof rows)[number]): string | null =>
    row['OS-EXT-IPS:port_id'] ??
    rows.find((other) => other['OS-EXT-IPS:port_id'] !== null && sameMac(other, row))?.[
      'OS-EXT-IPS:port_id'
    ] ??
    null;
  const primary = [
    ...rows.filter((row) => row.primary === true).map((row) => row['OS-EXT-IPS:port_id']),
    ...nics.filter((nic) => nic.primary === true).map((nic) => nic.port_id),
  ];
  const elastic = [
    ...nics.map((nic) => [nic.port_id, nic.association?.public_ip_address ?? null] as const),
    ...rows
      .filter((row) => row['OS-EXT-IPS:type'] === 'floating')
      .map((row) => [portIdOf(row), row.addr] as const),
  ];
  const ports = [...rows.map(portIdOf), ...nics.map((nic) => nic.port_id)];
  return {
    id: serverId,
    name: entry.name,
    status: entry.status,
    taskState: entry['OS-EXT-STS:task_state']?.trim() || null,
    locked: entry.locked,
    frozen: entry.metadata == null ? null : FROZEN.test(entry.metadata.EcmResStatus ?? ''),
    // A server has at least one NIC.
    addressesTold: rows.length > 0 || nics.length > 0,
    primaryPortIds: unique(primary.filter((port) => port !== null)),
    portIds: ports.includes(null) ? null : unique(ports.filter((port) => port !== null)),
    addresses: addressesOf(rows),
    elasticIps: byPort(elastic),
    tags: entry.tags ?? null,
  };
}

/** `GET cloudservers/{id}` (docs/cloud-api.md §3.3). */
export const serverAnswer = z
  .object({ server })
  .transform((answer) => detailOf(answer.server, answer.server.id ?? null));

/** An id that the cloud does not know comes back without a state. */
const listed = z.union([server.extend({ id }), z.object({ id, status: z.null() })]);

/**
 * `GET cloudservers/detail?server_id=…` (docs/cloud-api.md §3.6), by server id in lower case; `null`: the cloud does not
 * know the server. An unreadable entry counts as missing: the others still count.
 */
export const serversAnswer = z
  .object({ servers: z.array(listed.nullable().catch(null)).max(1_000) })
  .transform(({ servers }) => {
    const found = new Map<string, ServerDetail | null>();
    for (const each of servers)
      if (each !== null)
        found.set(each.id.toLowerCase(), each.status === null ? null : detailOf(each, each.id));
    return found;
  });

/** `GET cloudservers/detail?limit=…&marker=…` (docs/cloud-api.md §3.6), in its order; `null`: an entry that can't be read. */
export const serverPage = z
  .object({ servers: z.array(server.extend({ id }).nullable().catch(null)).max(1_000) })
  .transform(({ servers }) => servers.map((each) => (each === null ? null : detailOf(each, each.id))));

const FROZEN = /^\s*(freeze|frozen)\s*$/i;

const unique = (ids: readonly string[]): string[] => [...new Set(ids)];

/** Each address once, even if several parts of the detail name it. */
function byPort(pairs: (readonly [string | null, string | null])[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const [port, ip] of pairs) {
    if (port === null || ip === null) continue;
    const known = (found[port] ??= []);
    if (!known.includes(ip)) known.push(ip);
  }
  return found;
}

type Address = z.output<typeof address>;

/** Of a row without a port id nobody can say whose it is; elastic IPs stand apart. */
function addressesOf(rows: readonly Address[]): Record<string, NicAddress> {
  const fixed = rows.filter((row) => row['OS-EXT-IPS:type'] !== 'floating');
  const ips = byPort(fixed.map((row) => [row['OS-EXT-IPS:port_id'], row.addr]));
  const macs = byPort(fixed.map((row) => [row['OS-EXT-IPS:port_id'], row['OS-EXT-IPS-MAC:mac_addr']]));
  const ports = unique([...Object.keys(ips), ...Object.keys(macs)]);
  return Object.fromEntries(
    ports.map((port) => {
      const [mac = null, other] = macs[port] ?? [];
      return [port, { ips: ips[port] ?? [], mac: other === undefined ? mac : null }];
    }),
  );
}

const sameMac = (a: Address, b: Address): boolean =>
  a['OS-EXT-IPS-MAC:mac_addr'] !== null && a['OS-EXT-IPS-MAC:mac_addr'] === b['OS-EXT-IPS-MAC:mac_addr'];
