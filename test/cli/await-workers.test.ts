/** The look for workers before a start, on virtual time: nobody comes, or somebody does. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Temporal } from '../../src/client/connect';
import { FOLLOW_LIMITS } from '../../src/client/follow';
import type { Awaited } from '../../src/client/start';
import { awaitWorkers } from '../../src/client/start';
import { why } from './support';

const NOBODY = why({ kind: 'no-worker', queues: ['ecs-nics', 'ecs-nics-cloud', 'ecs-nics-looks'] });
let pollers: object[];
let temporal: Temporal;

/** A worker of this version, which has just asked for work. */
const polledBy = (buildId: string) => ({
  identity: '7@vm',
  lastAccessTime: { seconds: Math.floor(Date.now() / 1_000) },
  deploymentOptions: { deploymentName: 'nics', buildId, workerVersioningMode: 2 },
});

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  pollers = [];
  temporal = {
    namespace: 'default',
    call: (_ms: number, fn: () => unknown) => fn(),
    client: { workflowService: { describeTaskQueue: () => Promise.resolve({ pollers }) } },
  } as unknown as Temporal;
});
afterEach(() => void vi.useRealTimers());

describe('the look for workers', () => {
  it('says once that none is there, and after its time that none has come, and why', async () => {
    const said: unknown[] = [];
    let found: Awaited | null = null;
    const onWait = (...what: unknown[]) => void said.push(what);
    void awaitWorkers(temporal, 'ecs-nics', { onWait }).then((it) => (found = it));
    await vi.advanceTimersByTimeAsync(FOLLOW_LIMITS.silentMs - 1);
    expect([found, said]).toEqual([null, [[NOBODY, FOLLOW_LIMITS.silentMs]]]);
    await vi.advanceTimersByTimeAsync(1);
    expect(found).toEqual({ kind: 'none', why: NOBODY, forMs: FOLLOW_LIMITS.silentMs });
  });

  it('says at once that no version is current, since only a person can change that', async () => {
    pollers = [polledBy('v1')];
    const said: unknown[] = [];
    void awaitWorkers(temporal, 'ecs-nics', { onWait: (found) => said.push(...found.reasons) });
    await vi.advanceTimersByTimeAsync(0);
    expect(said).toMatchObject([{ kind: 'no-current-version', polling: [{ buildId: 'v1' }] }]);
  });

  it('a worker that has ended takes nothing, however long the server lists it beside others', async () => {
    const ended = { identity: '6@vm', lastAccessTime: { seconds: Date.now() / 1_000 - 100 } };
    pollers = [ended, polledBy('v1')];
    let found: Awaited | null = null;
    void awaitWorkers(temporal, 'ecs-nics').then((it) => (found = it));
    for (let second = 0; second < 80; second += 5) {
      pollers = [ended, polledBy('v1')];
      await vi.advanceTimersByTimeAsync(5_000);
    }
    expect(found).toMatchObject({ kind: 'none', why: { reasons: [{ kind: 'no-current-version' }] } });
  });

  it('ends as soon as one polls', async () => {
    let found: Awaited | null = null;
    void awaitWorkers(temporal, 'ecs-nics').then((it) => (found = it));
    await vi.advanceTimersByTimeAsync(5_500);
    expect(found).toBeNull();
    pollers = [{ identity: '7@vm', lastAccessTime: { seconds: Math.floor(Date.now() / 1_000) } }];
    await vi.advanceTimersByTimeAsync(1_000);
    expect(found).toEqual({ kind: 'there' });
  });
});
