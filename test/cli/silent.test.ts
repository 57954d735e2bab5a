/** Why nobody takes a run, from what the server says of queues and versions. */
import { describe, expect, it } from 'vitest';
import type { Poller, Queue, Version } from '../../src/client/pollers';
import { POLLER_FRESH_MS, livingOf } from '../../src/client/pollers';
import type { Temporal } from '../../src/client/connect';
import { readWhy, routeOf, routeReasons } from '../../src/client/silent';
import { reasonText, waysOut } from '../../src/client/explain/silence';
import { RUN, WHERE, why } from './support';

const V1: Version = { deploymentName: 'nics', buildId: 'v1' };
const V2: Version = { deploymentName: 'nics', buildId: 'v2' };
const poller = (version: Version | null, ageMs = 1_000): Poller => ({
  identity: `1@h project=p`,
  version,
  lastSeen: Date.now() - ageMs,
});
const both = (versions: (Version | null)[], takers: (Version | null)[] = [null]): Queue[] =>
  ['q', 'q-cloud'].map((name) => ({ name, takers, pollers: versions.map((version) => poller(version)) }));
const queues = ['q', 'q-cloud'];

describe('who gets a run', () => {
  it.each<[string, Queue[], Version | 'current', unknown[]]>([
    ['workers without a version', both([null]), 'current', []],
    ['nobody', both([]), 'current', [{ kind: 'no-worker', queues }]],
    ['nobody of the pinned version', both([]), V1, [{ kind: 'no-worker', queues }]],
    ['the current version', both([V1], [V1]), 'current', []],
    ['a version that is being ramped', both([V2], [V1, V2]), 'current', []],
    [
      'versions, none current',
      both([V1, V1]),
      'current',
      [{ kind: 'no-current-version', queues, polling: [V1] }],
    ],
    ['workers without a version beside others', both([V1, null]), 'current', []],
    [
      'another version than the current one',
      both([V2, null], [V1]),
      'current',
      [{ kind: 'current-version-gone', queues, version: V1, polling: [V2, null] }],
    ],
    ['the pinned version, whatever is current', both([V1, V2], [V2]), V1, []],
    [
      'another version than the pinned one',
      both([V2], [V2]),
      V1,
      [{ kind: 'pinned-version-gone', queues, version: V1, polling: [V2] }],
    ],
    [
      'nobody on one queue only',
      [both([null])[0]!, both([])[1]!],
      'current',
      [{ kind: 'no-worker', queues: ['q-cloud'] }],
    ],
  ])('polled by %s', (_name, polled, route, expected) => {
    expect(routeReasons(polled, route)).toEqual(expected);
  });

  it.each<[unknown, Version | 'current']>([
    [null, 'current'],
    [{ behavior: 1, deploymentVersion: V1 }, V1],
    [{ behavior: 2, deploymentVersion: V1 }, 'current'],
    [{ behavior: 0, deploymentVersion: V1 }, 'current'],
    [{ behavior: 1, deploymentVersion: V1, versioningOverride: { pinned: { version: V2 } } }, V2],
    [{ behavior: 1, deploymentVersion: V1, versioningOverride: { autoUpgrade: true } }, 'current'],
  ])('versioning %j goes to %j', (versioningInfo, expected) => {
    expect(routeOf({ raw: { workflowExecutionInfo: { versioningInfo } } } as never)).toEqual(expected);
  });

  it('a dead worker is none, and with a wrong clock of ours a living one is no dead one', async () => {
    const old = both([]).map((queue) => ({ ...queue, pollers: [poller(V1, POLLER_FRESH_MS + 5_000)] }));
    const pollers = async (offset: number) =>
      (await livingOf(old, () => Promise.resolve(offset))).map((queue) => queue.pollers.length);
    expect(await pollers(0)).toEqual([0, 0]);
    expect(await pollers(-60_000)).toEqual([1, 1]);
  });
});

