/** What the reads make of everything the cloud may answer. */
import type { FaultSpec } from '../../simulator';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { CloudActivities, Inspection, Reading } from '../../src/activities/agreement';
import { call, createBench, environmentOf, RUN } from './support';

const bench = createBench();
const { control, ledger } = bench.simulator;
let activities: CloudActivities;
let origin: string;
beforeAll(async () => {
  origin = await bench.simulator.listen();
});
// A throttled answer would hold up the calls of the next test.
beforeEach(() => {
  activities = bench.activitiesAt(origin);
});
afterEach(() => control.clearFaults());
afterAll(() => bench.simulator.close());

const VPC_404 = {
  kind: 'answer',
  status: 404,
  body: { code: 'VPC.2502', message: 'Port could not be found.' },
} as const;

describe('inspectServer', () => {
  const inspect = async (serverId: string, nicIds: string[] = []): Promise<Inspection> => {
    const result = await call(activities, 'inspectServer', { serverId, nicIds, previousRunOf: null });
    if (result.kind !== 'inspection') throw new Error(result.kind);
    return result;
  };

  it('asks for the port of every NIC, those that stay, too, with one call', async () => {
    const server = bench.createServer({ nics: 6 });
    const before = ledger.requests.length;
    const result = await inspect(server.id, [server.nics[3]!]);
    const requests = ledger.requests.slice(before);
    expect(requests.map(({ requestClass }) => requestClass)).toEqual([
      'detail',
      'elastic-ips',
      'list',
      'ports',
    ]);
    expect(requests[3]?.asked).toEqual(server.nics);
    expect(result.primary).toEqual({
      detail: [server.nics[0]],
      ports: [server.nics[0]],
      portsDeny: result.primary.portsDeny,
    });
    expect(result.primary.portsDeny).not.toContain(server.nics[0]);
  });

  it('tells how long a long job takes once the worker has seen some', async () => {
    const server = bench.createServer({ nics: 7, jobSeconds: 0 });
    expect((await inspect(server.id)).longJobMs).toBeNull();
    for (const nicId of server.nics.slice(1, 6)) {
      const input = { serverId: server.id, nicIds: [nicId], originalRunId: RUN.runId };
      const answer = await call(activities, 'deleteNics', input);
      if (answer.kind !== 'accepted') throw new Error(answer.kind);
      await call(activities, 'getJobStatus', { jobId: answer.jobId });
    }
    expect((await inspect(server.id)).longJobMs).toBe(0);
  });

  it('tells where a NIC is that is not on the server', async () => {
    const server = bench.createServer();
    const other = bench.createServer();
    const { absent } = await inspect(server.id, [other.nics[1]!]);
    expect(absent).toEqual([{ id: other.nics[1], port: { state: 'attached', deviceId: other.id } }]);
  });

  it('a port that does not exist is absent, not an error', async () => {
    const server = bench.createServer();
    control.setKnobs({ portIdsHonoured: 'refused' });
    onTestFinished(() => void control.setKnobs({ portIdsHonoured: 'all' }));
    bench.fault({ match: { class: 'port' }, what: VPC_404 });
    const { nics, primary } = await inspect(server.id);
    expect(nics.map(({ port }) => port.state)).toEqual(['absent', 'absent', 'absent']);
    expect(primary.ports).toEqual([]);
  });

  it('a port that cannot be read fails the inspection: guards need every witness', async () => {
    const server = bench.createServer();
    bench.fault({ match: { class: 'ports' }, what: { kind: 'status', status: 500 }, times: 1 });
    await expect(inspect(server.id)).rejects.toMatchObject({ type: 'CloudUnavailable', nonRetryable: false });
  });

  it('refused credentials at the ports are one refusal, not one for each of them', async () => {
    const server = bench.createServer({ nics: 12 });
    const body = { error_code: 'APIGW.0301', error_msg: 'verify aksk signature fail' };
    bench.fault({ match: { class: ['port', 'ports'] }, what: { kind: 'answer', status: 401, body } });
    const before = ledger.requests.length;
    await expect(inspect(server.id)).rejects.toMatchObject({ type: 'CredentialsRefused' });
    expect(ledger.requests.slice(before).map(({ status }) => status)).toEqual([200, 200, 200, 401]);
  });

  it('being throttled is a value, with the pause asked for', async () => {
    const server = bench.createServer();
    bench.fault({
      match: { class: 'detail', serverId: server.id },
      what: { kind: 'throttled', retryAfter: 3 },
      times: 1,
    });
    const input = { serverId: server.id, nicIds: [], previousRunOf: null };
    expect(await call(activities, 'inspectServer', input)).toMatchObject({
      kind: 'throttled',
      retryAfterMs: 3_000,
      code: expect.stringContaining('0308'),
    });
  });

  it('reads locks, tasks and elastic IPs', async () => {
    const nics = [{ primary: true }, { elasticIp: '203.0.113.77' }];
    const server = bench.createServer({ nics, locked: true, taskState: 'powering-off', status: 'SHUTOFF' });
    const result = await inspect(server.id);
    expect(result.server).toMatchObject({ status: 'SHUTOFF', taskState: 'powering-off', locked: true });
    expect(result.nics.map(({ elasticIp }) => elasticIp)).toEqual([null, '203.0.113.77']);
  });

  it('a cancellation ends it at once', async () => {
    const server = bench.createServer();
    bench.fault({
      match: { class: 'detail', serverId: server.id },
      what: { kind: 'delay', ms: 60_000 },
      times: 1,
    });
    const environment = environmentOf();
    const input = { serverId: server.id, nicIds: [], previousRunOf: null };
    const asked = call(activities, 'inspectServer', input, environment);
    setTimeout(() => environment.cancel(), 100);
    await expect(asked).rejects.toMatchObject({ name: 'CancelledFailure' });
  });
});

