/** What nobody has proved of reads by sets: each way that the real cloud may take (docs/cloud-api.md §3.6, §4.2). */
import { describe, expect, it } from 'vitest';
import { Bench } from './support';
import type { Entry } from './sets-support';
import { NOBODY, repeated, sets, sorted } from './sets-support';

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
