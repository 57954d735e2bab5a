import { hostname } from 'node:os';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readConfig } from '../../src/worker/config';
import { watchQueue } from '../../src/worker/temporal/watch-queue';
import { identityOf, strangers, strangersAdvice } from '../../src/worker/temporal/strangers';
import { routingOf } from '../../src/client/explain/silence';
import type { Version } from '../../src/client/pollers';
import type { Temporal } from '../../src/client/connect';

const SECRET = 'aSecretThatNobodyMaySee';
const configOf = (env: Record<string, string> = {}) =>
  readConfig(
    {
      HUAWEICLOUD_SDK_PROJECT_ID: 'a1',
      HUAWEICLOUD_SDK_REGION_ID: 'eu-west-101',
      HUAWEICLOUD_SDK_AK: 'AK',
      HUAWEICLOUD_SDK_SK: SECRET,
      ...env,
    },
    __dirname,
    false,
  );
const HERE = `${process.pid}@${hostname()}`;

interface Poller {
  identity: string;
  agoMs?: number;
}

/** A server whose queues are polled so. */
function temporal(pollers: Record<string, Poller[]>): Temporal {
  const workflowService = {
    describeTaskQueue: async (request: { taskQueue: { name: string }; taskQueueType: number }) => ({
      pollers: (pollers[`${request.taskQueue.name} ${request.taskQueueType}`] ?? []).map(
        ({ identity, agoMs = 0 }) => ({
          identity,
          lastAccessTime: { seconds: Math.floor((Date.now() - agoMs) / 1_000) },
        }),
      ),
    }),
  };
  const call = (_ms: number, work: () => unknown) => work();
  return { client: { workflowService }, namespace: 'prod', call } as unknown as Temporal;
}

describe('the identity of a worker', () => {
  it('names project and region, and no secret', () => {
    expect(identityOf(configOf())).toBe(`${HERE} project=a1 region=eu-west-101`);
    expect(identityOf(configOf())).not.toContain(SECRET);
  });

  it.each([
    [{ HUAWEICLOUD_ECS_ENDPOINT: 'https://ecs.test:8443' }, 'ecs.test:8443'],
    [{ HUAWEICLOUD_VPC_ENDPOINT: 'https://vpc.test' }, 'vpc.test'],
    [
      { HUAWEICLOUD_ECS_ENDPOINT: 'http://127.0.0.1:9', HUAWEICLOUD_VPC_ENDPOINT: 'http://127.0.0.1:9' },
      '127.0.0.1:9',
    ],
    [
      { HUAWEICLOUD_ECS_ENDPOINT: 'https://ecs.test', HUAWEICLOUD_VPC_ENDPOINT: 'https://vpc.test' },
      'ecs.test,vpc.test',
    ],
  ])('names the hosts of endpoints of one’s own: %j', (env, hosts) => {
    expect(identityOf(configOf(env))).toBe(`${HERE} project=a1 region=eu-west-101 endpoint=${hosts}`);
  });

  it('says nothing of endpoints that are the usual ones, written out', () => {
    const env = { HUAWEICLOUD_ECS_ENDPOINT: 'https://ecs.eu-west-101.myhuaweicloud.eu' };
    expect(configOf(env).foreignHosts).toEqual([]);
  });
});

describe('workers of another place', () => {
  const of = (identity: string, agoMs = 0): Record<string, Poller[]> => ({
    'ecs-nics 1': [{ identity, agoMs }],
  });

  it.each([
    ['another project', '7@b project=b2 region=eu-west-101'],
    ['another region', '7@b project=a1 region=ap-southeast-1'],
    ['another endpoint', '7@b project=a1 region=eu-west-101 endpoint=127.0.0.1:9'],
  ])('%s', async (_name, identity) => {
    expect(await strangers(temporal(of(identity)), configOf())).toEqual([identity]);
  });

  it.each([
    ['the same place', '7@b project=a1 region=eu-west-101'],
    ['a worker of an older version', '7@b'],
    ['somebody else’s worker', 'my worker (project=b2)'],
  ])('none: %s', async (_name, identity) => {
    expect(await strangers(temporal(of(identity)), configOf())).toEqual([]);
  });

  it('none: one that has polled last before its long poll can have ended', async () => {
    const identity = '7@b project=b2 region=eu-west-101';
    expect(await strangers(temporal(of(identity, 120_000)), configOf())).toEqual([]);
    expect(await strangers(temporal(of(identity, 50_000)), configOf())).toEqual([identity]);
  });

  it('both queues are asked, each worker is told once', async () => {
    const poller = { identity: '7@b project=b2 region=r' };
    const other = { identity: '8@b project=c3 region=r' };
    const pollers = { 'ecs-nics 1': [poller], 'ecs-nics-cloud 2': [poller, other] };
    expect(await strangers(temporal(pollers), configOf())).toEqual([poller.identity, other.identity]);
  });

  it('are told with both places and the remedy, without what a terminal would obey', () => {
    const advice = strangersAdvice(['7@b\u001b]0;x project=b2 region=r'], configOf());
    expect(advice).toMatch(
      /task queue ecs-nics, too: .*project=b2 region=r.*project=a1 region=eu-west-101.*ECS_NICS_TASK_QUEUE/,
    );
    expect(advice).not.toMatch(/\p{C}/u);
    const many = strangersAdvice(
      Array.from({ length: 9 }, (_, n) => `${n}@b project=b region=r`),
      configOf(),
    );
    expect(many).toMatch(/4@b .*, and 4 more/);
  });
});