describe('the ways out', () => {
  it('of a pinned run: a worker of its version, or the move to one that polls', () => {
    const gone = why({ kind: 'pinned-version-gone', queues: ['q'], version: V1, polling: [V2] });
    expect(reasonText(gone.reasons[0]!)).toContain('pinned to version v1 of deployment nics');
    expect(waysOut(gone, { ...WHERE, namespace: 'ops' }, 'ops').map(({ command }) => command)).toEqual([
      'TEMPORAL_DEPLOYMENT_NAME=nics TEMPORAL_WORKER_BUILD_ID=v1 ecs-nics-worker',
      `temporal workflow update-options --workflow-id ${RUN.workflowId} --run-id ${RUN.runId} ` +
        '--versioning-override-behavior pinned --versioning-override-deployment-name nics ' +
        '--versioning-override-build-id v2 --namespace ops',
    ]);
  });

  it('of a current version without workers: another one, or those without a version', () => {
    const gone = why({ kind: 'current-version-gone', queues: ['q'], version: V1, polling: [V2, null] });
    expect(waysOut(gone, null, 'default').map(({ command }) => command)).toEqual([
      'temporal worker deployment set-current-version --deployment-name nics --build-id v2',
      'temporal worker deployment set-current-version --deployment-name nics --unversioned',
    ]);
  });

  it('no run is ended by hand that a worker may have had', () => {
    const ended = (neverTaken: boolean) =>
      waysOut({ ...why({ kind: 'no-worker', queues: ['q'] }), neverTaken }, WHERE, 'default')
        .map(({ command }) => command)
        .join();
    expect(ended(false)).toBe('');
    expect(ended(true)).toMatch(/^temporal workflow terminate --workflow-id \S+ --run-id \S+ --reason '/);
  });
});

describe('workers of a release without a queue of looks', () => {
  /** @param waitingOn the queues of the run's pending activities; `null`: the server does not tell */
  async function reasonsFor(
    polled: Record<string, Poller[]>,
    waitingOn: (string | null)[],
    pinnedTo?: Version,
  ) {
    const description = {
      status: { name: 'RUNNING' },
      runId: 'r',
      raw: {
        workflowExecutionInfo: pinnedTo
          ? { versioningInfo: { behavior: 1, deploymentVersion: pinnedTo } }
          : {},
        pendingActivities: waitingOn.map((name) => ({
          state: 1,
          activityType: { name: 'inspectServer' },
          attempt: 1,
          ...(name === null ? {} : { activityOptions: { taskQueue: { name } } }),
        })),
      },
    };
    const temporal = {
      namespace: 'n',
      call: async (_ms: number, work: () => Promise<unknown>) => work(),
      client: {
        workflow: { getHandle: () => ({ describe: async () => description }) },
        workflowService: {
          getWorkflowExecutionHistory: async () => ({ history: { events: [] } }),
          describeTaskQueue: async ({ taskQueue }: { taskQueue: { name: string } }) => ({
            pollers: (polled[taskQueue.name] ?? []).map(({ identity, version, lastSeen }) => ({
              identity,
              lastAccessTime: { seconds: lastSeen / 1_000 },
              deploymentOptions: version === null ? null : { ...version, workerVersioningMode: 2 },
            })),
          }),
        },
      },
    } as unknown as Temporal;
    const run = { workflowId: 'w', runId: 'r', taskQueue: 'q' };
    return (await readWhy(temporal, run, { isAnswering: true })).reasons;
  }
  const two = (version: Version | null) => ({ q: [poller(version)], 'q-cloud': [poller(version)] });
  const missing = [{ kind: 'no-worker', queues: ['q-looks'] }];

  it('go on with runs that need none', async () => {
    expect(await reasonsFor(two(null), [])).toEqual([]);
    expect(await reasonsFor(two(null), ['q-cloud'])).toEqual([]);
    const polled = {
      q: [V1, V2].map((v) => poller(v)),
      'q-cloud': [V1, V2].map((v) => poller(v)),
      'q-looks': [poller(V2)],
    };
    expect(await reasonsFor(polled, ['q-cloud'], V1)).toEqual([]);
  });

  it('do not serve a look that waits on it, or that may', async () => {
    expect(await reasonsFor(two(null), ['q-cloud', 'q-looks'])).toEqual(missing);
    expect(await reasonsFor(two(null), [null])).toEqual(missing);
    expect(await reasonsFor({ ...two(V1), 'q-looks': [poller(V2)] }, ['q-looks'], V1)).toMatchObject([
      { kind: 'pinned-version-gone', queues: ['q-looks'] },
    ]);
  });

  it('where nobody polls at all, all three queues are named', async () => {
    expect(await reasonsFor({}, [])).toEqual([{ kind: 'no-worker', queues: ['q', 'q-cloud', 'q-looks'] }]);
  });
});
