/** Whom worker and starter talk to is verified, at the cloud and at Temporal: real peers, certificates made for the test. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment, startProgram } from '../../dev/processes';
import { root } from '../../dev/root';
import { cloudSettings } from '../../dev/simulator';
import type { Certificate } from '../support/certificates';
import { Authority, tlsInFrontOf } from '../support/certificates';
import { startConnectProxy } from '../support/connect-proxy';
import type { WatchedStack } from '../support/watched-stack';
import { startStack } from '../support/watched-stack';

let stack: WatchedStack;
let ours: Authority;
let other: Authority;

const LOGIN = {
  HW_DOMAIN_NAME: 'acme',
  HW_USER_NAME: 'worker',
  HW_USER_PASSWORD: 'password-of-the-tls-tests',
};

beforeAll(async () => {
  [ours, other] = [new Authority('ours'), new Authority('ours')];
  const { HW_DOMAIN_NAME: domain, HW_USER_NAME: user, HW_USER_PASSWORD: password } = LOGIN;
  stack = await startStack({
    label: 'tls',
    simulatorArgs: ['--domain', domain, '--user', user, '--password', password],
  });
});
afterAll(async () => {
  ours?.close();
  other?.close();
  await stack?.close();
});

interface Seen {
  /** Status of each line of `--check`, by what it is about. */
  check: Record<string, string>;
  text: string;
  /** Exit code of `ecs-nics list`. */
  starter: number | null;
  starterSaid: string;
  /** Requests that got through to the cloud. */
  requests: number;
}

const countRequests = async () =>
  (await stack.simulator.get<{ requests: unknown[] }>('/_sim/ledger')).requests.length;

/** What worker and starter make of peers with this certificate. */
async function meet(certificate: Certificate, more: Record<string, string> = {}): Promise<Seen> {
  const cloud = await tlsInFrontOf(new URL(stack.simulator.url).host, certificate);
  const temporal = await tlsInFrontOf(stack.temporal.address, certificate);
  onTestFinished(async () => {
    await cloud.close();
    await temporal.close();
  });
  const endpoint = `https://localhost:${cloud.port}`;
  const reachTemporal = {
    ...stack.starterEnv,
    TEMPORAL_ADDRESS: `localhost:${temporal.port}`,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: ours.file,
    ...more,
  };
  const before = await countRequests();
  const checked = await startProgram(
    'worker.js',
    ['--check'],
    cleanEnvironment(process.env, {
      ...cloudSettings(stack.simulator),
      HUAWEICLOUD_ECS_ENDPOINT: endpoint,
      HUAWEICLOUD_VPC_ENDPOINT: endpoint,
      NODE_EXTRA_CA_CERTS: ours.file,
      ECS_NICS_HEALTH_ADDRESS: 'off',
      ECS_NICS_METRICS_ADDRESS: 'off',
      ...reachTemporal,
    }),
  ).finished;
  const requests = (await countRequests()) - before;
  const starter = await stack.starter(['list', '--json'], reachTemporal);
  const lines = checked.stdout.trimEnd().split('\n');
  return {
    check: Object.fromEntries(lines.map((line) => [line.slice(9, 26).trim(), line.slice(0, 9).trim()])),
    text: checked.stdout,
    starter: starter.code,
    starterSaid: starter.stdout + starter.stderr,
    requests,
  };
}

