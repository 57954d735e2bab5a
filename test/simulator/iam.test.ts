import { describe, expect, it } from 'vitest';
import type { SimulatorOptions } from '../../simulator';
import { DEFAULTS, ManualClock } from '../../simulator';
import { Bench } from './support';

const START = Date.parse('2026-01-05T10:00:00.000Z');
const LIST = '/cloudservers/detail?limit=10&offset=1';

const bench = (options: SimulatorOptions = {}) =>
  new Bench({ auth: 'verify', signingClock: new ManualClock(START), ...options });

interface Wish {
  domain?: string;
  name?: string;
  password?: string;
  scope?: unknown;
  methods?: string[];
}

async function login(
  { simulator }: Bench,
  { domain = DEFAULTS.domain, name = DEFAULTS.user, password = DEFAULTS.password, ...wish }: Wish = {},
) {
  const scope = 'scope' in wish ? wish.scope : { project: { id: DEFAULTS.projectId } };
  const identity = {
    methods: wish.methods ?? ['password'],
    password: { user: { domain: { name: domain }, name, password } },
  };
  const answer = await simulator.app.inject({
    method: 'POST',
    url: '/v3/auth/tokens?nocatalog=true',
    headers: { 'content-type': 'application/json;charset=utf8' },
    payload: JSON.stringify({ auth: { identity, ...(scope === undefined ? {} : { scope }) } }),
  });
  return {
    status: answer.statusCode,
    token: String(answer.headers['x-subject-token']),
    body: answer.json<{ token: Record<string, unknown>; error: unknown; error_code: string }>(),
  };
}

async function read(there: Bench, token: string): Promise<[number, unknown]> {
  const { status, body } = await there.call('GET', LIST, undefined, { 'x-auth-token': token });
  return [status, body.error_code ?? body.error?.code];
}

describe('IAM', () => {
  it('gives a token for the project, which the gateway accepts until it expires', async () => {
    const there = bench();
    const { status, token, body } = await login(there);
    expect(status).toBe(201);
    expect(token.length).toBeGreaterThan(1_500);
    expect(body.token).toMatchObject({
      issued_at: '2026-01-05T10:00:00.000000Z',
      expires_at: '2026-01-06T10:00:00.000000Z',
      project: { id: DEFAULTS.projectId },
    });
    expect(await read(there, token)).toEqual([200, undefined]);
    there.advance(86_399);
    expect(await read(there, token)).toEqual([200, undefined]);
    there.advance(1);
    expect(await read(there, token)).toEqual([401, 'APIGW.0307']);
    // A newer token does nothing to an older one.
    const [first, second] = [await login(there), await login(there)];
    expect(first.token).not.toBe(second.token);
    expect(await read(there, first.token)).toEqual([200, undefined]);
  });

  it('takes the project by name, too, and refuses others; a token for none opens none', async () => {
    const there = bench();
    const byName = await login(there, { scope: { project: { name: DEFAULTS.region } } });
    expect(await read(there, byName.token)).toEqual([200, undefined]);
    for (const project of [{ id: 'another' }, { name: 'another' }]) {
      expect(await login(there, { scope: { project } })).toMatchObject({ status: 401 });
    }
    const unscoped = await login(there, { scope: undefined });
    expect(unscoped.status).toBe(201);
    expect(await read(there, unscoped.token)).toEqual([400, 'Ecs.0023']);
  });

  it('refuses in its own envelope', async () => {
    const there = bench();
    expect(await login(there, { password: 'wrong' })).toMatchObject({
      status: 401,
      token: 'undefined',
      body: { error: { code: 401, title: 'Unauthorized', message: 'The username or password is wrong.' } },
    });
    expect((await login(there, { name: 'nobody' })).status).toBe(401);
    expect((await login(there, { domain: 'elsewhere' })).status).toBe(401);
    expect(await login(there, { methods: ['token'] })).toMatchObject({
      status: 400,
      body: { error: { code: 400 } },
    });
    const garbage = await there.simulator.app.inject({
      method: 'POST',
      url: '/v3/auth/tokens',
      payload: '{',
    });
    expect(garbage.statusCode).toBe(400);
  });

  it('locks a user out after five wrong passwords, for everybody', async () => {
    const there = bench();
    for (let i = 0; i < 4; i++) await login(there, { password: 'wrong' });
    expect((await login(there)).status).toBe(201);
    for (let i = 0; i < 5; i++) await login(there, { password: 'wrong' });
    expect(there.control.users()).toEqual([
      { domain: DEFAULTS.domain, name: DEFAULTS.user, failures: 0, locked: true, logins: 1 },
    ]);
    expect((await login(there)).body.error).toMatchObject({ message: 'The account is locked.' });
    there.advance(15 * 60);
    expect((await login(there)).status).toBe(201);
    // Spread over more than a quarter of an hour they do not add up.
    for (let i = 0; i < 6; i++) {
      await login(there, { password: 'wrong' });
      there.advance(4 * 60);
    }
    expect(there.control.users()[0]).toMatchObject({ locked: false, failures: 3 });
  });

  it('throttles when told to', async () => {
    const there = bench({ knobs: { loginThrottle: { limit: 1, minutes: 1 } } });
    expect((await login(there)).status).toBe(201);
    expect(await login(there)).toMatchObject({ status: 429, body: { error_code: 'IAM.0012' } });
    there.advance(60);
    expect((await login(there)).status).toBe(201);
  });

  it('can leave the expiry out, or write nonsense', async () => {
    const there = bench({ knobs: { tokenExpiry: 'missing' } });
    expect((await login(there)).body.token).not.toHaveProperty('expires_at');
    there.control.setKnobs({ tokenExpiry: 'unreadable' });
    expect((await login(there)).body.token).toMatchObject({ expires_at: 'tomorrow' });
  });

  it('tokens are revoked one by one, all at once, and with a new password', async () => {
    const there = bench();
    const [a, b, c] = [await login(there), await login(there), await login(there)];
    there.control.revokeToken(a.token);
    expect(await read(there, a.token)).toEqual([401, 'APIGW.0301']);
    expect(await read(there, b.token)).toEqual([200, undefined]);
    there.control.setKnobs({ revokedTokenCode: '0307' });
    there.control.revokeToken();
    expect(await read(there, b.token)).toEqual([401, 'APIGW.0307']);
    expect(await read(there, c.token)).toEqual([401, 'APIGW.0307']);
    const { token } = await login(there);
    there.control.putUser({ domain: DEFAULTS.domain, name: DEFAULTS.user, password: 'new' });
    expect((await read(there, token))[0]).toBe(401);
    expect((await login(there)).status).toBe(401);
    expect((await login(there, { password: 'new' })).status).toBe(201);
  });

  it('is in the ledger by class, without a secret, and can be made to fail', async () => {
    const there = bench();
    const { token } = await login(there);
    await login(there, { password: 'a-wrong-password' });
    await read(there, token);
    there.control.addFault({ match: { class: 'iam' }, what: { kind: 'status', status: 503 }, times: 1 });
    expect((await login(there)).status).toBe(503);
    const { ledger } = there.simulator;
    expect(ledger.summary().requests).toEqual({ iam: 3, servers: 1 });
    expect(ledger.requests.map(({ status, accepted, proof }) => [status, accepted, proof])).toEqual([
      [201, true, undefined],
      [401, false, undefined],
      [200, undefined, 'token'],
      [503, false, undefined],
    ]);
    const text = JSON.stringify(ledger);
    for (const secret of [token, DEFAULTS.password, 'a-wrong-password']) expect(text).not.toContain(secret);
  });
});

