/** Elastic IPs bound again, and who holds an IP. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CloudActivities } from '../../src/activities/agreement';
import { call, createBench, RUN } from './support';

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

describe('bindElasticIp', () => {
  const bind = (address: string, portId: string) =>
    call(activities, 'bindElasticIp', {
      serverId: '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11',
      originalRunId: RUN.runId,
      address,
      portId,
    });
  const holderOf = (address: string) => control.elasticIps().find((each) => each.address === address)?.portId;
  const writes = () =>
    ledger.requests.filter(({ requestClass }) => requestClass === 'elastic-ip-bind').length;

  it('binds one that is free, and does not write again what is so already', async () => {
    const { address } = control.createElasticIp();
    const port = control.createPort({});
    expect(await bind(address, port.id)).toEqual({ kind: 'bound' });
    expect(holderOf(address)).toBe(port.id);
    const before = writes();
    expect(await bind(address, port.id)).toEqual({ kind: 'bound' });
    expect(writes()).toBe(before);
  });

  it('takes none away from another port, and says where it is', async () => {
    const other = control.createPort({ elasticIp: true });
    const before = writes();
    expect(await bind(other.elasticIp!, control.createPort({}).id)).toMatchObject({
      kind: 'refused',
      why: 'elsewhere',
      message: expect.stringContaining(other.id),
    });
    expect(writes()).toBe(before);
    expect(holderOf(other.elasticIp!)).toBe(other.id);
  });

  it('nor from something that has no port, such as a load balancer', async () => {
    const { id, address } = control.createElasticIp();
    const publicips = [{ id, public_ip_address: address, status: 'ELB' }];
    bench.fault({
      match: { class: 'elastic-ips' },
      what: { kind: 'answer', status: 200, body: { publicips } },
      times: 1,
    });
    expect(await bind(address, control.createPort({}).id)).toMatchObject({
      kind: 'refused',
      why: 'elsewhere',
    });
  });

  it('one that was released is missing', async () => {
    expect(await bind('203.0.113.250', control.createPort({}).id)).toMatchObject({
      kind: 'refused',
      why: 'missing',
    });
  });

  it.each([
    [409, 'VPC.0510', 'elsewhere'],
    [404, 'VPC.0504', 'missing'],
    [409, 'VPC.0511', 'other'],
    [404, 'VPC.2502', 'other'],
  ])('HTTP %i %s to the write: %s', async (status, code, why) => {
    const { address } = control.createElasticIp();
    const what = { kind: 'answer', status, body: { code, message: 'no' } } as const;
    bench.fault({ match: { class: 'elastic-ip-bind' }, what, times: 1 });
    expect(await bind(address, control.createPort({}).id)).toMatchObject({ kind: 'refused', why, code });
  });

  it('a lost answer is made up for by the next attempt, with one write', async () => {
    const { address } = control.createElasticIp();
    const port = control.createPort({});
    const before = writes();
    bench.fault({
      match: { class: 'elastic-ip-bind' },
      what: { kind: 'drop', accepted: true },
      times: 1,
    });
    await expect(bind(address, port.id)).rejects.toMatchObject({
      type: 'CloudUnavailable',
      nonRetryable: false,
    });
    expect(await bind(address, port.id)).toEqual({ kind: 'bound' });
    expect(writes()).toBe(before + 1);
  });

  it('an empty port id, which would unbind, is refused before anything is sent', async () => {
    const other = control.createElasticIp();
    const before = writes();
    expect(await bind(other.address, '')).toMatchObject({ kind: 'refused', why: 'other' });
    expect(writes()).toBe(before);
  });
});

describe('findAddresses', () => {
  const find = async (wanted: { networkId: string; ip: string | null; madeAs?: string }[]) => {
    const addresses = wanted.map((it) => ({ madeAs: 'made for nobody', ...it }));
    const result = await call(activities, 'findAddresses', { addresses });
    if (result.kind !== 'addresses') throw new Error(result.kind);
    return result.holders;
  };

  it('tells who holds each, in the order asked for, with one list a network', async () => {
    const free = control.createPort({ ipv6: 'fd00::abcd' });
    const server = bench.createServer();
    const nic = control.server(server.id).nics[1]!;
    const gone = control.createPort({ networkId: free.networkId });
    control.deletePort(gone.id);
    const before = ledger.requests.length;
    const networks = new Set([free.networkId, nic.networkId]);
    expect(
      await find([
        { networkId: free.networkId, ip: gone.ip },
        { networkId: nic.networkId, ip: nic.ip },
        { networkId: free.networkId, ip: free.ip },
        { networkId: free.networkId, ip: 'FD00:0:0::ABCD' },
      ]),
    ).toEqual([
      null,
      { portId: nic.id, deviceId: server.id, name: null },
      { portId: free.id, deviceId: '', name: null },
      { portId: free.id, deviceId: '', name: null },
    ]);
    expect(ledger.requests.slice(before).map(({ requestClass }) => requestClass)).toEqual(
      [...networks].map(() => 'ports'),
    );
  });

  it('prefers a port that was made for it, whatever its IP is', async () => {
    const holder = control.createPort({});
    const made = control.createPort({ networkId: holder.networkId, name: 'ecs-nics a-nic a-run' });
    const { networkId, ip } = holder;
    const asked = [
      { networkId, ip, madeAs: 'ecs-nics a-nic ' },
      { networkId, ip: null, madeAs: 'ecs-nics a-nic ' },
      { networkId, ip: null, madeAs: 'ecs-nics another ' },
    ];
    const ours = { portId: made.id, deviceId: '', name: 'ecs-nics a-nic a-run' };
    expect(await find(asked)).toEqual([ours, ours, null]);
  });

  it('sees a port on the third page', async () => {
    const { networkId } = control.createPort({});
    const ports = Array.from({ length: 450 }, () => control.createPort({ networkId }));
    const last = ports.reduce((a, b) => (a.id > b.id ? a : b));
    expect(await find([{ networkId, ip: last.ip }])).toEqual([{ portId: last.id, deviceId: '', name: null }]);
  });

  it('asks nothing for nothing; a list that can’t be had is no answer', async () => {
    const before = ledger.requests.length;
    expect(await find([])).toEqual([]);
    expect(ledger.requests).toHaveLength(before);
    bench.fault({ match: { class: 'ports' }, what: { kind: 'status', status: 500 }, times: 1 });
    const { networkId, ip } = control.createPort({});
    await expect(find([{ networkId, ip }])).rejects.toMatchObject({ type: 'CloudUnavailable' });
    bench.fault({ match: { class: 'ports' }, what: { kind: 'throttled', retryAfter: 5 }, times: 1 });
    const input = { addresses: [{ networkId, ip, madeAs: 'x' }] };
    expect(await call(activities, 'findAddresses', input)).toMatchObject({
      kind: 'throttled',
      retryAfterMs: 5_000,
    });
  });
});
