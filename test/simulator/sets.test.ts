/** Reads of servers and ports by sets (docs/cloud-api.md §3.6, §4.2), and what may go wrong with them. */
import { describe, expect, it } from 'vitest';
import type { Knobs } from '../../simulator';
import { mostWithin } from '../../simulator';
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

describe('what is unproven about sets, as knobs', () => {
  it.each([
    ['all', [0, 1, 2]],
    ['first', [0]],
    ['last', [2]],
  ] as const)('of several ids %s are honoured', async (which, expected) => {
    const { bench, servers, ports, portsV3 } = sets({ serverIdsHonoured: which, portIdsHonoured: which });
    const made = [bench.server(), bench.server(), bench.server()];
    const ids = made.map(({ id }) => id);
    const nics = made.map(({ a }) => a);
    const chosen = (all: readonly string[]) => sorted(expected.map((i) => all[i] ?? ''));
    expect(await servers(`server_id=${ids.join(',')}`)).toEqual(chosen(ids));
    expect(await servers(repeated('server_id', ids))).toEqual(chosen(ids));
    expect(await ports(repeated('id', nics))).toEqual(chosen(nics));
    expect(await portsV3(repeated('id', nics))).toEqual(chosen(nics));
    expect(await portsV3(`${repeated('device_id', ids)}&limit=1`)).toHaveLength(1);
    const [first, last] = [made[0], made[2]];
    const owners = which === 'all' ? made : which === 'first' ? [first] : [last];
    const all = owners.flatMap((server) => (server ? [server.primary, server.a, server.b, server.c] : []));
    expect(await portsV3(repeated('device_id', ids))).toEqual(sorted(all));
  });

  it('several ids are refused, a single one is not; each knob is about its own call', async () => {
    const { bench, get, v3, servers, ports, portsV3 } = sets({ serverIdsHonoured: 'refused' });
    const [one, two] = [bench.server(), bench.server()];
    const refused = await get(`server_id=${one.id},${two.id}`);
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'Ecs.0005' } } });
    expect(await servers(`server_id=${one.id}`)).toEqual([one.id]);
    const pair = repeated('id', [one.a, two.a]);
    expect(await ports(pair)).toEqual(sorted([one.a, two.a]));

    bench.control.setKnobs({ serverIdsHonoured: 'all', portIdsHonoured: 'refused' });
    expect(await servers(`server_id=${one.id},${two.id}`)).toHaveLength(2);
    expect(await bench.call('GET', `/ports?${pair}`)).toMatchObject({
      status: 400,
      body: { code: 'VPC.0002' },
    });
    expect(await v3(pair)).toMatchObject({
      status: 400,
      body: { error_code: 'VPC.0002', request_id: expect.any(String) },
    });
    expect(await ports(`id=${one.a}`)).toEqual([one.a]);
    expect(await portsV3(`id=${one.a}`)).toEqual([one.a]);
  });

  it('server ids are understood in both forms, or in one of them', async () => {
    const { bench, entries, servers } = sets();
    const [a, b] = [bench.server().id, bench.server().id];
    const [commas, twice] = [`server_id=${a},${b}`, `server_id=${a}&server_id=${b}`];
    expect([await servers(commas), await servers(twice)]).toEqual([sorted([a, b]), sorted([a, b])]);
    bench.control.setKnobs({ serverIdsForm: 'comma' });
    expect([await servers(commas), await servers(twice)]).toEqual([sorted([a, b]), [a]]);
    bench.control.setKnobs({ serverIdsForm: 'repeated' });
    expect(await servers(twice)).toEqual(sorted([a, b]));
    expect(await entries(commas)).toMatchObject([{ id: `${a},${b}`, status: null, fault: { code: 404 } }]);
  });

  it('lists mark the primary NIC, or leave the mark out; single reads have it anyway', async () => {
    const { bench, entries, portEntries, v3 } = sets();
    const server = bench.server();
    const marks = async () => {
      const [entry] = await entries(`server_id=${server.id}`);
      const addresses = Object.values(entry?.addresses ?? {}).flat();
      const [port] = await portEntries(`id=${server.primary}`);
      const [portV3] = (await v3(`id=${server.primary}`)).body.ports;
      return [
        addresses.map(({ primary }) => primary),
        entry?.network_interfaces.map(({ primary }) => primary),
        port?.['binding:vif_details'].primary_interface,
        portV3?.['binding:vif_details'].primary_interface,
      ];
    };
    const one = [true, false, false, false];
    const none = [undefined, undefined, undefined, undefined];
    expect(await marks()).toEqual([one, one, true, true]);
    bench.control.setKnobs({ serverListPrimary: false });
    expect(await marks()).toEqual([none, none, true, true]);
    bench.control.setKnobs({ portListPrimary: false });
    expect(await marks()).toEqual([none, none, undefined, undefined]);
    const detail = (await bench.detail(server.id)).body.server as Entry;
    expect(detail.network_interfaces.map(({ primary }) => primary)).toEqual(one);
    expect((await bench.port(server.primary)).body.port['binding:vif_details'].primary_interface).toBe(true);
  });
});