/** Three servers are inspected at once: the first one is read alone, the others by a set. */
describe('inspectServer for a plan', () => {
  const nics = [{ primary: true }, { deleteOnTermination: false }, {}];
  const servers = () => Array.from({ length: 3 }, () => bench.createServer({ nics }));

  async function plan(
    all: { id: string }[],
    { bySets = true, nicIds = [] }: { bySets?: boolean; nicIds?: string[] } = {},
  ) {
    const before = ledger.requests.length;
    const inspections = await Promise.all(
      all.map(({ id }, n) => {
        const input = { serverId: id, nicIds: n === 1 ? nicIds : [], previousRunOf: null, bySets };
        return call(activities, 'inspectServer', input) as Promise<Inspection>;
      }),
    );
    const requests = ledger.requests.slice(before);
    const listed = all.map(
      ({ id }) => requests.filter((each) => each.requestClass === 'list' && each.serverId === id).length,
    );
    return { inspections, requests, listed };
  }

  it('does without the NIC list where a set tells all, and says that it has not read the flags', async () => {
    const all = servers();
    const { inspections, requests, listed } = await plan(all);
    expect(listed).toEqual([1, 0, 0]);
    expect(requests.map(({ requestClass }) => requestClass).sort()).toEqual([
      ...['detail', 'elastic-ips', 'elastic-ips', 'list', 'ports', 'ports', 'servers'],
    ]);
    expect(inspections.map(({ flagsUnread }) => flagsUnread)).toEqual([undefined, true, true]);
  });

  it('tells the same as by the list, but for the flags', async () => {
    const all = servers();
    const { inspections: bySets } = await plan(all);
    const { inspections: byLists, listed } = await plan(all, { bySets: false });
    expect(listed).toEqual([1, 1, 1]);
    const withoutFlags = (inspection: Inspection) => ({
      ...inspection,
      flagsUnread: undefined,
      nics: inspection.nics.map((nic) => ({
        ...nic,
        snapshot: { ...nic.snapshot, deleteOnTermination: null },
      })),
    });
    expect(bySets.map(withoutFlags)).toEqual(byLists.map(withoutFlags));
    const flags = ({ nics: seen }: Inspection) => seen.map(({ snapshot }) => snapshot.deleteOnTermination);
    expect(flags(bySets[2]!)).toEqual([null, null, null]);
    expect(flags(byLists[2]!)).toEqual([true, false, true]);
  });

  /** Each is about the second server. */
  const disagreements: [string, (server: { id: string; nics: string[] }) => string[] | void][] = [
    ['has no primary NIC in any detail', () => void control.setKnobs({ detailPrimary: 'omitted' })],
    ['has another primary NIC by its detail', () => void control.setKnobs({ detailPrimary: 'wrong' })],
    [
      'has a NIC that its detail, which lags, does not show',
      ({ id }) => {
        control.setKnobs({ setLagSeconds: 5, setLagIn: ['servers'] });
        control.advance(10_000);
        return [control.attachNic(id).id];
      },
    ],
    [
      'has lost a NIC that its detail, which lags, still shows',
      ({ id, nics: [, second] }) => {
        control.setKnobs({ setLagSeconds: 5, setLagIn: ['servers'] });
        control.advance(10_000);
        control.detachNic(id, second ?? '');
      },
    ],
    [
      'has another MAC by its port',
      ({ nics: [, second] }) => {
        control.setKnobs({ setLagSeconds: 5, setLagIn: ['servers'] });
        control.advance(10_000);
        control.patchPort(second ?? '', { mac: 'fa:16:3e:00:ff:01' });
      },
    ],
  ];
  it.each(disagreements)('reads the list alone of a server that %s', async (_what, happens) => {
    onTestFinished(() => void control.setKnobs({ detailPrimary: 'marked', setLagSeconds: 0 }));
    const all = servers();
    const nicIds = happens(all[1]!) ?? [];
    const { inspections, listed } = await plan(all, { nicIds });
    expect(listed[1]).toBe(1);
    expect(inspections[1]?.flagsUnread).toBeUndefined();
    expect(inspections[1]?.nics.map(({ id }) => id)).toEqual(
      control.server(all[1]!.id).nics.map(({ id }) => id),
    );
    expect(inspections[1]?.absent).toEqual([]);
  });

  it('reads the list alone of a server whose entry says too little', async () => {
    const all = servers();
    bench.fault({ match: { class: 'servers' }, what: { kind: 'status', status: 400 } });
    expect((await plan(all)).listed).toEqual([1, 1, 1]);
  });

  it('reads the list of a server that has nothing but its primary NIC', async () => {
    const all = [...servers().slice(0, 2), bench.createServer({ nics: 1 })];
    expect((await plan(all)).listed).toEqual([1, 0, 1]);
  });

  it('is wished for: whoever sends reads the list', async () => {
    expect((await plan(servers(), { bySets: false })).listed).toEqual([1, 1, 1]);
  });
});

