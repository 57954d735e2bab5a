/** Credentials and where they may travel (docs/contract.md §8.2). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format, inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../src/worker/config';

const AK = 'an-access-key-id-of-tests';
const SK = 'a-secret-that-must-not-show';
const TOKEN = 'a-token-that-must-not-show';
const PASSWORD = 'a pässword "that" must-not-show';
const USER = 'a-user-of-tests';
const DOMAIN = 'a-domain-of-tests';
const lib = mkdtempSync(join(tmpdir(), 'ecs-nics-'));
afterAll(() => rmSync(lib, { recursive: true }));
const place = { HUAWEICLOUD_SDK_PROJECT_ID: 'p', HUAWEICLOUD_SDK_REGION_ID: 'eu-west-101' };
const keys = { HUAWEICLOUD_SDK_AK: AK, HUAWEICLOUD_SDK_SK: SK };
const hwKeys = { HW_ACCESS_KEY: AK, HW_SECRET_KEY: SK };
const login = { HW_DOMAIN_NAME: DOMAIN, HW_USER_NAME: USER, HW_USER_PASSWORD: PASSWORD };
const ready = { HW_AUTH_TOKEN: TOKEN };

function errorOf(env: Record<string, string>): ConfigError | null {
  try {
    readConfig(env, lib, false);
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}
const everyView = (value: unknown) =>
  [
    inspect(value, { depth: 20, showHidden: true }),
    JSON.stringify(value),
    format('%o %O %j', value, value, value),
    value instanceof Error ? `${value.message} ${value.stack}` : '',
  ].join('\n');

describe('secrets', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['access keys', keys, /^access keys/],
    ['temporary keys', { ...keys, HUAWEICLOUD_SDK_SECURITY_TOKEN: TOKEN }, /^temporary access keys/],
    [
      'keys by their second names',
      { HW_ACCESS_KEY: AK, HW_SECRET_KEY: SK, HW_SECURITY_TOKEN: TOKEN },
      /^temp/,
    ],
    ['a ready token', { HW_AUTH_TOKEN: TOKEN }, /token/],
  ])('%s work and show nowhere', async (_name, credentials, kind) => {
    const config = readConfig({ ...place, ...credentials }, lib, false);
    expect(config.credentialKind).toMatch(kind);
    for (const secret of [SK, TOKEN]) expect(everyView(config)).not.toContain(secret);
    const request = { method: 'GET', path: '/', headers: { host: 'h' }, body: null };
    const headers = await config.credentials.authorize(request, 0);
    expect(headers.authorization ?? headers['x-auth-token']).toBeTruthy();
    expect(JSON.stringify(headers)).not.toContain(SK);
  });

  it.each<[string, Record<string, string>]>([
    ['half a pair', { HUAWEICLOUD_SDK_SK: SK }],
    ['a key with a line break in it', { HUAWEICLOUD_SDK_AK: AK, HUAWEICLOUD_SDK_SK: `${SK}\n${SK}` }],
    ['a token with a space in it', { HW_AUTH_TOKEN: `${TOKEN} ${TOKEN}` }],
    ['a token with a key pair', { ...keys, HUAWEICLOUD_SDK_SECURITY_TOKEN: `${TOKEN} x` }],
    ['a password in an address', { ...keys, HUAWEICLOUD_ECS_ENDPOINT: `https://user:${SK}@ecs.example` }],
    ['a secret as region', { ...keys, HUAWEICLOUD_SDK_REGION_ID: `${SK}!` }],
    ['a secret as project', { ...keys, HUAWEICLOUD_SDK_PROJECT_ID: `${SK}!` }],
  ])('%s is a problem that quotes no secret', (_name, change) => {
    const error = errorOf({ ...place, ...change });
    expect(error?.problems).toHaveLength(1);
    for (const secret of [SK, TOKEN]) expect(everyView(error)).not.toContain(secret);
  });
});

describe('the chain', () => {
  const kindOf = (env: Record<string, string>) => readConfig({ ...place, ...env }, lib, false).credentialKind;

  it('takes the first complete source, and tells what else is set', () => {
    expect(kindOf({ ...keys, ...hwKeys, ...login, ...ready })).toBe(
      'access keys (HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK); set, but not used: access keys (HW_ACCESS_KEY, HW_SECRET_KEY),' +
        ' password login (HW_DOMAIN_NAME, HW_USER_NAME, HW_USER_PASSWORD), a ready token (HW_AUTH_TOKEN)',
    );
    expect(kindOf({ ...hwKeys, ...login })).toMatch(/^access keys \(HW_.*not used: password login/);
    expect(kindOf({ ...login, ...ready })).toMatch(/^password login .*not used: a ready token/);
    expect(kindOf(ready)).toBe('a ready token (HW_AUTH_TOKEN)');
    expect(kindOf({})).toBe('the server’s agency (metadata service)');
  });

  it('never mixes two sets: a security token belongs to its own keys', async () => {
    const config = readConfig({ ...place, ...keys, HW_SECURITY_TOKEN: TOKEN }, lib, false);
    const request = { method: 'GET', path: '/', headers: { host: 'h' }, body: null };
    expect(await config.credentials.authorize(request, 0)).not.toHaveProperty('x-security-token');
    expect(config.credentialKind).toMatch(/^access keys .*not used: access keys \(HW_SECURITY_TOKEN\)$/);
    const mixed = { HUAWEICLOUD_SDK_AK: AK, HW_SECRET_KEY: SK };
    expect(errorOf({ ...place, ...mixed })?.message).toContain('without HUAWEICLOUD_SDK_SK');
  });

  it('a domain name alone is no login when other credentials are there', () => {
    const domain = { HW_DOMAIN_NAME: DOMAIN };
    expect(kindOf({ ...keys, ...domain })).toBe('access keys (HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK)');
    expect(kindOf({ ...ready, ...domain })).toBe('a ready token (HW_AUTH_TOKEN)');
    expect(errorOf({ ...place, ...domain })?.message).toContain('without HW_USER_NAME and HW_USER_PASSWORD');
  });

  it('an incomplete set is an error that names what is missing, whatever comes after it', () => {
    const names = Object.keys(login);
    for (const missing of names) {
      const rest = Object.fromEntries(Object.entries(login).filter(([name]) => name !== missing));
      for (const after of [{}, ready]) {
        const error = errorOf({ ...place, ...rest, ...after });
        expect(error?.problems).toHaveLength(1);
        expect(error?.message).toMatch(new RegExp(`without ${missing}: `));
        expect(everyView(error)).not.toContain(PASSWORD);
      }
      // What comes before decides.
      expect(kindOf({ ...keys, ...rest })).toMatch(/^access keys/);
    }
    expect(errorOf({ ...place, HUAWEICLOUD_SDK_SECURITY_TOKEN: TOKEN })?.message).toContain(
      'without HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK',
    );
  });

  it('a password may hold any text, and shows nowhere', () => {
    const config = readConfig({ ...place, ...login }, lib, false);
    for (const value of [PASSWORD, USER, DOMAIN]) expect(everyView(config)).not.toContain(value);
    const error = errorOf({ ...place, ...login, HW_USER_PASSWORD: `${PASSWORD}\n${PASSWORD}` });
    expect(error?.message).toContain('HW_USER_PASSWORD is empty, or contains control characters');
    expect(everyView(error)).not.toContain(PASSWORD);
  });
});

describe('halves', () => {
  it.each<[Record<string, string>, string, string]>([
    [{ HUAWEICLOUD_SDK_AK: AK }, 'HUAWEICLOUD_SDK_AK is set', 'HUAWEICLOUD_SDK_SK'],
    [{ HW_ACCESS_KEY: AK }, 'HW_ACCESS_KEY is set', 'HW_SECRET_KEY'],
    [{ HW_ACCESS_KEY: AK }, 'HW_ACCESS_KEY is set', 'HUAWEICLOUD_SDK_SK'],
    [{ HUAWEICLOUD_SDK_SK: SK }, 'HUAWEICLOUD_SDK_SK is set', 'HUAWEICLOUD_SDK_AK'],
    [{ HW_SECRET_KEY: SK }, 'HW_SECRET_KEY is set', 'HW_ACCESS_KEY'],
  ])('%j: both halves are named', (half, has, lacks) => {
    expect(errorOf({ ...place, ...half })?.message).toContain(has);
    expect(errorOf({ ...place, ...half })?.message).toContain(lacks);
    // A ready token does not hide the mistake.
    expect(errorOf({ ...place, ...half, HW_AUTH_TOKEN: TOKEN })?.problems).toHaveLength(1);
  });

  it('a deployment needs both names', () => {
    const both = { TEMPORAL_DEPLOYMENT_NAME: 'd', TEMPORAL_WORKER_BUILD_ID: 'b' };
    expect(readConfig({ ...place, ...keys, ...both }, lib, false).deployment).toEqual({
      deploymentName: 'd',
      buildId: 'b',
    });
    for (const [name, value] of Object.entries(both)) {
      expect(errorOf({ ...place, ...keys, [name]: value })?.problems).toHaveLength(1);
    }
  });
});

describe('addresses', () => {
  const withEcs = (address: string, more: object = {}) =>
    errorOf({ ...place, ...keys, HUAWEICLOUD_ECS_ENDPOINT: address, ...more });
  it.each([
    'http://localhost:8900',
    'http://127.0.0.1',
    'http://127.8.9.10:1',
    'http://[::1]:80',
    'https://x.example',
  ])('%s may be used', (address) => expect(withEcs(address)).toBeNull());
  it.each([
    'http://ecs.example',
    'http://10.0.0.1',
    'http://0.0.0.0',
    'http://localhost.example',
    'http://ecs.localhost',
    'http://[::2]',
    'ftp://127.0.0.1',
    'https://ecs.example/v1',
    'https://ecs.example?x=1',
    'ecs.example',
    '//ecs.example',
  ])('%s may not', (address) => {
    const error = withEcs(address);
    expect(error?.problems).toHaveLength(1);
    expect(error?.message).toContain('HUAWEICLOUD_ECS_ENDPOINT');
  });
  it('plain http to another host is allowed by exactly one word', () => {
    expect(withEcs('http://sim:8900', { ECS_NICS_ALLOW_HTTP: 'true' })).toBeNull();
    for (const word of ['1', 'yes', 'TRUE', '']) {
      expect(withEcs('http://sim:8900', { ECS_NICS_ALLOW_HTTP: word })).not.toBeNull();
    }
    expect(withEcs('ftp://sim', { ECS_NICS_ALLOW_HTTP: 'true' })).not.toBeNull();
  });
  it('of IAM follows the same rule, and is checked whether or not it is used', () => {
    const withIam = (address: string) => errorOf({ ...place, ...keys, HUAWEICLOUD_IAM_ENDPOINT: address });
    expect(withIam('http://127.0.0.1:8900')).toBeNull();
    expect(withIam('http://iam.example')?.message).toContain('HUAWEICLOUD_IAM_ENDPOINT');
  });
  it('of the metadata service can only be one of this machine', () => {
    const withMetadata = (address: string) =>
      errorOf({ ...place, ECS_NICS_METADATA_ENDPOINT: address, ECS_NICS_ALLOW_HTTP: 'true' });
    expect(withMetadata('http://127.0.0.1:8900')).toBeNull();
    expect(withMetadata('http://[::1]:8900')).toBeNull();
    for (const address of ['http://169.254.169.254', 'http://sim:8900', 'https://metadata.example']) {
      expect(withMetadata(address)?.message).toContain('ECS_NICS_METADATA_ENDPOINT');
    }
  });
  it('every wrong or missing variable stands in one message', () => {
    const names = [
      'HUAWEICLOUD_SDK_PROJECT_ID',
      'HUAWEICLOUD_SDK_REGION_ID',
      'HUAWEICLOUD_SDK_SK',
      'HUAWEICLOUD_ECS_ENDPOINT',
      'HUAWEICLOUD_VPC_ENDPOINT',
      'HUAWEICLOUD_IAM_ENDPOINT',
      'ECS_NICS_METADATA_ENDPOINT',
      'ECS_NICS_TASK_QUEUE',
      'ECS_NICS_CLOUD_RPS',
      'ECS_NICS_SHUTDOWN_GRACE',
      'ECS_NICS_LOG_LEVEL',
      'ECS_NICS_LOG_FORMAT',
      'TEMPORAL_DEPLOYMENT_NAME',
    ];
    const wrong = Object.fromEntries(names.slice(3).map((name) => [name, 'no good']));
    const error = errorOf({ ...wrong, HUAWEICLOUD_SDK_AK: AK });
    expect(error?.problems).toHaveLength(names.length);
    for (const name of names) expect(error?.message).toContain(name);
  });
});
