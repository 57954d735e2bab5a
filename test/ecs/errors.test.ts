import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES, ERROR_TABLE } from '../../src/ecs/error-table';
import type { Cloud } from '../../src/ecs/cloud';
import { parseRetryAfter } from '../../src/ecs/errors';
import { TransportError } from '../../src/ecs/transport';
import { clientAnswered, clientOf, failure, JOB, NIC, PORT, SERVER } from './support';
import type { Canned } from './support';

const post = (answer: Canned) => failure(clientAnswered(answer).cloud.deleteNics(SERVER, [NIC]));
const get = (answer: Canned) => failure(clientAnswered(answer).cloud.showJob(JOB));

/** The three shapes that carry a code; the table must not care. */
const shapes = (code: string): unknown[] => [
  { error: { code, message: 'm' } },
  { error_code: code, error_msg: 'm', request_id: 'r' },
  { code, message: 'm' },
];

/**
 * The vendor's codes (docs/cloud-api.md §6.2), and what each means for a POST; written down apart from the
 * table. What a read of a job makes of it stands beside.
 */
type Row = [http: number[], codes: string, effect: string, fate: 'refused' | 'unknown', read: string];
// prettier-ignore
const SPEC: Row[] = [
  [[400], 'Ecs.0000', 'observe', 'unknown', 'retry'],
  [[400], 'Ecs.0002', 'observe', 'unknown', 'retry'],
  [[403], 'Ecs.0003', 'never', 'refused', 'credentials'],
  [[400], 'Ecs.0004', 'credentials', 'refused', 'credentials'],
  [[400], 'Ecs.0005 Common.0002', 'never', 'refused', 'never'],
  [[400], 'Ecs.0023 Common.0018', 'never', 'refused', 'never'],
  [[400], 'Ecs.0030', 'never', 'refused', 'never'],
  [[403], 'Ecs.0066 Ecs.0067 Ecs.0068 Ecs.0069 Ecs.0070 Ecs.0071 Ecs.0110', 'never', 'refused', 'credentials'],
  [[400], 'Ecs.0085', 'observe', 'refused', 'observe'],
  [[400], 'Ecs.0100', 'wait-state', 'refused', 'retry'],
  [[400], 'Ecs.0106', 'observe', 'unknown', 'retry'],
  [[404], 'Ecs.0114 Ecs.0614', 'absent', 'refused', 'observe'],
  [[400], 'Ecs.0118', 'never', 'refused', 'never'],
  [[400], 'Ecs.0611', 'observe', 'unknown', 'retry'],
  [[400], 'Ecs.0301 Ecs.0323', 'observe', 'unknown', 'retry'],
  [[400], 'Ecs.0307', 'observe', 'unknown', 'observe'],
  [[400], 'Ecs.0401 Ecs.0502', 'observe', 'unknown', 'retry'],
  [[400], 'Ecs.0507', 'observe', 'unknown', 'retry'],
  [[501], 'Ecs.0603', 'wait-busy', 'refused', 'retry'],
  [[400], 'Ecs.0605', 'never', 'refused', 'never'],
  [[500], 'Ecs.0615 Common.0001', 'observe', 'unknown', 'retry'],
  [[400], 'Ecs.1000 Ecs.1001', 'observe', 'unknown', 'retry'],
  [[400], 'Ecs.1002', 'observe', 'unknown', 'retry'],
  [[400], 'Ecs.1100 Ecs.1200 Ecs.1201', 'observe', 'unknown', 'retry'],
  [[403], 'Pdp.0001', 'never', 'refused', 'credentials'],
  [[401], 'Common.0013', 'credentials', 'refused', 'credentials'],
  [[202], 'Common.0024', 'throttled', 'unknown', 'throttled'],
  [[429, 503], 'Common.1503', 'throttled', 'refused', 'throttled'],
  [[400], 'Common.0011', 'observe', 'unknown', 'absent'],
  [[400], 'Common.0021 Common.0025', 'observe', 'unknown', 'retry'],
  [[400], 'Common.0022 Common.0020 Common.0999', 'observe', 'unknown', 'retry'],
  [[401], 'APIG.0301 APIG.0305 APIG.0307 APIG.0303', 'credentials', 'refused', 'credentials'],
  [[403], 'APIG.0302 APIG.0304 APIG.0306 APIG.0310 APIG.0401 APIG.0402 APIG.0404 APIG.0802', 'credentials', 'refused', 'credentials'],
  [[429], 'APIG.0308', 'throttled', 'refused', 'throttled'],
  [[404], 'APIG.0101', 'never', 'refused', 'never'],
  [[405], 'APIG.0501 APIG.0502', 'never', 'refused', 'never'],
  [[400], 'APIG.0103 APIG.0104 APIG.0105 APIG.0106', 'never', 'refused', 'never'],
  [[413, 414, 494], 'APIG.0201', 'never', 'refused', 'never'],
  [[500, 502, 504], 'APIG.0201', 'observe', 'unknown', 'retry'],
  [[500, 503], 'APIG.0601 APIG.0605 APIG.0606 APIG.0613', 'observe', 'unknown', 'retry'],
  [[502], 'APIG.0610', 'observe', 'unknown', 'retry'],
  [[404], 'VPC.2502', 'observe', 'unknown', 'observe'],
  [[500], 'VPC.0706 VPC.0508', 'observe', 'unknown', 'retry'],
  [[404], 'VPC.0504', 'observe', 'unknown', 'observe'],
  [[409], 'VPC.0103 VPC.0512', 'wait-busy', 'refused', 'retry'],
  [[409], 'VPC.0701 VPC.2504 VPC.0510 VPC.0511', 'never', 'refused', 'never'],
  [[400, 404], 'VPC.2500', 'never', 'refused', 'never'],
  [[403], 'VPC.0010', 'never', 'refused', 'credentials'],
  [[400], 'Ecs.0010 Ecs.0012 Ecs.0014 Ecs.0038 Ecs.0039 Ecs.0050 Ecs.0919', 'never', 'refused', 'never'],
  [[400], 'Ecs.0201 Ecs.0211 Ecs.0213 Ecs.0217', 'observe', 'unknown', 'retry'],
];

