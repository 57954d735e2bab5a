/** Reads of servers and ports by sets (docs/cloud-api.md §3.6, §4.2), and what may go wrong with them. */
import { describe, expect, it } from 'vitest';
import type { Knobs } from '../../simulator';
import { Bench } from './support';

const NOBODY = '00000000-0000-4000-8000-000000000000';

interface Entry {
  id: string;
  fault: unknown;
  status: string | null;
  addresses: Record<string, { primary?: boolean; 'OS-EXT-IPS:port_id': string }[]>;
  network_interfaces: { port_id: string; primary?: boolean; association?: { public_ip_address: string } }[];
}

interface PortEntry {
  id: string;
  device_id: string;
  'binding:vif_details': { primary_interface?: boolean };
}

function sets(knobs: Partial<Knobs> = {}) {
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

const repeated = (name: string, ids: readonly string[]) => ids.map((id) => `${name}=${id}`).join('&');
const sorted = (ids: readonly string[]) => [...ids].sort();

describe('servers by a set', () => {
  it('are answered as the single detail answers each', async () => {
    const { bench, get } = sets();
    const tagged = bench.control.createServer({
      tags: [{ key: 'a', value: 'b' }],
      metadata: { lockSource: 'ORDER' },
      locked: true,
      nics: [{}, { elasticIp: '203.0.113.77' }, { ipv6: '2001:db8::7' }],
    });
    const other = bench.server({ taskState: 'rebooting', status: 'SHUTOFF' });
    bench.server();
    const { status, body } = await get(`server_id=${other.id},${tagged.id}`);
    expect(status).toBe(200);
    expect(body.count).toBe(2);
    const single = async (id: string) => (await bench.detail(id)).body.server as object;
    const [first = '', second = ''] = sorted([tagged.id, other.id]);
    expect(body.servers).toEqual([await single(first), await single(second)]);
    const told = (body.servers as Entry[]).find(({ id }) => id === tagged.id);
    expect(told).toMatchObject({
      locked: true,
      tags: ['a=b'],
      metadata: { lockSource: 'ORDER' },
      fault: null,
    });
    expect(told?.network_interfaces.map((nic) => [nic.port_id, nic.primary, nic.association])).toEqual([
      [tagged.nics[0]?.id, true, undefined],
      [tagged.nics[1]?.id, false, { public_ip_address: '203.0.113.77' }],
      [tagged.nics[2]?.id, false, undefined],
    ]);
  });

  it('have an entry for an id that does not exist: only id and fault say something', async () => {
    const { bench, entries } = sets();
    const { id, a } = bench.server();
    const gone = bench.server().id;
    bench.control.deleteServer(gone);
    const told = await entries(`server_id=${NOBODY},${id},${gone}`);
    expect(told).toHaveLength(3);
    for (const unknown of told.filter((entry) => entry.id !== id)) {
      const { id: wanted, fault, ...rest } = unknown;
      expect([NOBODY, gone]).toContain(wanted);
      expect(fault).toMatchObject({ code: 404 });
      expect(Object.values(rest).every((value) => value === null)).toBe(true);
      expect(rest).toMatchObject({ status: null, addresses: null, network_interfaces: null, locked: null });
    }
    // Whatever the single detail tells has its key here.
    const known = Object.keys((await bench.detail(id)).body.server as object);
    expect(known.filter((key) => !(key in (told.find((entry) => entry.id === NOBODY) ?? {})))).toEqual([]);
    expect(JSON.stringify(told.find((entry) => entry.id === id))).toContain(a);
  });

  it('ignore other filters, name each server once, and take an empty parameter for none', async () => {
    const { bench, servers } = sets();
    const [one, two] = [bench.server({ name: 'one' }).id, bench.server({ name: 'two' }).id];
    expect(await servers(`server_id=${one},${two}&name=nobody&status=SHUTOFF`)).toEqual(sorted([one, two]));
    expect(await servers(`server_id=${one},${one},`)).toEqual([one]);
    expect(await servers(`server_id=${one}&server_id=${two}`)).toEqual(sorted([one, two]));
    expect(await servers('server_id=&name=two')).toEqual([two]);
  });

  it('come in pages like all servers, unless the knob says otherwise', async () => {
    const { bench, get, servers } = sets();
    const ids = bench.control.createFleet({ servers: 30, nicsPerServer: 1 }).map(({ id }) => id);
    const query = `server_id=${ids.join(',')}`;
    expect(await servers(query)).toEqual(sorted(ids).slice(0, 25));
    expect((await get(query)).body.count).toBe(30);
    expect(await servers(`${query}&limit=100`)).toEqual(sorted(ids));
    bench.control.setKnobs({ serverSetPages: false });
    expect(await servers(`${query}&limit=2`)).toEqual(sorted(ids));
  });
});

describe('all servers of a project', () => {
  it('are walked with limit and marker; an offset is discarded', async () => {
    const { bench, get, servers } = sets();
    const ids = bench.control.createFleet({ servers: 5, nicsPerServer: 2 }).map(({ id }) => id);
    bench.control.deleteServer(bench.server().id);
    expect(await servers('limit=2&offset=2')).toEqual(ids.slice(0, 2));
    expect(await servers(`limit=2&marker=${ids[1]}`)).toEqual(ids.slice(2, 4));
    expect(await servers(`limit=2&marker=${ids[3]}`)).toEqual(ids.slice(4));
    expect(await servers(`limit=2&marker=${ids[4]}`)).toEqual([]);
    expect((await get(`limit=2&marker=${ids[3]}`)).body.count).toBe(5);
    expect(await servers('name=fleet-00002')).toEqual([ids[1]]);
    expect((await get(`marker=${NOBODY}`)).body.error.code).toBe('Ecs.0005');
  });
});

describe('ports by a set', () => {
  it('are those that exist, as the single port is answered; unknown ids are missing', async () => {
    const { bench, ports, portEntries } = sets();
    const [one, two] = [bench.server(), bench.server()];
    const free = bench.freePort({ name: 'free' });
    const ids = [one.primary, two.a, free];
    expect(await ports(repeated('id', [...ids, NOBODY, one.primary]))).toEqual(sorted(ids));
    for (const entry of await portEntries(repeated('id', ids))) {
      expect(entry).toEqual((await bench.port(entry.id)).body.port);
    }
    // Filters count beside ids.
    expect(await ports(`${repeated('id', ids)}&device_id=${two.id}`)).toEqual([two.a]);
    expect(await ports(`${repeated('id', ids)}&name=free`)).toEqual([free]);
    expect(await ports('id=&name=free')).toEqual([free]);
    const [first = '', second, third] = sorted(ids);
    expect(await ports(`${repeated('id', ids)}&limit=1`)).toEqual([first]);
    expect(await ports(`${repeated('id', ids)}&limit=2&marker=${first}`)).toEqual([second, third]);
  });

  it('are listed by version 3, too, by several servers as well, in its own shape', async () => {
    const { bench, v3, portsV3 } = sets();
    const one = bench.control.createServer({ nics: [{ ipv6: '2001:db8::7' }, {}] });
    const [a = '', b = ''] = one.nics.map(({ id }) => id);
    const two = bench.server();
    bench.server();
    const all = sorted([a, b, two.primary, two.a, two.b, two.c]);
    expect(await portsV3(repeated('device_id', [one.id, two.id]))).toEqual(all);
    expect(await portsV3(repeated('id', [two.c, b, NOBODY]))).toEqual(sorted([two.c, b]));
    expect(await portsV3(`${repeated('device_id', [one.id, two.id])}&limit=4`)).toEqual(all.slice(0, 4));
    const next = await v3(`${repeated('device_id', [one.id, two.id])}&limit=4&marker=${all[3]}`);
    expect(next.body).toMatchObject({
      ports: all.slice(4).map((id) => ({ id })),
      page_info: { current_count: 2, previous_marker: all[4] },
      request_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const [port] = (await v3(`id=${a}`)).body.ports;
    const single = (await bench.port(a)).body.port as {
      fixed_ips: { subnet_id: string; ip_address: string }[];
    };
    expect(port).toMatchObject({
      ...{ id: a, device_id: one.id, vpc_id: one.vpcId, virsubnet_id: one.nics[0]?.networkId },
      ...{ admin_state_up: true, mac_address: one.nics[0]?.mac, project_id: bench.project },
      private_ips: single.fixed_ips.map(({ subnet_id, ip_address }) => ({
        subnet_cidr_id: subnet_id,
        ip_address,
      })),
      'binding:vif_details': { primary_interface: true },
    });
    for (const key of ['fixed_ips', 'network_id']) expect(port).not.toHaveProperty(key);
  });
});
