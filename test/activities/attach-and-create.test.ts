/** Effects that may not be repeated blindly: attaching and creating ports. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CloudActivities, CreatePortInput } from '../../src/activities/agreement';
import { DEFAULT_LIMITS } from '../../src/ecs/transport';
import type { FaultSpec } from '../../simulator';
import { call, createBench, environmentOf, RUN } from './support';

const bench = createBench();
const { control, ledger } = bench.simulator;
let activities: CloudActivities;
let impatient: CloudActivities;
beforeAll(async () => {
  const url = await bench.simulator.listen();
  activities = bench.activitiesAt(url);
  impatient = bench.activitiesAt(url, { ...DEFAULT_LIMITS, headersMs: 700 });
});
afterEach(() => {
  control.clearFaults();
  control.setKnobs({ portQuota: null, deniedActions: [] });
});
afterAll(() => bench.simulator.close());

const LATE = { currentAttemptScheduledTimestampMs: Date.now() - 86_400_000 };
const unreachable = async () => {
  const closed = createBench();
  const origin = await closed.simulator.listen();
  await closed.simulator.close();
  return bench.activitiesAt(origin);
};
const UNAUTHORIZED = {
  kind: 'answer',
  status: 401,
  body: { error_code: 'APIGW.0301', error_msg: 'verify aksk signature fail' },
};

describe('attachNics', () => {
  const attach = (
    serverId: string,
    portIds: string[],
    { info = {}, of = activities, originalRunId = RUN.runId } = {},
  ) => call(of, 'attachNics', { serverId, portIds, originalRunId }, environmentOf(info));
  const sent = (serverId: string) =>
    ledger.forServer(serverId).requests.filter(({ requestClass }) => requestClass === 'attach');

  it('puts free ports on the server, in the order asked for', async () => {
    const server = bench.createServer({ jobSeconds: 0 });
    const ports = [control.createPort({}).id, control.createPort({}).id].reverse();
    const answer = await attach(server.id, ports);
    expect(answer).toMatchObject({ kind: 'accepted', submittedAt: expect.stringMatching(/Z$/) });
    expect(sent(server.id).map(({ nicIds }) => nicIds)).toEqual([ports]);
    expect(control.server(server.id).nics.map(({ id }) => id)).toEqual([...server.nics, ...ports]);
    const jobs = ledger.forServer(server.id).jobs;
    expect(jobs).toMatchObject([{ what: 'attach', jobId: answer.kind === 'accepted' && answer.jobId }]);
  });

  it.each<[string, object, object, number]>([
    ['dropped, not accepted', { kind: 'drop' }, { kind: 'unknown' }, 0],
    ['dropped, accepted', { kind: 'drop', accepted: true }, { kind: 'unknown' }, 1],
    ['never answered', { kind: 'hang', accepted: true }, { kind: 'unknown' }, 1],
    ['502', { kind: 'status', status: 502 }, { kind: 'unknown', httpStatus: 502 }, 0],
    ['204 without a job id', { kind: 'no-job-id', status: 204 }, { kind: 'unknown', httpStatus: 204 }, 1],
    ['202 Common.0024', { kind: 'throttled', as: '202' }, { kind: 'throttled', look: true }, 0],
    ['429', { kind: 'throttled' }, { kind: 'throttled', look: false }, 0],
    ['busy', { kind: 'busy' }, { kind: 'refused', next: 'busy', code: 'Ecs.0603' }, 0],
    ['401', UNAUTHORIZED, { kind: 'refused', next: 'credentials' }, 0],
  ])('%s', async (_name, what, expected, jobs) => {
    const server = bench.createServer();
    bench.fault({ match: { class: 'attach', serverId: server.id }, what: what as never, times: 1 });
    expect(await attach(server.id, [control.createPort({}).id], { of: impatient })).toMatchObject(expected);
    expect(sent(server.id)).toHaveLength(1);
    expect(ledger.forServer(server.id).jobs).toHaveLength(jobs);
  });

  it('what the cloud refuses for certain is final, with its reason', async () => {
    const [server, other] = [bench.createServer(), bench.createServer()];
    expect(await attach(server.id, [other.nics[1]!])).toMatchObject({
      kind: 'refused',
      next: 'never',
      code: 'Ecs.0919',
    });
    const full = bench.createServer({ nics: 12 });
    expect(await attach(full.id, [control.createPort({}).id])).toMatchObject({ code: 'Ecs.0050' });
    control.setKnobs({ deniedActions: ['ecs:cloudServers:addNics'] });
    expect(await attach(server.id, [control.createPort({}).id])).toMatchObject({
      kind: 'refused',
      next: 'never',
      hint: expect.stringContaining('ecs:cloudServers:addNics'),
    });
  });

  it('a reset run, a late attempt and a refused connection send nothing', async () => {
    const server = bench.createServer();
    const ports = [control.createPort({}).id];
    const before = ledger.requests.length;
    expect(await attach(server.id, ports, { originalRunId: 'another' })).toEqual({
      kind: 'unsent',
      why: 'reset',
    });
    expect(await attach(server.id, ports, { info: LATE })).toEqual({ kind: 'unsent', why: 'late' });
    expect(await attach(server.id, ports, { of: await unreachable() })).toEqual({
      kind: 'unsent',
      why: 'unreachable',
    });
    expect(ledger.requests).toHaveLength(before);
  });

  it('a cancellation does not call back what is on its way', async () => {
    const server = bench.createServer();
    bench.fault({ match: { class: 'attach' }, what: { kind: 'delay', ms: 400, when: 'after' }, times: 1 });
    const environment = environmentOf();
    const input = { serverId: server.id, portIds: [control.createPort({}).id], originalRunId: RUN.runId };
    const answer = call(activities, 'attachNics', input, environment);
    setTimeout(() => environment.cancel(), 100);
    expect(await answer).toMatchObject({ kind: 'accepted' });
  });
});

describe('createPort', () => {
  let made = 0;
  function inputOf(more: Partial<CreatePortInput> = {}): CreatePortInput {
    const { networkId } = control.createPort({});
    return {
      serverId: '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11',
      originalRunId: RUN.runId,
      name: `ecs-nics-run-1-${++made}`,
      networkId,
      address: null,
      securityGroups: null,
      allowedAddressPairs: null,
      dhcpOptions: null,
      ...more,
    };
  }
  const create = (input: CreatePortInput, info: object = {}, of = activities) =>
    call(of, 'createPort', input, environmentOf(info));
  const strike = (requestClass: 'ports' | 'port-create', what: unknown) =>
    bench.fault({ match: { class: requestClass }, what: what as FaultSpec['what'], times: 1 });
  const madeBy = (since: number) =>
    ledger.requests.slice(since).filter((entry) => entry.requestClass === 'port-create' && entry.accepted);
  /** An address that was in use until just now. */
  function freeAddress() {
    const { id, ip, networkId, subnetId } = control.createPort({});
    control.deletePort(id);
    return { networkId, address: { subnetId, ip } };
  }

  it('makes one with the old IP and all that the snapshot has', async () => {
    const { networkId, address } = freeAddress();
    const input = inputOf({
      networkId,
      address,
      securityGroups: ['g2', 'g1'],
      allowedAddressPairs: [{ ip: '10.9.9.9', mac: 'fa:16:3e:00:00:02' }],
      dhcpOptions: [{ name: '51', value: '24h' }],
    });
    const result = await create(input);
    if (result.kind !== 'created') throw new Error(JSON.stringify(result));
    expect(result.port).toEqual({ id: expect.any(String), mac: expect.any(String), ips: [address.ip] });
    const server = bench.createServer();
    control.attachNic(server.id, { id: result.port.id });
    expect(control.snapshotOf(server.id).nics.at(-1)).toMatchObject({
      name: input.name,
      fixedIps: [address],
      securityGroups: ['g2', 'g1'],
      allowedAddressPairs: [{ ip_address: '10.9.9.9', mac_address: 'fa:16:3e:00:00:02' }],
      extraDhcpOpts: [{ opt_name: '51', opt_value: '24h' }],
    });
  });

  it.each([
    ['a lost answer', { kind: 'drop', accepted: true }],
    ['a 502 after all was done', { kind: 'status', status: 502, accepted: true }],
    ['no answer', { kind: 'hang', accepted: true }],
    ['a 2xx without the port', { kind: 'answer', status: 202, body: '', accepted: true }],
  ])('%s leaves no orphan: what was made is found by its name', async (_name, what) => {
    const input = inputOf();
    const since = ledger.requests.length;
    strike('port-create', what);
    expect(await create(input, {}, impatient)).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('createPort'),
    });
    const [first] = madeBy(since);
    expect(await create(input)).toMatchObject({ kind: 'created', port: { id: first?.portId } });
    expect(madeBy(since)).toHaveLength(1);
  });

  it('is not misled by a port of that name in another network', async () => {
    const input = inputOf();
    const networks = control.server(bench.createServer().id).nics.map(({ networkId }) => networkId);
    const networkId = networks.find((id) => id !== input.networkId)!;
    const foreign = control.createPort({ name: input.name, networkId });
    const result = await create(input);
    expect(result).toMatchObject({ kind: 'created', port: { id: expect.not.stringContaining(foreign.id) } });
  });

  it('an IP that somebody has is told apart from other refusals', async () => {
    const taken = control.createPort({});
    const address = { subnetId: null, ip: taken.ip };
    expect(await create(inputOf({ networkId: taken.networkId, address }))).toMatchObject({
      kind: 'refused',
      why: 'ip-in-use',
      code: 'VPC.0701',
    });
    const nowhere = inputOf({ networkId: '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e99' });
    expect(await create(nowhere)).toMatchObject({ kind: 'refused', why: 'other', code: 'VPC.0202' });
    const input = inputOf();
    control.setKnobs({ portQuota: 0 });
    expect(await create(input)).toMatchObject({ kind: 'refused', why: 'other', code: 'VPC.2504' });
    control.setKnobs({ portQuota: null, deniedActions: ['vpc:ports:create'] });
    expect(await create(input)).toMatchObject({
      kind: 'refused',
      why: 'other',
      hint: expect.stringContaining('vpc:ports:create'),
    });
  });

  it('throttled or busy: patience is asked for', async () => {
    const input = inputOf();
    strike('ports', { kind: 'throttled', retryAfter: 2 });
    expect(await create(input)).toMatchObject({ kind: 'throttled', retryAfterMs: 2_000 });
    strike('port-create', { kind: 'throttled', retryAfter: 3 });
    expect(await create(input)).toMatchObject({ kind: 'throttled', retryAfterMs: 3_000 });
    strike('port-create', { kind: 'answer', status: 409, body: { code: 'VPC.0512', message: 'busy' } });
    expect(await create(input)).toMatchObject({ kind: 'throttled', retryAfterMs: null, code: 'VPC.0512' });
  });

  it('nothing is made while the look-up fails', async () => {
    const since = ledger.requests.length;
    strike('ports', { kind: 'status', status: 503 });
    await expect(create(inputOf())).rejects.toMatchObject({ type: 'CloudUnavailable', nonRetryable: false });
    expect(madeBy(since)).toEqual([]);
  });

  it('refused credentials are a failure that nobody repeats', async () => {
    for (const requestClass of ['ports', 'port-create'] as const) {
      strike(requestClass, UNAUTHORIZED);
      await expect(create(inputOf())).rejects.toMatchObject({
        type: 'CredentialsRefused',
        nonRetryable: true,
      });
    }
  });

  it('a reset run, a late attempt and a refused connection send nothing', async () => {
    const input = inputOf();
    const before = ledger.requests.length;
    expect(await create({ ...input, originalRunId: 'another' })).toEqual({ kind: 'unsent', why: 'reset' });
    expect(await create(input, LATE)).toEqual({ kind: 'unsent', why: 'late' });
    expect(await create(input, {}, await unreachable())).toEqual({ kind: 'unsent', why: 'unreachable' });
    expect(ledger.requests).toHaveLength(before);
  });

  it('an attempt that grows too old during the look-up makes nothing', async () => {
    const since = ledger.requests.length;
    strike('ports', { kind: 'delay', ms: 2_500 });
    const info = { currentAttemptScheduledTimestampMs: Date.now() - 28_000 };
    expect(await create(inputOf(), info)).toEqual({ kind: 'unsent', why: 'late' });
    expect(madeBy(since)).toEqual([]);
  });
});