describe('inspectServers', () => {
  const ask = (servers: { id: string }[]) =>
    call(activities, 'inspectServers', { servers: servers.map(({ id }) => ({ serverId: id, nicIds: [] })) });

  it('inspects ten servers with seven calls: one of them goes alone, nine by sets', async () => {
    const servers = Array.from({ length: 10 }, () => bench.createServer({ nics: 4 }));
    const before = ledger.requests.length;
    const answer = await ask(servers);
    if (answer.kind !== 'inspections') throw new Error(answer.kind);
    expect(
      ledger.requests
        .slice(before)
        .map(({ requestClass }) => requestClass)
        .sort(),
    ).toEqual([...['detail', 'elastic-ips', 'elastic-ips', 'list', 'ports', 'ports', 'servers']]);
    expect(answer.inspections.map((each) => each?.nics.map(({ id }) => id))).toEqual(
      servers.map(({ nics }) => nics),
    );
    expect(answer.inspections.every((each) => each?.server?.tags !== undefined)).toBe(true);
  });

  it('leaves a server that it could not read to a call of its own', async () => {
    const servers = Array.from({ length: 3 }, () => bench.createServer());
    const match = { class: ['detail' as const], serverId: servers[0]!.id };
    bench.fault({ match, what: { kind: 'throttled' } });
    const answer = await ask(servers);
    expect(answer.kind === 'inspections' && answer.inspections.map((each) => each === null)).toEqual([
      ...[true, false, false],
    ]);
  });

  it('does not take refused credentials for the trouble of one server', async () => {
    const body = { error_code: 'APIGW.0301', error_msg: 'verify aksk signature fail' };
    bench.fault({ match: { class: 'servers' }, what: { kind: 'answer', status: 401, body } });
    await expect(ask([bench.createServer(), bench.createServer()])).rejects.toMatchObject({
      type: 'CredentialsRefused',
    });
  });

  it('leaves servers for which its answer has no room to calls of their own', async () => {
    const nics = Array.from({ length: 12 }, (_, n) => ({ primary: n === 0, name: 'n'.repeat(120) }));
    const pairs = Array.from({ length: 40 }, (_, n) => ({ ip_address: `10.9.0.${n}/32` }));
    const servers = Array.from({ length: 10 }, () =>
      bench.createServer({ nics: nics.map((nic) => ({ ...nic, allowedAddressPairs: pairs })) }),
    );
    const answer = await ask(servers);
    if (answer.kind !== 'inspections') throw new Error(answer.kind);
    const there = answer.inspections.filter((each) => each !== null).length;
    expect(there).toBeGreaterThan(2);
    expect(there).toBeLessThan(10);
    expect(JSON.stringify(answer).length).toBeLessThan(160_000);
  });
});