describe('the build that new runs come to', () => {
  const V1: Version = { deploymentName: 'd', buildId: '1' };
  const V2: Version = { deploymentName: 'd', buildId: '2' };
  const queues = (polling: (Version | null)[], takers: (Version | null)[] = [null]) =>
    ['q', 'q-cloud'].map((name) => ({
      name,
      takers,
      pollers: polling.map((version) => ({ identity: '7@vm', version, lastSeen: Date.now() })),
    }));
  const REMEDY = /set-current-version --deployment-name d --build-id 2 --namespace prod$/;

  it.each<[string, ReturnType<typeof queues>, { isTaker: boolean; isStuck: boolean }, RegExp]>([
    ['to this one', queues([V2], [V2]), { isTaker: true, isStuck: false }, /^build 2 of d gets new runs$/],
    [
      'to another one',
      queues([V1, V2], [V1]),
      { isTaker: false, isStuck: false },
      /they go to version 1 of deployment d\. To make it/,
    ],
    [
      'to workers without a version',
      queues([V2, null]),
      { isTaker: false, isStuck: false },
      /they go to workers without a version\. To make it/,
    ],
    [
      'to workers without a version, before one of this build polls',
      queues([null]),
      { isTaker: false, isStuck: false },
      /they go to workers without a version\. Once a worker of it polls/,
    ],
    [
      'to nobody: no version is current',
      queues([V2]),
      { isTaker: false, isStuck: true },
      /workers poll task queue q and q-cloud, but all are versioned .* and no version is current/,
    ],
    [
      'to nobody: the current version is gone',
      queues([V2], [V1]),
      { isTaker: false, isStuck: true },
      /version 1 of deployment d is current .* but no worker of it polls/,
    ],
    [
      'to nobody: no worker polls',
      queues([]),
      { isTaker: false, isStuck: true },
      /no worker polls .*Once a worker of it polls/,
    ],
  ])('%s', (_name, polled, expected, words) => {
    const routing = routingOf(polled, V2, 'prod');
    expect(routing).toMatchObject({ ...expected, text: expect.stringMatching(words) as string });
    if (!expected.isTaker) expect(routing.text).toMatch(REMEDY);
  });
});

describe('a worker whose version takes no new runs', () => {
  const own = { deploymentName: 'd', buildId: '2' };

  /** What it logs in its first seconds; `agoMs`: its last poll, by the local clock. */
  async function logged(agoMs: number, current: object | null, others: object[] = []): Promise<string[]> {
    vi.useFakeTimers({ now: 1_800_000_000_000 });
    onTestFinished(() => void vi.useRealTimers());
    const lastAccessTime = { seconds: (Date.now() - agoMs) / 1_000 };
    const deploymentOptions = { ...own, workerVersioningMode: 2 };
    const pollers = [{ identity: '7@vm', lastAccessTime, deploymentOptions }, ...others];
    const versioningInfo = { currentDeploymentVersion: current };
    const workflowService = { describeTaskQueue: () => Promise.resolve({ pollers, versioningInfo }) };
    const call = (_ms: number, work: () => unknown) => work();
    const server = { client: { workflowService }, namespace: 'default', call } as unknown as Temporal;
    const lines: string[] = [];
    const log = {
      info: (text: string) => lines.push(`info ${text}`),
      warn: (text: string) => lines.push(`warn ${text}`),
    };
    watchQueue(server, { ...configOf(), deployment: own }, log);
    // Some looks: it says it once.
    await vi.advanceTimersByTimeAsync(200_000);
    return lines;
  }

  it('warns once, with the command, when no worker takes them', async () => {
    const lines = await logged(1_000, null);
    expect(lines).toEqual([
      expect.stringMatching(
        /^warn build 2 of d gets no new runs: .* no version is current.*set-current-version --deployment-name d --build-id 2$/,
      ),
    ]);
  });

  it('does not warn when workers without a version take them', async () => {
    const other = { identity: '8@vm', lastAccessTime: { seconds: 1_800_000_150 } };
    expect(await logged(1_000, null, [other])).toEqual([
      expect.stringMatching(/^info .*workers without a version/),
    ]);
  });

  it('does not take itself for dead where its clock is wrong', async () => {
    expect(await logged(300_000, own)).toEqual(['info build 2 of d gets new runs']);
    const [line] = await logged(300_000, null);
    expect(line).toMatch(/all are versioned \(version 2 of deployment d\)/);
  });
});
