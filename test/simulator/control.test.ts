import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deletionsPerNic, invariants } from '../../simulator';
import type { LedgerView } from '../../simulator';
import { Bench } from './support';

// The control interface as a program in another language sees it.
const bench = new Bench({ servers: [{ name: 'first' }] });
let url: string;
beforeAll(async () => {
  url = await bench.simulator.listen();
});
afterAll(() => bench.simulator.close());

async function sim(method: string, path: string, body?: unknown) {
  const answer = await fetch(`${url}/_sim${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();

  return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
}

describe('the control interface', () => {
  it('creates, shows, changes and deletes servers', async () => {
    const made = await sim('POST', '/servers', {
      id: '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11',
      name: 'web-01',
      nics: [{ ip: '10.1.0.200' }, { mac: 'fa:16:3e:aa:bb:cc', deleteOnTermination: false }],
      jobSeconds: 3,
    });
    expect(made.status).toBe(201);
    expect(made.body.nics).toMatchObject([
      { ip: '10.1.0.200', primary: true },
      { mac: 'fa:16:3e:aa:bb:cc', primary: false, deleteOnTermination: false },
    ]);
    const path = `/servers/${made.body.id}`;
    expect((await sim('PATCH', path, { locked: true })).body.locked).toBe(true);
    expect((await sim('GET', path)).body).toMatchObject({ name: 'web-01', locked: true, status: 'ACTIVE' });
    const nic = await sim('POST', `${path}/nics`, {});
    expect(nic.status).toBe(201);
    expect((await sim('DELETE', `${path}/nics/${nic.body.id}`)).status).toBe(204);
    expect((await sim('GET', '/servers')).body.servers).toHaveLength(2);
    expect((await sim('DELETE', path)).status).toBe(204);
    expect((await sim('GET', path)).body.deleted).toBe(true);
  });

  it('names what is wrong with a call', async () => {
    const wrong = await sim('POST', '/servers', { nics: 13, colour: 'red' });
    expect(wrong.status).toBe(400);
    expect(wrong.body.error).toContain('colour');
    expect(wrong.body.error).toContain('nics');
    expect((await sim('GET', '/servers/none')).status).toBe(404);
    expect((await sim('GET', '/nothing')).status).toBe(404);
    expect((await sim('PATCH', '/knobs', { jobsSeconds: 1 })).body.error).toContain('jobsSeconds');
    const before = (await sim('GET', '/servers')).body.servers.length as number;
    const taken = await sim('POST', '/servers', { nics: [{ ip: '10.2.0.250' }, { ip: '10.2.0.250' }] });
    expect(taken).toMatchObject({ status: 409, body: { error: 'the address 10.2.0.250 is in use' } });
    expect((await sim('GET', '/servers')).body.servers).toHaveLength(before);
  });

  it('does to ports and elastic IPs what others might do', async () => {
    const { id, nics } = (await sim('POST', '/servers', { nics: 2 })).body;
    const nic = nics[1].id as string;
    const changes = { securityGroups: ['sg-9'], portSecurity: false, deleteOnTermination: false };
    expect((await sim('PATCH', `/ports/${nic}`, changes)).status).toBe(200);
    const elasticIp = (await sim('POST', '/elastic-ips', { address: '203.0.113.50' })).body;
    expect(elasticIp).toMatchObject({ address: '203.0.113.50', portId: '' });
    const bind = (portId: string | null) => sim('PATCH', `/elastic-ips/${elasticIp.id}`, { portId });
    expect((await bind(nic)).body.portId).toBe(nic);
    expect((await sim('GET', '/elastic-ips')).body.elasticIps).toMatchObject([{ portId: nic }]);
    expect((await sim('GET', `/servers/${id}/state`)).body).toMatchObject({
      serverId: id,
      nics: [{ position: 0 }, { id: nic, ...changes, elasticIp: '203.0.113.50', position: 1 }],
    });
    expect((await bind(null)).body.portId).toBe('');
    expect((await bind('none')).status).toBe(404);

    expect((await sim('DELETE', `/ports/${nic}`)).status).toBe(409);
    const [one, two] = [(await sim('POST', '/ports', {})).body, (await sim('POST', '/ports', {})).body];
    expect((await sim('DELETE', `/ports/${one.id}`)).status).toBe(204);
    expect((await sim('DELETE', `/ports/${one.id}`)).status).toBe(404);
    const elsewhere = await sim('POST', `/ports/${two.id}/attach-elsewhere`);
    expect(elsewhere.status).toBe(201);
    expect((elsewhere.body.nics as { id: string }[]).map((row) => row.id)).toContain(two.id);
    const servers = async () => ((await sim('GET', '/servers')).body.servers as unknown[]).length;
    const before = await servers();
    expect((await sim('POST', `/ports/${two.id}/attach-elsewhere`)).status).toBe(409);
    expect(await servers()).toBe(before);
    expect((await sim('DELETE', `/servers/${elsewhere.body.id}`)).status).toBe(204);
    expect((await sim('DELETE', `/servers/${id}`)).status).toBe(204);
    const kinds = bench.simulator.ledger.effects
      .filter(({ portId }) => portId === nic)
      .map(({ kind }) => kind);
    expect(kinds).toEqual([
      ...['port-updated', 'flag-changed', 'elastic-ip-bound', 'elastic-ip-unbound', 'nic-detached'],
    ]);
  });

  it('sets knobs and faults, moves the clock, tells the truth', async () => {
    const { id, nics } = (await sim('POST', '/servers', { nics: 3 })).body;
    expect((await sim('PATCH', '/knobs', { jobSeconds: 20 })).body.jobSeconds).toBe(20);
    const fault = { match: { class: 'delete' }, what: { kind: 'no-job-id' }, times: 1 };
    expect((await sim('POST', '/faults', fault)).status).toBe(201);
    expect((await sim('GET', '/faults')).body.faults).toMatchObject([{ struck: 0 }]);
    expect((await bench.deleteNics(id as string, [nics[1].id as string])).body).toEqual({});
    expect((await sim('DELETE', '/faults')).status).toBe(204);
    const before = Date.parse((await sim('GET', '/health')).body.now as string);
    const after = Date.parse((await sim('POST', '/clock/advance', { ms: 20_000 })).body.now as string);
    expect(after - before).toBe(20_000);
    const truth = (await sim('GET', `/truth/${id}`)).body;
    expect(truth).toMatchObject({ exists: true, busy: false });
    expect((truth.nics as { state: string }[]).map((nic) => nic.state)).toEqual([
      'on-server',
      'port-gone',
      'on-server',
    ]);
    const ledger = (await sim('GET', `/ledger?serverId=${id}`)).body;
    expect(ledger.requests).toMatchObject([
      { class: 'delete', accepted: true, nicIds: [nics[1].id], status: 200 },
    ]);
    expect(ledger.effects).toHaveLength(2);
    expect((await sim('GET', '/invariants')).body).toEqual({ ok: true, violations: [] });
  });

  it('resets to the beginning: the same servers with the same ids', async () => {
    const names = async () =>
      ((await sim('GET', '/servers')).body.servers as { name: string }[]).map((server) => server.name);
    const [first] = (await sim('GET', '/servers')).body.servers;
    expect((await sim('POST', '/reset')).status).toBe(204);
    expect(await names()).toEqual(['first']);
    expect((await sim('GET', '/servers')).body.servers[0].id).toBe(first.id);
    expect((await sim('GET', '/ledger')).body).toMatchObject({ requests: [], effects: [], jobs: [] });
    expect((await sim('GET', '/knobs')).body.jobSeconds).toBe(12);
  });
});

describe('a fleet', () => {
  it('has the same ids for the same seed, in every process', () => {
    const ids = (seed: number) =>
      new Bench().control
        .createFleet({ servers: 3, nicsPerServer: 2, seed })
        .flatMap((server) => [server.id, ...server.nics.map((nic) => nic.id)]);
    expect(ids(5)).toEqual(ids(5));
    expect(new Set([...ids(5), ...ids(6)]).size).toBe(18);
    expect(ids(5)[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('of 10,000 servers has no id and no address twice', () => {
    const servers = new Bench().control.createFleet({ servers: 10_000, nicsPerServer: 4 });
    const nics = servers.flatMap((server) => server.nics);
    expect(new Set(nics.map((nic) => nic.id)).size).toBe(40_000);
    expect(new Set(nics.map((nic) => nic.ip)).size).toBe(40_000);
    expect(new Set(nics.map((nic) => nic.mac)).size).toBe(40_000);
  });
});

describe('the invariants', () => {
  const view = (part: Partial<LedgerView>): LedgerView => ({ requests: [], effects: [], jobs: [], ...part });
  const detached = { at: 1, kind: 'nic-detached', portId: 'p', serverId: 's', by: 'job' } as const;
  const attached = { ...detached, kind: 'nic-attached' } as const;

  it('see a NIC deleted twice, unless it was put back between', () => {
    expect(invariants(view({ effects: [detached, detached] }))).toMatchObject([
      { rule: 'one-effective-deletion', serverId: 's' },
    ]);
    expect(invariants(view({ effects: [detached, attached, detached] }))).toEqual([]);
    expect(deletionsPerNic(view({ effects: [detached, detached] })).get('p')).toBe(2);
  });

  it('see a NIC attached twice by jobs, unless it came off between', () => {
    expect(invariants(view({ effects: [attached, attached] }))).toMatchObject([
      { rule: 'attach-once', serverId: 's' },
    ]);
    expect(invariants(view({ effects: [attached, detached, attached] }))).toEqual([]);
    const others = { ...attached, by: 'control' } as const;
    expect(invariants(view({ effects: [others, attached] }))).toHaveLength(1);
    expect(invariants(view({ effects: [attached, others] }))).toEqual([]);
    expect(invariants(view({ effects: [attached, { ...attached, portId: 'q' }] }))).toEqual([]);
  });

  it('see an attachment accepted while a deletion ran', () => {
    const times = { serverId: 's', nicIds: [], acceptedAt: 0, endsAt: 10 };
    const jobs = [
      { ...times, jobId: 'a', what: 'delete' as const },
      { ...times, jobId: 'b', what: 'attach' as const, acceptedAt: 9, endsAt: 20 },
    ];
    expect(invariants(view({ jobs }))).toMatchObject([{ rule: 'one-job-at-a-time' }]);
  });

  it('see a job accepted while another ran', () => {
    const job = (jobId: string, acceptedAt: number, endsAt: number | null) => ({
      ...{ jobId, what: 'delete' as const, serverId: 's', nicIds: [], acceptedAt, endsAt },
    });
    expect(invariants(view({ jobs: [job('a', 0, 10), job('b', 10, 20)] }))).toEqual([]);
    expect(invariants(view({ jobs: [job('a', 0, 10), job('b', 9, 20)] }))).toHaveLength(1);
    expect(invariants(view({ jobs: [job('a', 0, null), job('b', 99, 100)] }))).toHaveLength(1);
  });
});
