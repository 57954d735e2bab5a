/** One rule for every connection: what goes through a proxy, and what is said when that does not work. */
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { cleanEnvironment, startProgram } from '../../dev/processes';
import { cloudSettings } from '../../dev/simulator';
import type { ConnectProxy } from '../support/connect-proxy';
import { startConnectProxy } from '../support/connect-proxy';
import type { WatchedStack } from '../support/watched-stack';
import { startStack } from '../support/watched-stack';

/** Names that only the proxy knows. */
const [CLOUD, TEMPORAL] = ['cloud.invalid:80', 'temporal.invalid:7233'];
/** Whoever runs the tests may be behind a proxy. */
const NO_OTHERS = { HTTPS_PROXY: '', https_proxy: '', NO_PROXY: '', no_proxy: '' };
let stack: WatchedStack;

beforeAll(async () => {
  stack = await startStack({ label: 'proxies' });
});
afterAll(() => stack?.close());

async function proxyOf(login: string | null = null): Promise<ConnectProxy> {
  const { host } = new URL(stack.simulator.url);
  const proxy = await startConnectProxy({ [CLOUD]: host, [TEMPORAL]: stack.temporal.address }, login);
  onTestFinished(() => proxy.close());
  return proxy;
}

const ours = () => ({
  ...NO_OTHERS,
  ...cloudSettings(stack.simulator),
  ...stack.starterEnv,
  ECS_NICS_HEALTH_ADDRESS: 'off',
  ECS_NICS_METRICS_ADDRESS: 'off',
});
/** Everything is where only the proxy gets. */
const far = () => ({
  ...ours(),
  HUAWEICLOUD_ECS_ENDPOINT: `http://${CLOUD}`,
  HUAWEICLOUD_VPC_ENDPOINT: `http://${CLOUD}`,
  ECS_NICS_ALLOW_HTTP: 'true',
  TEMPORAL_ADDRESS: TEMPORAL,
});

async function checked(env: Record<string, string>) {
  const { stdout, code } = await startProgram('worker.js', ['--check'], cleanEnvironment(process.env, env))
    .finished;
  const lines = stdout.trimEnd().split('\n');
  const failed = lines.filter((line) => line.startsWith('failed'));
  return { code, stdout, failed };
}

it.each(['HTTPS_PROXY', 'https_proxy'])(
  'worker and starter go through %s, to Temporal and to the cloud',
  async (name) => {
    const proxy = await proxyOf();
    const env = { ...far(), [name]: `http://127.0.0.1:${proxy.port}` };
    const { failed, stdout } = await checked(env);
    expect(failed, stdout).toEqual([]);
    expect(new Set(proxy.asked)).toEqual(new Set([CLOUD, TEMPORAL]));
    proxy.asked.length = 0;
    expect((await stack.starter(['list', '--json'], env)).code).toBe(0);
    expect(new Set(proxy.asked)).toEqual(new Set([TEMPORAL]));
  },
);

it('a login is shown to the proxy, and its password to nobody else', async () => {
  const proxy = await proxyOf('ops:s3cret/word');
  const env = { ...far(), HTTPS_PROXY: `http://ops:s3cret%2Fword@127.0.0.1:${proxy.port}` };
  const { failed, stdout } = await checked(env);
  expect(failed, stdout).toEqual([]);
  const listed = await stack.starter(['list', '--json'], env);
  expect(listed.code, listed.stderr).toBe(0);
  expect(stdout + listed.stdout + listed.stderr).not.toMatch(/s3cret/);
});

it.each([
  ['loopback', {}],
  ['everything, by no_proxy=*', { no_proxy: '*' }],
])('%s goes direct: a dead proxy is no trouble', async (_what, more) => {
  const env = { ...ours(), HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9', ...more };
  const { failed, stdout } = await checked(env);
  expect(failed, stdout).toEqual([]);
  expect((await stack.starter(['list', '--json'], env)).code).toBe(0);
});

it('what NO_PROXY names is looked for directly', async () => {
  const proxy = await proxyOf();
  const env = { ...far(), HTTPS_PROXY: `127.0.0.1:${proxy.port}`, NO_PROXY: '.invalid', no_proxy: '' };
  const listed = await stack.starter(['list', '--json'], env);
  expect([listed.code, proxy.asked]).toEqual([1, []]);
  expect(listed.stderr).toMatch(/temporal\.invalid:7233: the name temporal\.invalid does not resolve/);
});

it('a proxy that is not there, or refuses, is named', async () => {
  const dead = { ...far(), HTTPS_PROXY: 'http://127.0.0.1:9' };
  const listed = await stack.starter(['list', '--json'], dead);
  expect(listed.code).toBe(1);
  expect(listed.stderr).toMatch(/the proxy 127\.0\.0\.1:9/);
  const { stdout } = await checked(dead);
  expect(stdout).toMatch(/failed +Temporal .*the proxy 127\.0\.0\.1:9 does not answer/);

  const proxy = await proxyOf();
  proxy.refuses = 403;
  const refused = await checked({ ...far(), HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
  expect(refused.stdout).toMatch(/failed +ECS .*the proxy answered CONNECT with 403/);
});

it('a value that is no proxy is a problem of the configuration, in both programs', async () => {
  const env = { ...ours(), HTTPS_PROXY: 'socks5://user:s3cret@proxy' };
  const { stdout, code } = await checked(env);
  expect(code).toBe(2);
  expect(stdout).toMatch(/HTTPS_PROXY: not a proxy such as/);
  const listed = await stack.starter(['list', '--json'], env);
  expect(listed.code).toBe(2);
  expect(listed.stderr + listed.stdout).toMatch(/HTTPS_PROXY: not a proxy such as/);
  expect(stdout + listed.stdout + listed.stderr).not.toMatch(/s3cret/);
});
