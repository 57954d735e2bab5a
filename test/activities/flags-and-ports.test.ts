/** Effects that may be repeated: flags, deletion and change of ports. What they tell, and what the cloud's ledger has. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CloudActivities } from '../../src/activities/agreement';
import type { NicSnapshot } from '../../src/contract/types';
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
  control.setKnobs({ deniedActions: [], portIdsHonoured: 'all' });
});
afterAll(() => bench.simulator.close());

const NOBODY = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';
const effect = { serverId: NOBODY, originalRunId: RUN.runId };
const requestsOf = (requestClass: string, since = 0) =>
  ledger.requests.slice(since).filter((entry) => entry.requestClass === requestClass);
type Matched = NonNullable<FaultSpec['match']>['class'];
const strike = (requestClass: Matched, what: unknown, more: Partial<FaultSpec> = {}) =>
  bench.fault({ match: { class: requestClass }, what: what as FaultSpec['what'], times: 1, ...more });
const THROTTLED = { kind: 'throttled', retryAfter: 4 };
const BUSY = { kind: 'answer', status: 501, body: { error: { code: 'Ecs.0603', message: 'busy' } } };
const UNAUTHORIZED = {
  kind: 'answer',
  status: 401,
  body: { error_code: 'APIGW.0301', error_msg: 'verify aksk signature fail' },
};

describe('setPortFlags', () => {
  const set = (server: { id: string; nics: string[] }, value: boolean, of = activities) =>
    call(of, 'setPortFlags', {
      ...effect,
      serverId: server.id,
      flags: Object.fromEntries(server.nics.slice(1).map((id) => [id, value])),
    });
  const flagOf = (id: string, serverId: string) =>
    control.server(serverId).nics.find((nic) => nic.id === id)?.deleteOnTermination;

  it('writes once a NIC and reads once for all: exactly the flags asked for have changed', async () => {
    const server = bench.createServer({ nics: 6 });
    const since = ledger.requests.length;
    const asked = server.nics.slice(1);
    expect(await set(server, false)).toEqual({
      kind: 'flags',
      read: Object.fromEntries(asked.map((id) => [id, false])),
      refused: {},
    });
    expect(
      requestsOf('flag', since)
        .map(({ portId }) => portId)
        .sort(),
    ).toEqual([...asked].sort());
    expect(requestsOf('list', since)).toHaveLength(1);
    expect(ledger.requests).toHaveLength(since + 6);
    expect(flagOf(server.nics[0]!, server.id)).toBe(true);
    expect(await set(server, true)).toMatchObject({
      read: Object.fromEntries(asked.map((id) => [id, true])),
    });
  });

  it('reads nothing where the deletion reads the flags anyway, unless something was refused', async () => {
    const server = bench.createServer();
    const nics = server.nics.slice(1);
    const write = (ids: string[]) =>
      call(activities, 'setPortFlags', {
        ...effect,
        serverId: server.id,
        flags: Object.fromEntries(ids.map((id) => [id, false])),
        provenLater: true,
      });
    const since = ledger.requests.length;
    expect(await write(nics)).toEqual({
      kind: 'flags',
      read: Object.fromEntries(nics.map((id) => [id, false])),
      refused: {},
    });
    expect(ledger.requests.slice(since).map(({ requestClass }) => requestClass)).toEqual(['flag', 'flag']);
    expect(await write([...nics, NOBODY])).toMatchObject({
      read: Object.fromEntries(nics.map((id) => [id, false])),
      refused: { [NOBODY]: expect.anything() },
    });
    expect(requestsOf('list', since)).toHaveLength(1);
  });

  it('tells what was refused for certain, with code and remedy, and does the rest', async () => {
    const server = bench.createServer();
    const input = { ...effect, serverId: server.id, flags: { [server.nics[1]!]: false, [NOBODY]: false } };
    expect(await call(activities, 'setPortFlags', input)).toEqual({
      kind: 'flags',
      read: { [server.nics[1]!]: false },
      refused: {
        [NOBODY]: {
          code: 'Ecs.0085',
          message: expect.stringContaining('HTTP 400 Ecs.0085'),
          hint: expect.any(String),
        },
      },
    });
    control.patchServer(server.id, { locked: true });
    expect(await set(server, true)).toMatchObject({
      read: { [server.nics[1]!]: false },
      refused: { [server.nics[1]!]: { code: 'Ecs.0605' }, [server.nics[2]!]: { code: 'Ecs.0605' } },
    });
  });

  it('does not take the cloud’s word for it', async () => {
    const server = bench.createServer();
    strike('flag', { kind: 'ignored' });
    expect(await set(server, false)).toMatchObject({
      refused: {},
      read: { [server.nics[1]!]: true, [server.nics[2]!]: false },
    });
  });

  it('on a server that is gone every flag is refused, and none is read', async () => {
    const server = bench.createServer();
    control.deleteServer(server.id);
    expect(await set(server, false)).toMatchObject({
      read: {},
      refused: { [server.nics[1]!]: { code: 'Ecs.0114' }, [server.nics[2]!]: { code: 'Ecs.0114' } },
    });
  });

  it('throttled: a value, and nothing more is written', async () => {
    const server = bench.createServer({ nics: 12 });
    strike('flag', THROTTLED);
    const since = ledger.requests.length;
    expect(await set(server, false)).toMatchObject({ kind: 'throttled', retryAfterMs: 4_000 });
    expect(ledger.requests).toHaveLength(since + 1);
  });

  it('after trouble, what is on its way is waited for', async () => {
    const server = bench.createServer({ nics: 6 });
    // The first goes alone, then four side by side: one of them fails at once, the others take their time.
    strike('flag', { kind: 'status', status: 503 }, { after: 1 });
    strike('flag', { kind: 'delay', ms: 300, when: 'before' }, { after: 1, times: 3 });
    await expect(set(server, false)).rejects.toMatchObject({ type: 'CloudUnavailable', nonRetryable: false });
    const { effects } = ledger.forServer(server.id);
    const then = effects.length;
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(ledger.forServer(server.id).effects).toHaveLength(then);
  });

  it.each<[string, unknown, object]>([
    ['no answer', { kind: 'hang' }, { type: 'CloudUnavailable', nonRetryable: false }],
    [
      'a broken connection',
      { kind: 'drop', accepted: true },
      { type: 'CloudUnavailable', nonRetryable: false },
    ],
    ['busy', BUSY, { type: 'CloudUnavailable', nonRetryable: false }],
    ['401', UNAUTHORIZED, { type: 'CredentialsRefused', nonRetryable: true }],
  ])('%s is left to the engine, or to a person', async (_name, what, failure) => {
    const server = bench.createServer();
    strike('flag', what);
    await expect(set(server, false, impatient)).rejects.toMatchObject(failure);
  });

  it('a refused permission is named', async () => {
    const server = bench.createServer();
    control.setKnobs({ deniedActions: ['ecs:cloudServers:updateServerInterface'] });
    const since = ledger.requests.length;
    await expect(set(server, false)).rejects.toMatchObject({
      type: 'CredentialsRefused',
      details: [{ hint: expect.stringContaining('ecs:cloudServers:updateServerInterface') }],
    });
    expect(ledger.requests).toHaveLength(since + 1);
  });
});

describe('deletePorts', () => {
  const remove = (portIds: string[], info: object = {}) =>
    call(activities, 'deletePorts', { ...effect, portIds }, environmentOf(info));

  it('deletes free ports, takes absent ones as gone, and leaves alone what is in use', async () => {
    const free = control.createPort({});
    const server = bench.createServer();
    const attached = server.nics[1]!;
    const since = ledger.effects.length;
    const result = await remove([free.id, NOBODY, attached]);
    expect(result).toEqual({
      kind: 'ports',
      ports: {
        [free.id]: { fate: 'gone' },
        [NOBODY]: { fate: 'gone' },
        [attached]: { fate: 'attached', deviceId: server.id },
      },
    });
    expect(ledger.effects.slice(since)).toMatchObject([{ kind: 'port-deleted', portId: free.id }]);
    expect(control.server(server.id).nics).toHaveLength(3);
  });

  it('a port that does not tell what it is compared by keeps none of the others; the last attempt names it', async () => {
    const [silent, free] = [control.createPort({}), control.createPort({})];
    const snapshot: NicSnapshot = {
      ...{ networkId: null, fixedIps: [], mac: null, deleteOnTermination: true, name: null },
      ...{ securityGroups: null, allowedAddressPairs: [], dhcpOptions: null, portSecurityEnabled: null },
      ...{ elasticIp: null, position: 1 },
    };
    const expected = { [silent.id]: snapshot, [free.id]: snapshot };
    const untold = { kind: 'edit', merge: { port: { allowed_address_pairs: null } } };
    const retryPolicy = { maximumAttempts: 2 };
    const again = (attempt: number) =>
      call(
        activities,
        'deletePorts',
        { ...effect, portIds: [free.id, silent.id], expected },
        environmentOf({ attempt, retryPolicy }),
      );
    // The second of the two is looked at alone.
    control.setKnobs({ portIdsHonoured: 'first' });
    strike('port', untold, { times: 10 });
    await expect(again(1)).rejects.toMatchObject({ type: 'CloudUnavailable', nonRetryable: false });
    expect(await again(2)).toMatchObject({
      ports: {
        [silent.id]: {
          fate: 'untold',
          message: expect.stringMatching(/did not return allowedAddressPairs of/),
        },
        [free.id]: { fate: 'gone' },
      },
    });
  });

  it('an answer that was lost: the next attempt learns that the port is gone', async () => {
    const { id } = control.createPort({});
    strike('port-delete', { kind: 'drop', accepted: true });
    await expect(remove([id])).rejects.toMatchObject({ type: 'CloudUnavailable', nonRetryable: false });
    expect(await remove([id])).toMatchObject({ ports: { [id]: { fate: 'gone' } } });
  });

  it('a definite no is one, with the others done', async () => {
    const [first, second] = [control.createPort({}).id, control.createPort({}).id];
    const body = { code: 'VPC.9999', message: 'no' };
    strike('port-delete', { kind: 'answer', status: 409, body });
    expect(await remove([first, second])).toMatchObject({
      ports: { [first]: { fate: 'refused', code: 'VPC.9999' }, [second]: { fate: 'gone' } },
    });
  });

  it('a gateway’s 404, which has no code, is no evidence', async () => {
    const { id } = control.createPort({});
    strike('port-delete', { kind: 'answer', status: 404, body: '<html>not here</html>' });
    await expect(remove([id])).rejects.toMatchObject({ type: 'CloudUnavailable' });
  });

  it('throttled after the first: a value, and the rest is left', async () => {
    const ids = Array.from({ length: 3 }, () => control.createPort({}).id);
    strike('port-delete', THROTTLED, { after: 1, times: 2 });
    expect(await remove(ids)).toMatchObject({ kind: 'throttled' });
    expect(await remove(ids)).toMatchObject({
      ports: { [ids[0]!]: { fate: 'gone' }, [ids[2]!]: { fate: 'gone' } },
    });
  });

  it('an attempt that grows too old between two ports says so without lying: the next one does the rest', async () => {
    const ids = Array.from({ length: 6 }, () => control.createPort({}).id);
    strike('port-delete', { kind: 'delay', ms: 2_500 });
    // 32 s are left: enough for the first call to be written, and not for those after it.
    const info = { currentAttemptScheduledTimestampMs: Date.now() - 28_000 };
    await expect(remove(ids, info)).rejects.toMatchObject({ type: 'CloudUnavailable', nonRetryable: false });
    const deleted = ledger.effects.filter(({ portId }) => ids.includes(portId ?? ''));
    expect(deleted.filter(({ kind }) => kind === 'port-deleted')).toHaveLength(1);
  });
});

describe('updatePort', () => {
  const update = (portId: string, changes: object) =>
    call(activities, 'updatePort', { ...effect, portId, changes });

  it('writes what the snapshot knows, and leaves the rest as it is', async () => {
    const port = control.createPort({ name: 'before', securityGroups: ['g1'] });
    const changes = {
      name: 'web',
      securityGroups: null,
      allowedAddressPairs: [{ ip: '10.0.1.100', mac: null }],
      dhcpOptions: [{ name: '51', value: '24h' }],
    };
    expect(await update(port.id, changes)).toEqual({ kind: 'updated' });
    const server = bench.createServer();
    control.attachNic(server.id, { id: port.id });
    expect(control.snapshotOf(server.id).nics.find(({ id }) => id === port.id)).toMatchObject({
      name: 'web',
      securityGroups: ['g1'],
      allowedAddressPairs: [{ ip_address: '10.0.1.100' }],
      extraDhcpOpts: [{ opt_name: '51', opt_value: '24h' }],
    });
  });

  it('nothing known: nothing sent', async () => {
    const since = ledger.requests.length;
    expect(await update(NOBODY, { name: null })).toEqual({ kind: 'updated' });
    expect(ledger.requests).toHaveLength(since);
  });

  it('an empty list of groups and a missing port are refused', async () => {
    const port = control.createPort({});
    expect(await update(port.id, { securityGroups: [] })).toMatchObject({
      kind: 'refused',
      code: 'VPC.2500',
    });
    expect(await update(NOBODY, { name: 'n' })).toMatchObject({ kind: 'refused', code: 'VPC.2502' });
  });

  it('busy is tried again, throttled is waited for', async () => {
    const port = control.createPort({});
    strike('port-update', { kind: 'answer', status: 409, body: { code: 'VPC.0512', message: 'busy' } });
    await expect(update(port.id, { name: 'n' })).rejects.toMatchObject({ type: 'CloudUnavailable' });
    strike('port-update', THROTTLED);
    expect(await update(port.id, { name: 'n' })).toMatchObject({ kind: 'throttled', retryAfterMs: 4_000 });
  });
});

describe('every one of them', () => {
  const calls: [string, (run: string, info: object) => Promise<unknown>][] = [
    [
      'setPortFlags',
      (originalRunId, info) =>
        call(
          activities,
          'setPortFlags',
          { ...effect, originalRunId, flags: { [NOBODY]: true } },
          environmentOf(info),
        ),
    ],
    [
      'deletePorts',
      (originalRunId, info) =>
        call(activities, 'deletePorts', { ...effect, originalRunId, portIds: [NOBODY] }, environmentOf(info)),
    ],
    [
      'updatePort',
      (originalRunId, info) =>
        call(
          activities,
          'updatePort',
          { ...effect, originalRunId, portId: NOBODY, changes: { name: 'n' } },
          environmentOf(info),
        ),
    ],
    [
      'bindElasticIp',
      (originalRunId, info) =>
        call(
          activities,
          'bindElasticIp',
          { ...effect, originalRunId, portId: NOBODY, address: '203.0.113.1' },
          environmentOf(info),
        ),
    ],
  ];

  it.each(calls)('%s: a reset run and an attempt that is over write nothing', async (_name, run) => {
    const since = ledger.requests.length;
    expect(await run('another-run', {})).toEqual({ kind: 'unsent', why: 'reset' });
    const info = { currentAttemptScheduledTimestampMs: Date.now() - 31_000 };
    expect(await run(RUN.runId, info)).toEqual({ kind: 'unsent', why: 'late' });
    expect(ledger.requests).toHaveLength(since);
  });
});