const cases = SPEC.flatMap(([statuses, codes, effect, fate, read]) =>
  statuses.flatMap((status) => codes.split(' ').map((code) => ({ status, code, effect, fate, read }))),
);

describe('the table (docs/cloud-api.md §6.2)', () => {
  it.each(cases)('HTTP $status $code: $effect, $fate', async ({ status, code, effect, fate, read }) => {
    const variants = code.startsWith('APIG.') ? [code, code.replace('APIG.', 'APIGW.')] : [code];
    for (const body of variants.flatMap(shapes)) {
      const error = await post({ status, body });
      expect(error).toMatchObject({
        action: effect,
        fate,
        httpStatus: status,
        kind: 'answer',
        sent: 'answered',
      });
      expect(variants).toContain(error.code);
      expect(await get({ status, body })).toMatchObject({ action: read });
    }
  });

  it('has no row that this expectation does not know', () => {
    const known = new Set([
      ...cases.map(({ code }) => code),
      'PortNotFound',
      'PortInUse',
      'IpAddressInUse',
      'itemNotFound',
      'conflictingRequest',
    ]);
    expect(ERROR_TABLE.map(({ code }) => code).filter((code) => !known.has(code))).toEqual([]);
  });

  it('can be made into a document', () => {
    for (const row of [...ERROR_TABLE, ...DEFAULT_RULES]) {
      expect(row.meaning).toMatch(/^\S.{3,}[^.]$/);
      expect(row.hint).toMatch(/^[A-Z].*\.$/);
    }
    for (const row of ERROR_TABLE) expect(row.http.length).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(ERROR_TABLE))).toEqual(ERROR_TABLE);
  });

  it('a busy server is asked again after a minute', async () => {
    expect((await post({ status: 501, body: shapes('Ecs.0603')[0] })).delayMs).toBe(60_000);
  });
});