describe('sets that lag behind', () => {
  it('show NICs that single reads no longer show, and ports that are gone, for so long', async () => {
    const { bench, entries, ports, last } = sets({ setLagSeconds: 5 });
    const { id, primary, a, b, c } = bench.server();
    await bench.deleteNics(id, [a, b]);
    const seen = async () => {
      const [entry] = await entries(`server_id=${id}`);
      return entry?.network_interfaces.map(({ port_id }) => port_id);
    };
    bench.advance(13);
    expect(await bench.listed(id)).toEqual([primary, c]);
    expect((await bench.port(a)).status).toBe(404);
    expect(await seen()).toEqual([primary, a, b, c]);
    expect(last()).toMatchObject({ shows: bench.simulator.clock.now() - 5_000 });
    expect(await ports(repeated('id', [a, primary]))).toEqual(sorted([a, primary]));
    expect(await ports(`device_id=${id}`)).toHaveLength(4);
    bench.advance(4);
    expect(await seen()).toEqual([primary, c]);
    expect(await ports(repeated('id', [a, primary]))).toEqual([primary]);
  });

  it('show a new NIC late, wherever it comes from', async () => {
    const { bench, entries, ports } = sets({ setLagSeconds: 5 });
    const { id } = bench.server();
    const kept = bench.freePort();
    bench.advance(60);
    const made = bench.control.attachNic(id).id;
    await bench.attachNics(id, [{ port_id: kept }]);
    const shown = async () => JSON.stringify(await entries(`server_id=${id}`));
    expect(await bench.listed(id)).toContain(made);
    expect(await shown()).not.toContain(made);
    expect(await ports(repeated('id', [made, kept]))).toEqual([kept]);
    bench.advance(5);
    expect(await shown()).toContain(made);
    bench.advance(8);
    expect(await bench.listed(id)).toContain(kept);
    expect(await shown()).not.toContain(kept);
    bench.advance(5);
    expect(await shown()).toContain(kept);
  });

  it('show everything else as it was then, too: states, names, elastic IPs, servers that are gone', async () => {
    const { bench, entries, portEntries } = sets({ setLagSeconds: 5, taskStateDuringJob: 'detaching' });
    const server = bench.control.createServer({ nics: [{}, { elasticIp: '203.0.113.1' }, {}] });
    const [, nic = '', other = ''] = server.nics.map(({ id }) => id);
    bench.advance(60);
    bench.control.patchServer(server.id, { locked: true });
    bench.control.patchPort(nic, { name: 'theirs', deleteOnTermination: false });
    bench.control.bindElasticIp('203.0.113.1', other);
    const seen = async () => {
      const [entry] = await entries(`server_id=${server.id}`);
      const [port] = await portEntries(`id=${nic}`);
      const bound = entry?.network_interfaces?.find(({ association }) => association);
      return { ...entry, bound: bound?.port_id, port };
    };
    expect((await bench.detail(server.id)).body.server.locked).toBe(true);
    expect(await seen()).toMatchObject({ locked: false, bound: nic, port: { name: '' } });
    bench.advance(5);
    expect(await seen()).toMatchObject({ locked: true, bound: other, port: { name: 'theirs' } });

    bench.control.patchServer(server.id, { locked: false });
    await bench.deleteNics(server.id, [nic]);
    expect((await bench.detail(server.id)).body.server['OS-EXT-STS:task_state']).toBe('detaching');
    expect(await seen()).toMatchObject({ 'OS-EXT-STS:task_state': null });
    bench.advance(5);
    expect(await seen()).toMatchObject({ 'OS-EXT-STS:task_state': 'detaching' });

    bench.control.deleteServer(server.id);
    expect((await bench.detail(server.id)).status).toBe(404);
    expect(await seen()).toMatchObject({ status: 'ACTIVE' });
    bench.advance(5);
    expect(await seen()).toMatchObject({ status: null });
  });

  it('come on top of the lag that single reads have', async () => {
    const { bench, ports } = sets({ setLagSeconds: 5, lagSeconds: 10 });
    const { id, a } = bench.server();
    await bench.deleteNics(id, [a]);
    bench.advance(12 + 10);
    expect((await bench.port(a)).status).toBe(404);
    expect(await ports(`id=${a}`)).toEqual([a]);
    bench.advance(5);
    expect(await ports(`id=${a}`)).toEqual([]);
  });

  it('are those that the knob names; a search by name is no set', async () => {
    const { bench, servers, ports } = sets({ setLagSeconds: 5, setLagIn: ['servers'] });
    const { id, a } = bench.server();
    bench.advance(60);
    bench.control.patchPort(a, { name: 'new' });
    bench.control.patchServer(id, { name: 'new' });
    expect([await servers('name=new'), await ports(`id=${a}&name=new`)]).toEqual([[], [a]]);
    bench.control.setKnobs({ setLagIn: ['ports'] });
    expect([await servers('name=new'), await ports(`id=${a}&name=new`)]).toEqual([[id], []]);
    expect(await ports('name=new')).toEqual([a]);
  });
});