describe('listNics', () => {
  const list = async (serverId: string, ports: string[], server = false): Promise<Reading> => {
    const result = await call(activities, 'listNics', { serverId, ports, server });
    if (result.kind !== 'reading') throw new Error(result.kind);
    return result;
  };

  it('answers list and ports, and the server only when asked', async () => {
    const server = bench.createServer();
    const free = control.createPort({});
    const reading = await list(server.id, [server.nics[1]!, free.id]);
    expect(reading).toMatchObject({ serverExists: true, server: null, listed: server.nics });
    expect(reading.ports).toEqual({
      [server.nics[1]!]: { state: 'attached', deviceId: server.id },
      [free.id]: { state: 'free' },
    });
    expect((await list(server.id, [], true)).server).toMatchObject({ status: 'ACTIVE', locked: false });
  });

  it.each([false, true])('a server that is gone: its ports still tell (server asked: %s)', async (asked) => {
    const server = bench.createServer();
    control.deleteServer(server.id);
    const reading = await list(server.id, [server.nics[1]!], asked);
    expect(reading).toMatchObject({ serverExists: false, server: null, listed: [] });
    expect(['absent', 'free']).toContain(reading.ports[server.nics[1]!]?.state);
  });

  it.each<[string, object]>([
    ['500', { kind: 'status', status: 500 }],
    ['a dropped connection', { kind: 'drop' }],
    ['403', { kind: 'answer', status: 403, body: { code: 'VPC.0010', message: 'Rule check failed.' } }],
    ['a firewall’s 404', { kind: 'answer', status: 404, body: '<html>not found</html>' }],
  ])('%s from the VPC service leaves the port unknown, and the list still counts', async (_name, what) => {
    const server = bench.createServer();
    bench.fault({ match: { class: 'port' }, what: what as never });
    const reading = await list(server.id, [server.nics[1]!]);
    expect(reading.listed).toEqual(server.nics);
    expect(reading.ports[server.nics[1]!]).toMatchObject({ state: 'unknown', why: expect.any(String) });
  });

  it('429 from the VPC service is waited for: the port is no witness that fails', async () => {
    const server = bench.createServer();
    bench.fault({ match: { class: 'port' }, what: { kind: 'throttled', retryAfter: 3 } });
    const input = { serverId: server.id, ports: [server.nics[1]!], server: false };
    expect(await call(activities, 'listNics', input)).toMatchObject({
      kind: 'throttled',
      retryAfterMs: 3_000,
    });
  });

  it('where lists do not tell the primary NIC, its port is asked for by itself, or every port', async () => {
    const server = bench.createServer({ nics: 3 });
    onTestFinished(() => void control.setKnobs({ portListPrimary: true, detailPrimary: 'marked' }));
    control.setKnobs({ portListPrimary: false });
    const asked = async () => {
      const before = ledger.requests.length;
      const { primary } = await call(activities, 'inspectServer', {
        serverId: server.id,
        nicIds: [],
        previousRunOf: null,
      }).then((result) => result as Inspection);
      const ports = ledger.requests
        .slice(before)
        .flatMap(({ requestClass, portId }) => (requestClass === 'port' ? [portId] : []));
      return { told: primary.ports, ports };
    };
    expect(await asked()).toEqual({ told: [server.nics[0]], ports: [server.nics[0]] });
    control.setKnobs({ detailPrimary: 'omitted' });
    expect(await asked()).toEqual({ told: [server.nics[0]], ports: server.nics });
  });

  it('by itself each port is read where what was just changed decides what is done next', async () => {
    const server = bench.createServer({ nics: 3 });
    const before = ledger.requests.length;
    const input = { serverId: server.id, nicIds: [], previousRunOf: null, alone: true };
    await call(activities, 'inspectServer', input);
    expect(ledger.requests.slice(before).map(({ requestClass }) => requestClass)).toEqual([
      ...['detail', 'elastic-ips', 'list', 'port', 'port', 'port'],
    ]);
  });

  it('a list that cannot be read while the server exists is a failed call', async () => {
    const server = bench.createServer();
    const what = {
      kind: 'answer',
      status: 400,
      body: { error: { code: 'Ecs.0307', message: 'x' } },
    } as const;
    bench.fault({ match: { class: 'list', serverId: server.id }, what, times: 1 });
    await expect(list(server.id, [])).rejects.toMatchObject({ nonRetryable: false });
  });
});

