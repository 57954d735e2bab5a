/** The worker as a process, at its edges: command line, configuration, no Temporal. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort, until } from '../../dev/ports';
import { cleanEnvironment, startProgram, stop } from '../../dev/processes';
import { ask } from '../support/health';

/** Somebody else may listen at the usual addresses. */
const OFF = { ECS_NICS_HEALTH_ADDRESS: 'off', ECS_NICS_METRICS_ADDRESS: 'off' };
const ENV = {
  ...OFF,
  HUAWEICLOUD_SDK_AK: 'AKAKAKAKAKAKAKAKAKAK',
  HUAWEICLOUD_SDK_SK: 'a-secret-that-must-not-show',
  HUAWEICLOUD_SDK_PROJECT_ID: '0123456789abcdef0123456789abcdef',
  HUAWEICLOUD_SDK_REGION_ID: 'eu-west-101',
  ECS_NICS_LOG_FORMAT: 'json',
  TEMPORAL_ADDRESS: '127.0.0.1:1',
};

const startWorker = (env: Record<string, string>, args: string[] = []) =>
  startProgram('worker.js', args, cleanEnvironment(process.env, env));

/** Something that listens; `mute`: and accepts, but never answers. */
async function listener(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const answers = (port: number) => () =>
  fetch(`http://127.0.0.1:${port}/livez`).then(
    ({ ok }) => ok,
    () => false,
  );

describe('the command line', () => {
  it.each([[['--chekc']], [['--check', 'now']], [['serve']], [['-h']]])(
    '%j: exit code 2, and nothing is served',
    async (args) => {
      const { code, stderr, stdout } = await startWorker(ENV, args).finished;
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(`unknown argument ${args.at(-1)}`);
    },
  );

  it('--help tells every variable of its own, needs no configuration, and ends with 0', async () => {
    const { code, stdout } = await startWorker({}, ['--help']).finished;
    expect(code).toBe(0);
    for (const name of [
      'ECS_NICS_TASK_QUEUE',
      'ECS_NICS_CLOUD_RPS',
      'ECS_NICS_HEALTH_ADDRESS',
      'ECS_NICS_METRICS_ADDRESS',
      'ECS_NICS_SHUTDOWN_GRACE',
      'ECS_NICS_LOG_LEVEL',
      'ECS_NICS_LOG_FORMAT',
      'TEMPORAL_WORKER_BUILD_ID',
    ]) {
      expect(stdout).toContain(name);
    }
  });
});

describe('the configuration', () => {
  it.each<[string, Record<string, string>]>([
    ['an empty profile file', { TEMPORAL_CONFIG_FILE: '/dev/null' }],
    ['a home that is a file', { HOME: '/dev/null', XDG_CONFIG_HOME: '' }],
  ])('%s is no problem of its own', async (_name, env) => {
    const { code, stderr } = await startWorker({ ...OFF, ...env }).finished;
    expect(code).toBe(2);
    // Project and region.
    expect(stderr).toMatch(/2 problems/);
    expect(stderr).not.toMatch(/TEMPORAL|undefined/);
  });

  it('is refused with every problem in one message: variables, Temporal and taken ports; exit code 2', async () => {
    const [health, metrics] = [await listener(), await listener()];
    const { code, stderr, stdout } = await startWorker({
      HUAWEICLOUD_SDK_SK: ENV.HUAWEICLOUD_SDK_SK,
      HUAWEICLOUD_ECS_ENDPOINT: 'http://example.com',
      ECS_NICS_CLOUD_RPS: 'many',
      ECS_NICS_HEALTH_ADDRESS: `127.0.0.1:${health}`,
      ECS_NICS_METRICS_ADDRESS: `127.0.0.1:${metrics}`,
      TEMPORAL_ADDRESS: 'some where',
    }).finished;
    expect([code, stdout]).toEqual([2, '']);
    for (const name of [
      'HUAWEICLOUD_SDK_PROJECT_ID',
      'HUAWEICLOUD_SDK_REGION_ID',
      'HUAWEICLOUD_SDK_AK',
      'HUAWEICLOUD_ECS_ENDPOINT',
      'ECS_NICS_CLOUD_RPS',
      `ECS_NICS_HEALTH_ADDRESS: 127.0.0.1:${health} is in use`,
      `ECS_NICS_METRICS_ADDRESS: 127.0.0.1:${metrics} is in use`,
      'TEMPORAL_ADDRESS: "some where" is not host:port',
    ]) {
      expect(stderr).toContain(name);
    }
    expect(stderr).toMatch(/^ecs-nics-worker: 8 problems/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr).not.toContain(ENV.HUAWEICLOUD_SDK_SK);
  });

  it.each(['ECS_NICS_HEALTH_ADDRESS', 'ECS_NICS_METRICS_ADDRESS'])(
    '%s: a taken port alone is a problem, too',
    async (name) => {
      const port = await listener();
      const { code, stderr } = await startWorker({ ...ENV, [name]: `127.0.0.1:${port}` }).finished;
      expect([code, stderr]).toEqual([2, expect.stringMatching(new RegExp(`one problem.*\\n.*${name}`))]);
    },
  );
});

describe('without Temporal', { timeout: 240_000 }, () => {
  it('gives up after 60 s with 3, whether it refuses connections or accepts and is mute', async () => {
    const began = Date.now();
    const [refusing, mute] = [await freePort(), await listener()];
    const ends = await Promise.all(
      [refusing, mute].map(async (port) => {
        const env = { ...ENV, TEMPORAL_ADDRESS: `127.0.0.1:${port}` };
        const { code, stdout } = await startWorker(env).finished;
        return { port, code, stdout, tookMs: Date.now() - began };
      }),
    );
    for (const { port, code, stdout, tookMs } of ends) {
      expect(code).toBe(3);
      expect(tookMs).toBeGreaterThan(50_000);
      expect(stdout).toContain(`127.0.0.1:${port}`);
      expect(stdout).toContain('TEMPORAL_ADDRESS');
      expect(stdout).not.toContain(ENV.HUAWEICLOUD_SDK_SK);
    }
  });

  it('is alive and not ready from the start, says why, and a stop is a clean one', async () => {
    const [port, temporal] = [await freePort(), await freePort()];
    const worker = startWorker({
      ...ENV,
      TEMPORAL_ADDRESS: `127.0.0.1:${temporal}`,
      ECS_NICS_HEALTH_ADDRESS: `127.0.0.1:${port}`,
    });
    expect(await until(answers(port), 120_000)).toBe(true);
    expect(await ask(port, '/livez')).toMatchObject({ status: 200, ok: true });
    const tried = async () => /connection refused/.test((await ask(port, '/readyz')).reason ?? '');
    expect(await until(tried, 120_000)).toBe(true);
    expect(await ask(port, '/readyz')).toMatchObject({
      status: 503,
      state: 'connecting',
      reason: expect.stringContaining(`127.0.0.1:${temporal}`) as string,
    });
    await stop(worker.child, 10_000);
    expect((await worker.finished).code).toBe(0);
  });
});