describe('what an error carries inside', () => {
  const wrapped = (fault: string, code: number | string) => ({
    status: 400,
    body: { error: { code: 'Ecs.1000', message: JSON.stringify({ [fault]: { message: 'text', code } }) } },
  });

  it.each([
    ['itemNotFound', 404, 'observe', 'unknown'],
    ['conflictingRequest', 409, 'wait-busy', 'refused'],
    ['somethingElse', '409', 'wait-busy', 'refused'],
    ['badRequest', 400, 'observe', 'unknown'],
    ['computeFault', 500, 'observe', 'unknown'],
  ])('Ecs.1000 around %s %s: %s', async (fault, code, action, fate) => {
    const error = await post(wrapped(fault, code));
    expect(error).toMatchObject({ action, fate, code: 'Ecs.1000', cloudMessage: 'text' });
    expect(error.innerCode).not.toBeNull();
  });

  it('also when it is text or a detail', async () => {
    const text = {
      status: 400,
      body: { error: { code: 'Ecs.1000', message: 'Nova: itemNotFound for port' } },
    };
    expect(await get(text)).toMatchObject({ action: 'observe' });
    const detail = { code: 'Ecs.0005', message: 'outer', details: [{ code: 'Ecs.0057', message: 'inner' }] };
    const error = await post({ status: 400, body: { error: detail } });
    expect(error).toMatchObject({ code: 'Ecs.0005', innerCode: 'Ecs.0057', action: 'never' });
    expect(error.message).toContain('Ecs.0005 (Ecs.0057)');
  });

  it('a Neutron error inside a gateway’s is a missing port', async () => {
    const body = { NeutronError: { type: 'PortNotFound', message: 'Port could not be found', detail: '' } };
    for (const each of [body, { error_msg: JSON.stringify(body) }]) {
      const { cloud } = clientAnswered({ status: 404, body: each });
      expect(await failure(cloud.showPort(NIC))).toMatchObject({ action: 'absent', code: 'PortNotFound' });
    }
  });
});

describe('where each call learns that something is gone', () => {
  it('port 404, server 404, list 400 Ecs.0307, job 400 or 404', async () => {
    const call = (status: number, code: string) =>
      clientAnswered({ status, body: { code, message: 'm' } }).cloud;
    expect(await failure(call(404, 'VPC.2502').showPort(NIC))).toMatchObject({ action: 'absent' });
    expect(await failure(call(404, 'Ecs.0114').showServer(SERVER))).toMatchObject({ action: 'absent' });
    expect(await failure(call(400, 'Ecs.0307').listInterfaces(SERVER))).toMatchObject({ action: 'observe' });
    expect(await failure(call(400, 'Common.0011').showJob(JOB))).toMatchObject({ action: 'absent' });
    expect(await failure(call(404, 'Ecs.9999').showJob(JOB))).toMatchObject({ action: 'absent' });
    // Evidence only about what was asked for, and from no failing server.
    expect(await failure(call(400, 'Common.0011').showPort(NIC))).toMatchObject({ action: 'observe' });
    expect(await failure(call(404, 'VPC.2502').showServer(SERVER))).toMatchObject({ action: 'observe' });
    expect(await failure(call(500, 'VPC.2502').showPort(NIC))).toMatchObject({ action: 'observe' });
    // No code, no evidence: a proxy's 404 page proves nothing.
    expect(await failure(clientAnswered({ status: 404, body: '<html>' }).cloud.showPort(NIC))).toMatchObject({
      action: 'retry',
    });
    expect(await failure(call(404, 'APIGW.0101').showPort(NIC))).toMatchObject({ action: 'never' });
    expect(await failure(call(404, 'Ecs.9999').showServer(SERVER))).toMatchObject({ action: 'never' });
  });
});

