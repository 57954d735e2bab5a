/** `ecs-nics-worker --check` as a process. What it makes of the cloud's answers: test/worker/check-cloud.test.ts. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort, until } from '../../dev/ports';
import { cleanEnvironment, startProgram } from '../../dev/processes';
import { cloudSettings } from '../../dev/simulator';
import type { Stack } from '../../dev/stack';
import { startStack } from '../support/watched-stack';

let stack: Stack;
let health: number;

beforeAll(async () => {
  health = await freePort();
  stack = await startStack({
    label: 'check',
    workerEnv: { ECS_NICS_HEALTH_ADDRESS: `127.0.0.1:${health}` },
  });
});
afterAll(async () => {
  await stack?.close();
});

interface Line {
  status: string;
  what: string;
  text: string;
}

async function check(env: Record<string, string | undefined> = {}) {
  const { simulator, temporal, taskQueue } = stack;
  const all = {
    ...cloudSettings(simulator),
    ECS_NICS_HEALTH_ADDRESS: `127.0.0.1:${health}`,
    ECS_NICS_METRICS_ADDRESS: `127.0.0.1:${await freePort()}`,
    ECS_NICS_TASK_QUEUE: taskQueue,
    ...temporal.env,
    ...env,
  };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const began = performance.now();
  const { code, stdout, stderr } = await startProgram(
    'worker.js',
    ['--check'],
    cleanEnvironment(process.env, Object.fromEntries(given)),
  ).finished;
  expect(stderr).toBe('');
  expect(stdout).not.toContain(simulator.accessKey.sk);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line): Line => {
      const [, status, what, text] = /^(ok|warning|failed|skipped) +(.{17}) {2}(.+)$/.exec(line) ?? [];
      if (text === undefined) throw new Error(`not a line of the check: ${line}`);
      return { status: status!, what: what!.trim(), text };
    });
  const line = (what: string) => lines.find((each) => each.what === what);
  const failed = lines.filter(({ status }) => status === 'failed').map(({ what }) => what);
  return { code, line, lines, failed, tookMs: performance.now() - began };
}

const ledger = () =>
  stack.simulator.get<{ requests: { method: string }[]; effects: unknown[] }>('/_sim/ledger');

async function mute(): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('--check', { timeout: 240_000 }, () => {
  it('is all right beside the worker itself: exit code 0, nothing but reads, nothing started', async () => {
    const before = await ledger();
    const { code, line, failed } = await check();
    expect([code, failed]).toEqual([0, []]);
    expect(line('configuration')?.text).toMatch(
      new RegExp(
        `project ${stack.simulator.projectId} in eu-west-101, access keys.*queue ${stack.taskQueue}`,
      ),
    );
    expect(line('workflow bundle')).toMatchObject({ status: 'ok' });
    expect(line('health')).toMatchObject({
      status: 'warning',
      text: expect.stringMatching(/ECS_NICS_HEALTH_ADDRESS.*in use.*the worker itself/) as string,
    });
    expect(line('metrics')).toMatchObject({ status: 'ok' });
    expect(line('Temporal')).toMatchObject({ status: 'ok' });
    expect(line('retention')).toMatchObject({
      status: 'warning',
      text: expect.stringMatching(/24 h.*--namespace default --retention 7d/) as string,
    });
    expect(line('search attributes')).toMatchObject({ status: 'ok' });
    expect(line('task queue')).toMatchObject({ status: 'ok' });
    for (const what of ['ECS', 'VPC', 'clock']) expect(line(what)).toMatchObject({ status: 'ok' });
    const after = await ledger();
    const asked = after.requests.slice(before.requests.length);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every(({ method }) => method === 'GET')).toBe(true);
    expect(after.effects).toEqual(before.effects);
  });

  it('a worker of another project on the same queue: both places and the remedy, here and in its log', async () => {
    const other = stack.addWorker();
    const project = 'fedcba9876543210fedcba9876543210';
    other.start({ HUAWEICLOUD_SDK_PROJECT_ID: project, ECS_NICS_HEALTH_ADDRESS: 'off' });
    onTestFinished(() => other.terminate().then(() => undefined));
    await other.ready(stack.temporal, stack.taskQueue);
    const both = [`project=${stack.simulator.projectId}`, `project=${project}`];
    const { code, line, failed } = await check();
    expect([code, failed]).toEqual([0, []]);
    expect(line('task queue')?.status).toBe('warning');
    for (const words of [...both, stack.taskQueue, 'ECS_NICS_TASK_QUEUE']) {
      expect(line('task queue')?.text).toContain(words);
    }
    await until(async () => other.log.includes('workers of another place poll'), 120_000);
    const told = other.log.split('\n').find((each) => each.includes('workers of another place poll'));
    for (const words of both) expect(told).toContain(words);
    expect(told).not.toContain(stack.simulator.accessKey.sk);
  });

  it('a build that is not current: the command that makes it so', async () => {
    const build = { TEMPORAL_DEPLOYMENT_NAME: 'checked', TEMPORAL_WORKER_BUILD_ID: '7' };
    const { code, line } = await check(build);
    expect(code).toBe(0);
    expect(line('deployment')).toMatchObject({
      status: 'warning',
      text: expect.stringMatching(/set-current-version.*--deployment-name checked --build-id 7/) as string,
    });
    expect((await check()).line('deployment')).toBeUndefined();
  });

  it('a wrong key is shown once: exit code 2', async () => {
    const before = (await ledger()).requests.length;
    const { code, line, failed } = await check({ HUAWEICLOUD_SDK_SK: 'wrong' });
    expect([code, failed]).toEqual([2, ['ECS']]);
    expect(line('ECS')?.text).toMatch(/APIGW\.0301/);
    expect(line('VPC')).toMatchObject({ status: 'skipped' });
    expect((await ledger()).requests.length).toBe(before + 1);
  });

  it.each([
    ['nobody there', async () => `127.0.0.1:${await freePort()}`],
    ['somebody mute', mute],
    ['no such host', async () => 'temporal.invalid:7233'],
  ])('Temporal with %s: exit code 3 without a minute’s wait', async (_name, address) => {
    const { code, line, failed, tookMs } = await check({ TEMPORAL_ADDRESS: await address() });
    expect([code, failed]).toEqual([3, ['Temporal']]);
    expect(line('Temporal')?.text).toMatch(/not reachable.*TEMPORAL_ADDRESS/);
    expect(line('ECS')).toMatchObject({ status: 'ok' });
    expect(tookMs).toBeLessThan(50_000);
  });

  it('what can be repaired goes before what can’t be reached', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const { code, failed } = await check({
      TEMPORAL_ADDRESS: address,
      HUAWEICLOUD_VPC_ENDPOINT: 'http://127.0.0.1:1',
    });
    expect([code, failed]).toEqual([2, ['Temporal', 'VPC']]);
  });

  it.each([
    [
      'a namespace that is not there',
      { TEMPORAL_NAMESPACE: 'nowhere' },
      /no namespace "nowhere"\. .*namespace create/,
    ],
    ['TLS that is not spoken', { TEMPORAL_TLS: 'true' }, /does not speak TLS/],
  ])('%s is told in words, as something to repair: exit code 2', async (_name, env, expected) => {
    const { code, line } = await check(env);
    expect(code).toBe(2);
    expect(line('Temporal')).toMatchObject({
      status: 'failed',
      text: expect.stringMatching(expected) as string,
    });
  });

  it('names every problem of the configuration, asks no cloud, and Temporal all the same: exit code 2', async () => {
    const before = (await ledger()).requests.length;
    const { code, lines, line } = await check({
      HUAWEICLOUD_SDK_PROJECT_ID: undefined,
      ECS_NICS_METRICS_ADDRESS: 'everywhere',
    });
    expect(code).toBe(2);
    const problems = lines.filter(({ what }) => what === 'configuration');
    expect(problems.map(({ status, text }) => `${status} ${text.split(' ')[0]}`)).toEqual([
      'failed HUAWEICLOUD_SDK_PROJECT_ID',
      'failed ECS_NICS_METRICS_ADDRESS:',
    ]);
    expect(line('ECS')).toMatchObject({ status: 'skipped' });
    expect(line('Temporal')).toMatchObject({ status: 'ok' });
    expect((await ledger()).requests.length).toBe(before);
  });
});
