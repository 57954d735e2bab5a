/** Reads of servers and of ports by sets (docs/cloud-api.md §3.6, §4.2), and the ledger about them. */
import { describe, expect, it } from 'vitest';
import type { Entry } from './sets-support';
import { NOBODY, repeated, sets, sorted } from './sets-support';

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
    expect(await servers(`${query}&marker=${sorted(ids)[24]}`)).toEqual(sorted(ids).slice(25));
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
    // The last one of a page may be gone before the next page is asked for.
    bench.control.deleteServer(ids[1] ?? '');
    expect(await servers(`limit=2&marker=${ids[1]}`)).toEqual(ids.slice(2, 4));
    expect(await servers(`marker=${ids[1]}&name=fleet-00005`)).toEqual([ids[4]]);
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