describe('getJobStatus', () => {
  async function jobOf(spec: object = {}): Promise<{ jobId: string; nics: string[] }> {
    const server = bench.createServer({ jobSeconds: 1_000, ...spec });
    const nicIds = server.nics.slice(1);
    const input = { serverId: server.id, nicIds, originalRunId: RUN.runId };
    const answer = await call(activities, 'deleteNics', input);
    if (answer.kind !== 'accepted') throw new Error(answer.kind);
    return { jobId: answer.jobId, nics: nicIds };
  }
  const poll = (jobId: string) => call(activities, 'getJobStatus', { jobId });

  it('INIT, RUNNING, SUCCESS', async () => {
    const { jobId, nics } = await jobOf();
    expect(await poll(jobId)).toMatchObject({ kind: 'job', status: 'INIT', endedAt: null });
    control.advance(100_000);
    expect(await poll(jobId)).toMatchObject({ kind: 'job', status: 'RUNNING', endedAt: null });
    control.advance(1_000_000);
    const ended = await poll(jobId);
    expect(ended).toMatchObject({ kind: 'job', status: 'SUCCESS', endedAt: expect.stringMatching(/Z$/) });
    expect(ended.kind === 'job' && ended.subJobs.map(({ nicId }) => nicId).sort()).toEqual([...nics].sort());
  });

  describe('asked for the NIC list, too', () => {
    async function pollBoth(spec: object, overAfterMs: number) {
      const server = bench.createServer({ jobSeconds: 1_000, ...spec });
      const nicIds = server.nics.slice(1);
      const answer = await call(activities, 'deleteNics', {
        serverId: server.id,
        nicIds,
        originalRunId: RUN.runId,
      });
      if (answer.kind !== 'accepted') throw new Error(answer.kind);
      control.advance(overAfterMs);
      return () =>
        call(activities, 'getJobStatus', {
          jobId: answer.jobId,
          thenList: { serverId: server.id, ports: nicIds, server: false },
        });
    }

    it('reads it when the job has ended, and not before', async () => {
      const running = await pollBoth({}, 100_000);
      expect(await running()).toMatchObject({ status: 'RUNNING', reading: null });
      const ended = await (await pollBoth({}, 1_100_000))();
      if (ended.kind !== 'job') throw new Error(ended.kind);
      expect(ended.status).toBe('SUCCESS');
      expect(ended.reading).toMatchObject({ kind: 'reading', serverExists: true });
      expect(ended.reading?.listed).toHaveLength(1);
      expect(Object.values(ended.reading?.ports ?? {})).toEqual([{ state: 'absent' }, { state: 'absent' }]);
    });

    it.each<[string, FaultSpec['what'], number]>([
      ['fails', { kind: 'status', status: 500 }, 0],
      ['is throttled', { kind: 'throttled' }, 5_000],
      ['is throttled for a time', { kind: 'throttled', retryAfter: 20 }, 20_000],
      [
        'is refused',
        { kind: 'answer', status: 403, body: { error: { code: 'Pdp.0001', message: 'no' } } },
        60_000,
      ],
      ['hangs', { kind: 'hang' }, 0],
    ])('a list that %s costs nothing that the job said', async (_how, what, listAfterMs) => {
      const poll = await pollBoth({}, 1_100_000);
      bench.fault({ match: { class: 'list' }, what, times: 1 });
      expect(await poll()).toMatchObject({ kind: 'job', status: 'SUCCESS', reading: null, listAfterMs });
    });
  });

  it('FAIL names the NIC that stays, its code and its reason', async () => {
    bench.fault({ what: { kind: 'partial-failure', nics: [0] }, times: 1 });
    const { jobId, nics } = await jobOf({ jobSeconds: 0 });
    const ended = await poll(jobId);
    expect(ended).toMatchObject({ kind: 'job', status: 'FAIL' });
    const failed = ended.kind === 'job' ? ended.subJobs.filter(({ status }) => status === 'FAIL') : [];
    expect(failed).toEqual([
      { nicId: nics[0], status: 'FAIL', errorCode: 'Ecs.0507', message: 'delete nic failed' },
    ]);
  });

  it('gone, when the cloud has forgotten it', async () => {
    bench.fault({ what: { kind: 'job-gone' }, times: 1 });
    expect(await poll((await jobOf()).jobId)).toMatchObject({ kind: 'gone', code: expect.any(String) });
  });

  it('throttled, with and without a pause named', async () => {
    const { jobId } = await jobOf();
    bench.fault({ match: { class: 'job' }, what: { kind: 'throttled', retryAfter: 9 }, times: 1 });
    expect(await poll(jobId)).toMatchObject({ kind: 'throttled', retryAfterMs: 9_000 });
  });

  it.each<[string, object, object]>([
    ['503', { kind: 'status', status: 503 }, { type: 'CloudUnavailable', nonRetryable: false }],
    ['a dropped connection', { kind: 'drop' }, { type: 'CloudUnavailable', nonRetryable: false }],
    [
      '401',
      { kind: 'answer', status: 401, body: { error_code: 'APIGW.0301', error_msg: 'no' } },
      { type: 'CredentialsRefused', nonRetryable: true },
    ],
  ])('%s is a failed poll, not a status', async (_name, what, expected) => {
    const { jobId } = await jobOf();
    bench.fault({ match: { class: 'job' }, what: what as never, times: 1 });
    await expect(poll(jobId)).rejects.toMatchObject(expected);
  });
});
