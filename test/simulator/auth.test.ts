import { describe, expect, it } from 'vitest';
import type { SimulatorOptions } from '../../simulator';
import { DEFAULTS, ManualClock } from '../../simulator';
import { canonicalRequest, signature } from '../../simulator/identity/signature';
import { Bench } from './support';

const START = Date.parse('2026-01-05T10:00:00.000Z');
const PATH = '/cloudservers/detail?limit=10&offset=1';

interface Wrong {
  sk?: string;
  ak?: string;
  date?: string;
  signed?: string[];
  extra?: Record<string, string>;
}

/** A signed read, with one thing or another wrong with it. */
async function read(
  bench: Bench,
  {
    sk = DEFAULTS.sk,
    ak = DEFAULTS.ak,
    date = '20260105T100000Z',
    signed = ['host', 'x-sdk-date'],
    extra = {},
  }: Wrong = {},
) {
  const headers = { host: 'localhost:80', 'x-sdk-date': date };
  const url = `/v1/${bench.project}${PATH}`;
  const canonical = canonicalRequest({ method: 'GET', url, headers, body: Buffer.alloc(0) }, signed);
  const authorization = `SDK-HMAC-SHA256 Access=${ak}, SignedHeaders=${signed.join(';')}, Signature=${signature(sk, date, canonical)}`;
  const answer = await bench.simulator.app.inject({
    method: 'GET',
    url,
    headers: { ...headers, authorization, ...extra },
  });
  return { status: answer.statusCode, body: answer.json<{ error_code?: string; error_msg?: string }>() };
}

const bench = (options: SimulatorOptions = {}) =>
  new Bench({ auth: 'verify', signingClock: new ManualClock(START), ...options });