describe('an answer without an entry that exists', () => {
  it('lacks the one named, so many times, and nothing of unknown ids', async () => {
    const { bench, servers, ports, last } = sets();
    const [one, two] = [bench.server(), bench.server()];
    const query = `server_id=${one.id},${two.id},${NOBODY}`;
    bench.control.addFault({ what: { kind: 'lost-entry', entry: one.id }, times: 2 });
    // An answer that has no such entry is no occasion.
    expect(await servers(`server_id=${two.id}`)).toEqual([two.id]);
    expect(await servers(query)).toEqual(sorted([two.id, NOBODY]));
    expect(last()).toMatchObject({ missing: [one.id, NOBODY], asked: [one.id, two.id, NOBODY] });
    expect(await servers(query)).toHaveLength(2);
    expect(await servers(query)).toHaveLength(3);

    bench.control.addFault({ what: { kind: 'lost-entry', entry: one.b }, times: 1 });
    expect(await ports('name=nothing')).toEqual([]);
    expect(await ports(repeated('id', [one.a, one.b]))).toEqual([one.a]);
    expect(await ports(repeated('id', [one.a, one.b]))).toHaveLength(2);
  });

  it('lacks one that the seed draws, of servers or of ports, the same each time', async () => {
    const lost = async (seed: number) => {
      const bench = new Bench({ seed });
      const ids = bench.control.createFleet({ servers: 20, nicsPerServer: 1, seed: 1 }).map(({ id }) => id);
      bench.control.addFault({ what: { kind: 'lost-entry' } });
      const draws: number[] = [];
      for (let i = 0; i < 20; i++) {
        const { body } = await bench.call('GET', `/cloudservers/detail?server_id=${ids.join(',')}`);
        const told = (body.servers as Entry[]).map(({ id }) => id);
        expect(told).toHaveLength(19);
        draws.push(ids.findIndex((id) => !told.includes(id)));
      }
      return draws;
    };
    const first = await lost(1);
    expect(new Set(first).size).toBeGreaterThan(5);
    expect(await lost(1)).toEqual(first);
    expect(await lost(2)).not.toEqual(first);
  });
});

describe('the ledger about sets', () => {
  it('has one request for a set, with the ids asked for, and tells it of each server', async () => {
    const { bench, get, ports, portsV3 } = sets();
    const [one, two, three] = [bench.server(), bench.server(), bench.server()];
    await get(`server_id=${one.id},${two.id}`);
    await ports(repeated('id', [one.a, two.a, NOBODY]));
    await portsV3(repeated('device_id', [two.id, three.id]));
    await get('limit=2');
    const { ledger } = bench.simulator;
    expect(ledger.requests).toMatchObject([
      { requestClass: 'servers', asked: [one.id, two.id], serverIds: [one.id, two.id], status: 200 },
      {
        requestClass: 'ports',
        asked: [one.a, two.a, NOBODY],
        serverIds: [one.id, two.id],
        missing: [NOBODY],
      },
      { requestClass: 'ports', serverIds: [two.id, three.id] },
      { requestClass: 'servers' },
    ]);
    expect(ledger.requests[3]?.asked).toBeUndefined();
    expect(ledger.summary().requests).toEqual({ servers: 2, ports: 2 });
    const seqs = (id: string) => ledger.forServer(id).requests.map(({ seq }) => seq);
    expect([seqs(one.id), seqs(two.id), seqs(three.id)]).toEqual([[0, 1], [0, 1, 2], [2]]);
    expect(ledger.requests.map((request) => request.reads(one.a))).toEqual([false, true, false, false]);
  });

  it('keeps the ids of a set that was refused or got no answer', async () => {
    const { bench, get, ports } = sets({ deniedActions: ['ecs:cloudServers:listServersDetails'] });
    const [one, two] = [bench.server(), bench.server()];
    expect((await get(`server_id=${one.id},${two.id}`)).body.error.code).toBe('Pdp.0001');
    bench.control.addFault({ match: { class: 'ports' }, what: { kind: 'drop' }, times: 1 });
    await expect(ports(repeated('id', [one.a, two.a]))).rejects.toMatchObject({ code: 'LIGHT_ECONNRESET' });
    expect(bench.simulator.ledger.requests).toMatchObject([
      { asked: [one.id, two.id], status: 403 },
      { asked: [one.a, two.a], status: 0 },
    ]);
  });

  it('has no violation when a set names the primary NIC', async () => {
    const { bench, ports } = sets();
    const server = bench.server();
    await ports(repeated('id', [server.a, server.primary, server.b]));
    await bench.deleteNics(server.id, [server.a]);
    expect(bench.control.invariants()).toEqual([]);
  });

  it('strikes a set with faults of any server it is about', async () => {
    const { bench, get } = sets();
    const [one, two, three] = [bench.server(), bench.server(), bench.server()];
    const fault = { match: { class: 'servers', serverId: two.id }, times: 1 } as const;
    bench.control.addFault({ ...fault, what: { kind: 'status', status: 503 } });
    expect((await get(`server_id=${one.id},${three.id}`)).status).toBe(200);
    expect((await get(`server_id=${one.id},${two.id}`)).status).toBe(503);
    bench.control.addFault({ ...fault, what: { kind: 'meanwhile', change: { locked: true } } });
    await get(`server_id=${one.id},${two.id}`);
    expect([one, two].map(({ id }) => bench.control.server(id).locked)).toEqual([false, true]);
  });
});