describe('calls that change something', () => {
  const calls: Record<string, [string, (cloud: Cloud) => Promise<unknown>]> = {
    deleteNics: ['ecs:cloudServerNics:delete', (cloud) => cloud.deleteNics(SERVER, [NIC])],
    attachNics: ['ecs:cloudServers:addNics', (cloud) => cloud.attachNics(SERVER, [NIC])],
    createPort: ['vpc:ports:create', (cloud) => cloud.createPort(PORT)],
    setDeleteOnTermination: [
      'ecs:cloudServers:updateServerInterface',
      (cloud) => cloud.setDeleteOnTermination(SERVER, NIC, true),
    ],
    updatePort: ['vpc:ports:update', (cloud) => cloud.updatePort(NIC, { name: 'n' })],
    deletePort: ['vpc:ports:delete', (cloud) => cloud.deletePort(NIC)],
    bindElasticIp: ['vpc:publicIps:update', (cloud) => cloud.bindElasticIp('eip', NIC)],
  };
  const NOT_IDEMPOTENT = ['deleteNics', 'attachNics', 'createPort'];
  const meet = (name: string, answer: Canned) => failure(calls[name]![1](clientAnswered(answer).cloud));
  const lost = (name: string) =>
    failure(calls[name]![1](clientOf('http://cloud.test', { transport: () => Promise.reject(LOST) })));
  const LOST = new TransportError('timeout', 'maybe', 'no answer');

  it.each(Object.keys(calls))(
    '%s: its fate decides where it is not idempotent, else it is made again',
    async (name) => {
      const action = NOT_IDEMPOTENT.includes(name) ? 'observe' : 'retry';
      expect(await lost(name)).toMatchObject({ action, fate: 'unknown' });
      expect(await meet(name, { status: 502, body: '<html>' })).toMatchObject({ action, fate: 'unknown' });
      const busy = NOT_IDEMPOTENT.includes(name) ? 'wait-busy' : 'retry';
      expect(await meet(name, { status: 501, body: shapes('Ecs.0603')[0] })).toMatchObject({ action: busy });
      const locked = await meet(name, { status: 400, body: shapes('Ecs.0605')[0] });
      expect(locked).toMatchObject({ action: 'never', fate: 'refused' });
    },
  );

  it.each(Object.keys(calls))('%s: a refused permission is named, once', async (name) => {
    const [permission] = calls[name]!;
    for (const code of ['Pdp.0001', 'VPC.0010', 'APIG.0302', 'Some.0000']) {
      const { hint } = await meet(name, { status: 403, body: { code, message: 'no' } });
      expect(hint.split(permission)).toHaveLength(2);
    }
    const { hint } = await meet(name, { status: 409, body: { code: 'Some.0000', message: 'no' } });
    expect(hint).not.toContain(permission);
  });

  it.each([
    ['setDeleteOnTermination', 404, 'Ecs.0114'],
    ['attachNics', 404, 'Ecs.0114'],
    ['deletePort', 404, 'VPC.2502'],
    ['updatePort', 404, 'VPC.2502'],
    ['bindElasticIp', 404, 'VPC.2502'],
    ['bindElasticIp', 404, 'VPC.0504'],
  ])('%s learns from %i %s that what it is about is gone', async (name, status, code) => {
    const action = NOT_IDEMPOTENT.includes(name) ? expect.stringMatching(/absent|observe/) : 'absent';
    expect(await meet(name, { status, body: { code, message: 'm' } })).toMatchObject({ action });
    // No evidence from a failing service.
    expect(await meet(name, { status: 500, body: { code, message: 'm' } })).toMatchObject({
      action: 'observe',
    });
  });

  it('only the primary NIC’s 403 speaks of the primary NIC', async () => {
    const coded = { status: 403, body: { code: 'Some.0000', message: 'no' } };
    for (const name of Object.keys(calls)) {
      expect((await meet(name, coded)).hint.includes('primary NIC')).toBe(name === 'deleteNics');
    }
  });

  it.each([
    [400, 'VPC.2500', 'port-in-use'],
    [404, 'VPC.2500', null],
    [409, 'VPC.0701', 'ip-taken'],
    [400, 'Ecs.0010', 'ip-taken'],
    [409, 'VPC.0510', 'elastic-ip-bound'],
    [404, 'VPC.0504', 'elastic-ip-gone'],
    [409, 'VPC.2504', null],
  ])('HTTP %i %s is the sign %s', async (status, code, sign) => {
    expect((await meet('deletePort', { status, body: { code, message: 'm' } })).sign).toBe(sign);
  });
});