describe('the gateway', () => {
  it('accepts a good signature, whether or not the host is signed', async () => {
    expect((await read(bench())).status).toBe(200);
    expect((await read(bench(), { signed: ['x-sdk-date'] })).status).toBe(200);
  });

  it('refuses what is not signed right, each with its word', async () => {
    const message = async (wrong: Wrong) => {
      const { status, body } = await read(bench(), wrong);
      expect(status).toBe(401);
      return `${body.error_code}: ${body.error_msg}`;
    };
    expect(await message({ sk: 'wrong' })).toBe(
      'APIGW.0301: Incorrect IAM authentication information: verify aksk signature fail',
    );
    expect(await message({ ak: 'NOBODY' })).toContain('ak not exist');
    expect(await message({ signed: ['host'] })).toContain('x-sdk-date is not signed');
    expect(await message({ date: 'yesterday' })).toContain('malformed');
    expect(await message({ extra: { authorization: 'Basic eDp5' } })).toContain('malformed');
    expect(await message({ date: '20260105T094459Z' })).toContain('APIGW.0303');
    const unsigned = await bench().call('GET', PATH);
    expect(unsigned).toMatchObject({ status: 401, body: { error_code: 'APIGW.0301' } });
  });

  it('allows a skew of 15 minutes', async () => {
    expect((await read(bench(), { date: '20260105T094500Z' })).status).toBe(200);
    expect((await read(bench(), { date: '20260105T101500Z' })).status).toBe(200);
  });

  it('refuses a body that is not the one signed', async () => {
    const there = bench();
    const headers = {
      host: 'localhost:80',
      'x-sdk-date': '20260105T100000Z',
      'content-type': 'application/json',
    };
    const url = `/v1/${there.project}/cloudservers/${there.server().id}/nics/delete`;
    const signed = ['content-type', 'host', 'x-sdk-date'];
    const post = (payload: string) => {
      const canonical = canonicalRequest(
        { method: 'POST', url, headers, body: Buffer.from('{"nics":[]}') },
        signed,
      );
      const authorization = `SDK-HMAC-SHA256 Access=${DEFAULTS.ak}, SignedHeaders=${signed.join(';')}, Signature=${signature(DEFAULTS.sk, headers['x-sdk-date'], canonical)}`;
      return there.simulator.app.inject({
        method: 'POST',
        url,
        headers: { ...headers, authorization },
        payload,
      });
    };
    expect((await post('{"nics":[]}')).statusCode).toBe(400);
    expect((await post('{"nics": []}')).statusCode).toBe(401);
  });

  it('locks a key for five minutes after five failures in a row', async () => {
    const there = bench();
    for (let i = 0; i < 4; i++) await read(there, { sk: 'wrong' });
    expect((await read(there)).status).toBe(200);
    for (let i = 0; i < 5; i++) await read(there, { sk: 'wrong' });
    const locked = await read(there);
    expect(locked.status).toBe(401);
    expect(locked.body.error_msg).toContain('AK access failed to reach the limit, forbidden');
    there.advance(5 * 60);
    expect((await read(there)).status).toBe(200);
  });

  it('wants the security token of temporary keys, signed or not', async () => {
    const options = { keys: [{ ak: 'TEMP', sk: 's', securityToken: 'T', expiresAt: START + 60_000 }] };
    const there = bench(options);
    const good = { ak: 'TEMP', sk: 's', extra: { 'x-security-token': 'T' } };
    expect((await read(there, { ...good, extra: {} })).status).toBe(401);
    expect((await read(there, good)).status).toBe(200);
    there.advance(60);
    expect((await read(there, good)).status).toBe(401);
  });

  it('accepts tokens until they expire or are revoked', async () => {
    const there = bench({ tokens: [{ token: 'a', expiresAt: START + 60_000 }, { token: 'b' }] });
    const withToken = async (token: string) => {
      const { status, body } = await there.call('GET', PATH, undefined, { 'x-auth-token': token });
      return [status, body.error_code as unknown];
    };
    expect(await withToken('a')).toEqual([200, undefined]);
    expect(await withToken('c')).toEqual([401, 'APIGW.0301']);
    there.advance(60);
    expect(await withToken('a')).toEqual([401, 'APIGW.0307']);
    expect(await withToken('b')).toEqual([200, undefined]);
    there.control.revokeToken('b');
    expect(await withToken('b')).toEqual([401, 'APIGW.0301']);
  });

  it('signs every answer with a request id that the ledger knows', async () => {
    const there = new Bench();
    for (const path of ['/nothing', '/jobs/x', PATH]) {
      const { headers } = await there.call('GET', path, undefined, { 'x-request-id': 'mine' });
      expect(headers).toMatchObject({ server: 'api-gateway' });
      expect(headers['x-request-id']).toBe(there.simulator.ledger.requests.at(-1)?.requestId);
      expect(headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
    }
    expect(there.simulator.ledger.requests.at(-1)).toMatchObject({ callerRequestId: 'mine', status: 200 });
  });
});

describe('keys', () => {
  it('can be replaced and taken away, and tell of their locks', async () => {
    const there = bench();
    const state = () => there.control.keys()[0];
    there.control.putKey({ ak: DEFAULTS.ak, sk: 'another' });
    expect((await read(there)).status).toBe(401);
    expect((await read(there, { sk: 'another' })).status).toBe(200);
    for (let i = 0; i < 5; i++) await read(there);
    expect(state()).toEqual({ ak: DEFAULTS.ak, temporary: false, failures: 0, locked: true, locks: 1 });
    there.advance(5 * 60);
    expect(state()).toMatchObject({ locked: false, locks: 1 });
    there.control.removeKey(DEFAULTS.ak);
    expect((await read(there, { sk: 'another' })).body.error_msg).toContain('ak not exist');
    expect(() => there.control.removeKey(DEFAULTS.ak)).toThrow('there is no key');
    expect(there.control.keys()).toEqual([]);
  });

  it('are refused by a cloud whose clock differs, which its answers show', async () => {
    const there = bench({ knobs: { clockSkewSeconds: 1_200 } });
    const answer = await read(there);
    expect([answer.status, answer.body.error_code]).toEqual([401, 'APIGW.0303']);
    const { headers } = await there.call('GET', PATH);
    expect(headers['date']).toBe('Mon, 05 Jan 2026 10:20:00 GMT');
  });
});