describe('the quota of an account', () => {
  it('takes so many calls in any window over all APIs and projects, and names the wait', async () => {
    const other = 'ffffffffffffffffffffffffffffffff';
    const bench = new Bench({ knobs: { accountQuota: { calls: 3, seconds: 1 } }, otherProjects: [other] });
    const server = bench.server();
    const elsewhere = async () =>
      (await bench.simulator.app.inject({ method: 'GET', url: `/v1/${other}/ports` })).statusCode;
    const detail = () => bench.detail(server.id);
    expect((await detail()).status).toBe(200);
    bench.advance(0.5);
    expect((await bench.port(server.a)).status).toBe(200);
    expect(await elsewhere()).toBe(200);
    const refused = await detail();
    expect(refused).toMatchObject({ status: 429, body: { error_code: 'APIGW.0308' } });
    expect(refused.body.error_msg).toContain('limit:3,time:1 second');
    expect(refused.headers['retry-after']).toBe('1');
    // The first call leaves the window; those refused were never in it.
    bench.advance(0.5);
    expect([(await detail()).status, (await detail()).status]).toEqual([200, 429]);
    bench.advance(0.5);
    expect([(await detail()).status, await elsewhere(), (await detail()).status]).toEqual([200, 200, 429]);

    const { requests } = bench.simulator.ledger;
    const taken = requests.filter(({ status }) => status !== 429);
    expect([taken.length, requests.length - taken.length]).toEqual([6, 3]);
    expect(mostWithin(taken, 1_000)).toBe(3);
    expect(mostWithin(requests, 1_000)).toBe(5);
  });

  it('names the wait that the knob says, or none, and can be lowered and lifted', async () => {
    const bench = new Bench({ knobs: { accountQuota: { calls: 2, seconds: 10, retryAfter: 7 } } });
    const server = bench.server();
    const wait = async () => {
      const { status, headers } = await bench.detail(server.id);
      return status === 429 ? headers['retry-after'] : status;
    };
    expect([await wait(), await wait(), await wait()]).toEqual([200, 200, '7']);
    bench.control.setKnobs({ accountQuota: { calls: 2, seconds: 10, retryAfter: null } });
    expect(await wait()).toBeUndefined();
    bench.control.setKnobs({ accountQuota: { calls: 1, seconds: 10 } });
    bench.advance(3.5);
    expect(await wait()).toBe('7');
    bench.control.setKnobs({ accountQuota: null });
    expect(await wait()).toBe(200);
    bench.control.reset();
    expect(bench.simulator.ledger.requests).toEqual([]);
  });

  it('is measured as the most calls that begin in any window, its end excluded', () => {
    const at = (...times: number[]) => times.map((time) => ({ at: time }));
    expect(mostWithin([], 1_000)).toBe(0);
    expect(mostWithin(at(0, 999, 1_000, 1_998), 1_000)).toBe(3);
    expect(mostWithin(at(2_000, 0, 1_000), 1_000)).toBe(1);
    expect(mostWithin(at(5, 5, 5, 5_000), 1)).toBe(3);
  });
});