describe('codes that are not in the table', () => {
  const coded = { error: { code: 'Ecs.9999', message: 'm' } };
  const page = '<html><head><title>403</title></head></html>';

  it.each<[number, unknown, string, string, string]>([
    [400, coded, 'never', 'refused', 'never'],
    [401, coded, 'credentials', 'refused', 'credentials'],
    [401, page, 'credentials', 'refused', 'credentials'],
    [401, { code: 'Ecs.0000', message: 'm' }, 'credentials', 'refused', 'credentials'],
    [403, coded, 'never', 'refused', 'credentials'],
    [403, { forbidden: { message: 'm', code: 403 } }, 'never', 'refused', 'credentials'],
    [403, page, 'observe', 'unknown', 'retry'],
    [403, '', 'observe', 'unknown', 'retry'],
    [403, { error: { message: 'no code' } }, 'observe', 'unknown', 'retry'],
    [404, page, 'observe', 'unknown', 'retry'],
    [408, coded, 'observe', 'unknown', 'retry'],
    [409, coded, 'never', 'refused', 'never'],
    [418, page, 'observe', 'unknown', 'retry'],
    [429, coded, 'throttled', 'refused', 'throttled'],
    [429, page, 'throttled', 'refused', 'throttled'],
    [429, { code: 'Ecs.0000', message: 'm' }, 'throttled', 'refused', 'throttled'],
    [302, '', 'observe', 'unknown', 'retry'],
    [200, coded, 'observe', 'unknown', 'retry'],
    [500, coded, 'observe', 'unknown', 'retry'],
    [501, coded, 'observe', 'unknown', 'retry'],
    [502, page, 'observe', 'unknown', 'retry'],
    [503, '', 'observe', 'unknown', 'retry'],
    [504, { error_code: 'APIG.9999', error_msg: 'm' }, 'observe', 'unknown', 'retry'],
  ])('HTTP %i %j: %s, %s; read: %s', async (status, body, effect, fate, read) => {
    expect(await post({ status, body })).toMatchObject({ action: effect, fate, sent: 'answered' });
    expect(await get({ status, body })).toMatchObject({ action: read });
  });

  it('the primary NIC’s 403 names the likely reason', async () => {
    expect((await post({ status: 403, body: coded })).hint).toContain('primary NIC');
  });
});

describe('the message', () => {
  it('is one readable line', async () => {
    const body = { error: { code: 'Ecs.0605', message: 'ECS\nlocked' } };
    const error = await post({ status: 400, body, headers: { 'x-request-id': 'r-1' } });
    expect(error.message).toBe(
      'deleteNics: HTTP 400 Ecs.0605, the server is locked: “ECS locked” (request r-1)',
    );
    expect(error.name).toBe('CloudError');
    expect(error).toBeInstanceOf(Error);
  });

  it('holds nothing of a page', async () => {
    const error = await get({ status: 403, body: `<html><script>${'x'.repeat(9999)}</script></html>` });
    expect(error.message).toBe(
      'showJob: HTTP 403, an answer without a code of the cloud, probably from a firewall or proxy',
    );
    expect(inspect(error)).not.toContain('<script');
  });

  it('takes the request id from the body when no header has it, and no odd one', async () => {
    const body = { error_code: 'APIGW.0301', error_msg: 'm', request_id: 'from-body' };
    expect((await get({ status: 401, body })).requestId).toBe('from-body');
    expect((await get({ status: 500, headers: { 'x-request-id': 'a b\tc' } })).requestId).toBeNull();
  });

  it('tells the quota', async () => {
    const body = { error_code: 'APIGW.0308', error_msg: 'over ratelimit,limit:200,time:5 minute' };
    const error = await get({ status: 429, body });
    expect(error).toMatchObject({
      throttle: { limit: 200, windowMs: 300_000 },
      delayMs: null,
      retryAfterMs: null,
    });
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 1);
  it.each<[string | undefined, number | null]>([
    ['0', 0],
    ['5', 5_000],
    [' 1.5 ', 1_500],
    ['86400', 600_000],
    ['9'.repeat(400), 600_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Thu, 01 Jan 2026 23:00:00 GMT', 600_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', null],
    ['-5', null],
    ['', null],
    [undefined, null],
  ])('%j is %s', (value, ms) => expect(parseRetryAfter(value, now)).toBe(ms));
});