async function metadata(
  { simulator }: Bench,
  method: 'GET' | 'PUT',
  path: string,
  headers: Record<string, string> = {},
) {
  const { statusCode, body } = await simulator.app.inject({ method, url: path, headers });
  return { status: statusCode, body };
}

const TOKEN_PATH = '/meta-data/latest/api/token';
const KEY_PATH = '/openstack/latest/securitykey';

describe('the metadata service', () => {
  const ttl = (seconds: string) => ({ 'x-metadata-token-ttl-seconds': seconds });

  it('gives keys to who brings a token, while it is valid', async () => {
    const there = bench();
    expect((await metadata(there, 'GET', KEY_PATH)).status).toBe(401);
    expect((await metadata(there, 'PUT', TOKEN_PATH)).status).toBe(400);
    expect((await metadata(there, 'PUT', TOKEN_PATH, ttl('21601'))).status).toBe(400);
    const { status, body: token } = await metadata(there, 'PUT', TOKEN_PATH, ttl('60'));
    expect([status, token]).toEqual([200, expect.stringMatching(/^[0-9a-f]{32}$/)]);
    const keys = await metadata(there, 'GET', KEY_PATH, { 'x-metadata-token': token });
    expect(JSON.parse(keys.body)).toEqual({
      credential: {
        access: expect.stringMatching(/^[0-9A-F]{20}$/) as string,
        secret: expect.any(String) as string,
        securitytoken: expect.any(String) as string,
        expires_at: '2026-01-06T10:00:00.000000Z',
      },
    });
    there.advance(60);
    expect((await metadata(there, 'GET', KEY_PATH, { 'x-metadata-token': token })).status).toBe(401);
  });

  it('gives the same keys until an hour before their end', async () => {
    const there = bench({ knobs: { metadataToken: 'unsupported' } });
    expect((await metadata(there, 'PUT', TOKEN_PATH, ttl('60'))).status).toBe(404);
    const access = async () =>
      (JSON.parse((await metadata(there, 'GET', KEY_PATH)).body) as { credential: { access: string } })
        .credential.access;
    const first = await access();
    there.advance(23 * 3_600 - 1);
    expect(await access()).toBe(first);
    there.advance(1);
    expect(await access()).not.toBe(first);
    expect(there.control.keys().map(({ temporary }) => temporary)).toEqual([false, true, true]);
    expect(JSON.stringify(there.simulator.ledger)).not.toContain(first);
  });

  it('has no keys without an agency', async () => {
    const there = bench({ knobs: { metadataToken: 'optional', agency: false } });
    expect((await metadata(there, 'GET', KEY_PATH)).status).toBe(404);
    expect(there.simulator.ledger.summary().requests).toEqual({ metadata: 1 });
  });
});

describe('the secrets that were in use', () => {
  it('are known afterwards, so that a test can search for them', async () => {
    const secrets = async ({ simulator }: Bench) =>
      (await simulator.app.inject({ method: 'GET', url: '/_sim/secrets' })).json<{ secrets: string[] }>()
        .secrets;
    const one = bench();
    const { token } = await login(one);
    one.simulator.control.revokeToken(token);
    one.simulator.control.putKey({ ak: DEFAULTS.ak, sk: 'another-secret-key' });
    expect(await secrets(one)).toEqual(
      expect.arrayContaining([DEFAULTS.sk, 'another-secret-key', DEFAULTS.password, token]),
    );
  });
});
