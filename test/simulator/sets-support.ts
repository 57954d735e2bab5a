/** What the tests of reads by sets have in common. */
import type { Knobs } from '../../simulator';
import { Bench } from './support';

export const NOBODY = '00000000-0000-4000-8000-000000000000';

export interface Entry {
  id: string;
  fault: unknown;
  status: string | null;
  addresses: Record<string, { primary?: boolean; 'OS-EXT-IPS:port_id': string }[]>;
  network_interfaces: { port_id: string; primary?: boolean; association?: { public_ip_address: string } }[];
}

export interface PortEntry {
  id: string;
  device_id: string;
  'binding:vif_details': { primary_interface?: boolean };
}

export function sets(knobs: Partial<Knobs> = {}) {
  const bench = new Bench({ knobs });
  const get = (query: string) => bench.call('GET', `/cloudservers/detail?${query}`);
  const v3 = async (query: string) => {
    const url = `/v3/${bench.project}/ports?${query}`;
    const { statusCode, body } = await bench.simulator.app.inject({ method: 'GET', url });
    return { status: statusCode, body: JSON.parse(body) as Record<string, unknown> & { ports: PortEntry[] } };
  };
  const idsOf = (entries: unknown) => (entries as { id: string }[]).map(({ id }) => id);
  return {
    bench,
    get,
    v3,
    /** Of an answer about servers. */
    entries: async (query: string) => (await get(query)).body.servers as Entry[],
    servers: async (query: string) => idsOf((await get(query)).body.servers),
    portEntries: async (query: string) =>
      (await bench.call('GET', `/ports?${query}`)).body.ports as PortEntry[],
    ports: async (query: string) => idsOf((await bench.call('GET', `/ports?${query}`)).body.ports),
    portsV3: async (query: string) => idsOf((await v3(query)).body.ports),
    last: () => bench.simulator.ledger.requests.at(-1),
  };
}

export const repeated = (name: string, ids: readonly string[]) => ids.map((id) => `${name}=${id}`).join('&');
export const sorted = (ids: readonly string[]) => [...ids].sort();