describe('a peer whose certificate', { timeout: 240_000 }, () => {
  it('is signed by an authority that was named is taken, at the cloud and at Temporal', async () => {
    const seen = await meet(ours.sign());
    expect(seen.check, seen.text).toMatchObject({ Temporal: 'ok', ECS: 'ok', VPC: 'ok' });
    expect(seen.requests).toBeGreaterThan(0);
    expect(seen.starter, seen.starterSaid).toBe(0);
  });

  it('is signed by an authority of NODE_EXTRA_CA_CERTS is taken at Temporal, too', async () => {
    const extra = {
      TEMPORAL_TLS: 'true',
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: '',
      NODE_EXTRA_CA_CERTS: ours.file,
    };
    const seen = await meet(ours.sign(), extra);
    expect(seen.check, seen.text).toMatchObject({ Temporal: 'ok', ECS: 'ok', VPC: 'ok' });
    expect(seen.starter, seen.starterSaid).toBe(0);
  });

  it.each<[string, () => Certificate, RegExp]>([
    [
      'names another host',
      () => ours.sign({ host: 'elsewhere.test' }),
      /its certificate is for another name\. .*TEMPORAL_TLS_SERVER_NAME/,
    ],
    [
      'is signed by another authority of the same name',
      () => other.sign(),
      /an authority that is not trusted here\. .*NODE_EXTRA_CA_CERTS/,
    ],
    ['has expired', () => ours.sign({ expired: true }), /its certificate has expired/],
    [
      'is not valid yet',
      () => ours.sign({ early: true }),
      /its certificate is not valid yet\. Check the clock of this machine/,
    ],
  ])(
    '%s is refused by worker and starter, who say so, and nothing is sent to it',
    async (_name, certificate, why) => {
      const seen = await meet(certificate());
      expect(seen.check, seen.text).toMatchObject({ Temporal: 'failed', ECS: 'failed', VPC: 'failed' });
      expect(seen.requests).toBe(0);
      expect(seen.starter, seen.starterSaid).toBe(1);
      expect(seen.text.split('\n').find((line) => line.includes(' Temporal '))).toMatch(why);
      expect(seen.starterSaid).toMatch(why);
      expect(seen.text + seen.starterSaid).not.toContain(stack.simulator.accessKey.sk);
    },
  );

  it.each<Record<string, string>>([
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    { TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' },
  ])('is not verified because of %j: a configuration error, and nobody is asked', async (off) => {
    const [name = ''] = Object.keys(off);
    const seen = await meet(other.sign({ host: 'elsewhere.test' }), off);
    expect(seen.check, seen.text).toMatchObject({ configuration: 'failed', Temporal: 'skipped' });
    expect(seen.text).toContain(name);
    expect(seen.requests).toBe(0);
    expect(seen.starter, seen.starterSaid).toBe(2);
    expect(seen.starterSaid).toContain(name);
  });
});

describe('a company’s proxy that looks into TLS with its own authority', { timeout: 120_000 }, () => {
  /** Temporal and the cloud, IAM included, are where the proxy alone gets, which shows its own certificate for them. */
  async function reachedWith(more: Record<string, string>) {
    const certificate = ours.sign({ host: 'far.invalid' });
    const cloud = await tlsInFrontOf(new URL(stack.simulator.url).host, certificate);
    const temporal = await tlsInFrontOf(stack.temporal.address, certificate);
    const [CLOUD, TEMPORAL] = ['far.invalid:443', 'far.invalid:7233'];
    const places = { [CLOUD]: `127.0.0.1:${cloud.port}`, [TEMPORAL]: `127.0.0.1:${temporal.port}` };
    const proxy = await startConnectProxy(places);
    onTestFinished(async () => {
      for (const each of [cloud, temporal, proxy]) await each.close();
    });
    const url = 'https://far.invalid';
    const env = {
      ...cloudSettings(stack.simulator),
      ...{ HUAWEICLOUD_SDK_AK: '', HUAWEICLOUD_SDK_SK: '', ...LOGIN },
      ...stack.starterEnv,
      ...{ HUAWEICLOUD_ECS_ENDPOINT: url, HUAWEICLOUD_VPC_ENDPOINT: url, HUAWEICLOUD_IAM_ENDPOINT: url },
      ...{ TEMPORAL_ADDRESS: TEMPORAL, TEMPORAL_TLS: 'true' },
      ...{ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, https_proxy: '', NO_PROXY: '', no_proxy: '' },
      ...{ ECS_NICS_HEALTH_ADDRESS: 'off', ECS_NICS_METRICS_ADDRESS: 'off' },
      ...more,
    };
    const before = await countRequests();
    const { stdout } = await startProgram('worker.js', ['--check'], cleanEnvironment(process.env, env))
      .finished;
    const requests = (await countRequests()) - before;
    const starter = await stack.starter(['list', '--json'], env);
    const line = (what: string) =>
      stdout.split('\n').find((each) => each.slice(9, 26).trim() === what) ?? stdout;
    return { line, stdout, requests, starter, asked: new Set(proxy.asked), all: new Set([CLOUD, TEMPORAL]) };
  }

  it('is trusted everywhere by NODE_EXTRA_CA_CERTS: Temporal, ECS, VPC, and the login at IAM', async () => {
    const { line, stdout, requests, starter, asked, all } = await reachedWith({
      NODE_EXTRA_CA_CERTS: ours.file,
    });
    for (const what of ['Temporal', 'ECS', 'VPC']) expect(line(what), stdout).toMatch(/^ok /);
    expect([asked, requests > 0]).toEqual([all, true]);
    expect(starter.code, starter.stderr).toBe(0);
  });

  it('is trusted nowhere without it; both programs name the variable, and nothing is sent', async () => {
    const { line, stdout, requests, starter } = await reachedWith({ NODE_EXTRA_CA_CERTS: '' });
    for (const what of ['Temporal', 'ECS']) expect(line(what), stdout).toMatch(/^failed /);
    expect(line('Temporal')).toMatch(/an authority that is not trusted here\. .*NODE_EXTRA_CA_CERTS/);
    expect(requests).toBe(0);
    expect(starter.code).toBe(1);
    expect(starter.stderr + starter.stdout).toMatch(/NODE_EXTRA_CA_CERTS/);
  });
});

it.each<[string, () => Promise<Record<string, string>>, RegExp]>([
  [
    'TLS to a server without it',
    () => Promise.resolve({ TEMPORAL_TLS: 'true' }),
    /it does not speak TLS\. Leave out TEMPORAL_TLS/,
  ],
  [
    'no TLS to a server that expects it',
    async () => {
      const front = await tlsInFrontOf(stack.temporal.address, ours.sign());
      onTestFinished(() => front.close());
      return { TEMPORAL_ADDRESS: `localhost:${front.port}` };
    },
    /it expects TLS\. Set TEMPORAL_TLS=true/,
  ],
])('%s: both programs say so', { timeout: 120_000 }, async (_what, settings, why) => {
  const env = { ...stack.starterEnv, ...(await settings()) };
  const off = { ECS_NICS_HEALTH_ADDRESS: 'off', ECS_NICS_METRICS_ADDRESS: 'off' };
  const worker = { ...cloudSettings(stack.simulator), ...off, ...env };
  const { stdout } = await startProgram('worker.js', ['--check'], cleanEnvironment(process.env, worker))
    .finished;
  expect(stdout.split('\n').find((line) => line.includes(' Temporal '))).toMatch(why);
  const starter = await stack.starter(['list', '--json'], env);
  expect([starter.code, starter.stdout + starter.stderr]).toEqual([1, expect.stringMatching(why)]);
});

it('no code of ours turns verification off', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts'));
  expect(sources.length).toBeGreaterThan(100);
  const found = sources.filter((file) =>
    /rejectUnauthorized|checkServerIdentity|NODE_TLS_REJECT_UNAUTHORIZED\s*=[^=]/.test(
      readFileSync(join(root, 'src', file), 'utf8').replace(/'[^'\n]*'/g, ''),
    ),
  );
  expect(found).toEqual([]);
});
