/** Waiting for the end of a run, on virtual time: it always ends, whatever is down. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import type { Ending } from '../../src/client/ending';
import type { FollowEnd, FollowState, RunSource } from '../../src/client/follow';
import { follow, followRun } from '../../src/client/follow';
import type { Reason } from '../../src/client/silent';
import { RUN, document, running, unanswered, why } from './support';

const never = new Promise<never>(() => {});
const DONE: Ending = { kind: 'completed', document: document() };
class Passing extends Error {}
const noWorker = (...queues: string[]) => why({ kind: 'no-worker', queues });

function source(changes: Partial<RunSource> = {}): RunSource {
  return {
    status: () => Promise.resolve(running()),
    why: () => Promise.resolve(why()),
    ending: () => never,
    isPassing: (error) => error instanceof Passing,
    ...changes,
  };
}

async function after<T>(ms: number, value: T | Error): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  if (value instanceof Error) throw value;
  return value;
}

let states: FollowState[];
const view = { show: (state: FollowState) => void states.push(state) };

/** Follows for at most `ms` of virtual time; `null`: still waiting. */
async function run(
  from: RunSource,
  ms: number,
  interrupted: Promise<unknown> = never,
): Promise<FollowEnd | null> {
  let end: FollowEnd | null = null;
  const following = follow(from, view, interrupted).then((result) => (end = result));
  following.catch(() => {});
  await vi.advanceTimersByTimeAsync(ms);
  if (end !== null) return following;
  return null;
}

beforeEach(() => {
  vi.useFakeTimers();
  states = [];
});
afterEach(() => {
  vi.useRealTimers();
});

describe('follow', () => {
  it('shows the status about once a second, and ends with the run', async () => {
    const end = await run(source({ ending: () => after(10_500, DONE) }), 11_000);
    expect(end).toEqual({ kind: 'closed', ending: DONE });
    expect(states.length).toBeGreaterThanOrEqual(10);
    expect(states.every((state) => state.trouble === null)).toBe(true);
  });

  it('gives a server up that does not answer as soon as its caller says', async () => {
    const { temporal } = unanswered();
    let end: FollowEnd | null = null;
    const followed = { ...RUN, taskQueue: 'ecs-nics' };
    void followRun(temporal, followed, { limits: { lostMs: 5_000 } }).then((it) => (end = it));
    await vi.advanceTimersByTimeAsync(4_500);
    expect(end).toBeNull();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(end).toMatchObject({ kind: 'lost', forMs: 5_000 });
  });

  describe('until it is enough', () => {
    const open = running({ phase: 'undo-window', outcome: 'detached' });
    const isEnough = (it: ResultDocument) => it.phase === 'undo-window';
    const following = async (from: RunSource, ms: number) => {
      let end: FollowEnd | null = null;
      void follow(from, view, never, isEnough).then((it) => (end = it));
      await vi.advanceTimersByTimeAsync(ms);
      return end as FollowEnd | null;
    };

    it('ends with the document that is, and has shown it', async () => {
      const from = source({
        status: () => Promise.resolve(Date.now() - startedAt < 5_000 ? running() : open),
      });
      const startedAt = Date.now();
      expect(await following(from, 4_000)).toBeNull();
      expect(await following(from, 6_000)).toEqual({ kind: 'enough', document: open });
      expect(states.at(-1)).toEqual({ document: open, trouble: null, pollers: [] });
    });

    it('a run that closes before anybody looks ends it as ever', async () => {
      const from = source({
        status: () => after(500, open),
        ending: () => after(100, DONE),
      });
      expect(await following(from, 2_000)).toEqual({ kind: 'closed', ending: DONE });
    });
  });

  it('asks again after each round of waiting', async () => {
    let rounds = 0;
    const ending = () => after(60_000, ++rounds < 3 ? new Passing() : DONE) as Promise<Ending>;
    expect(await run(source({ ending }), 200_000)).toEqual({ kind: 'closed', ending: DONE });
    expect(rounds).toBe(3);
  });

  it('a final error ends it at once', async () => {
    const following = follow(source({ ending: () => Promise.reject(new Error('not found')) }), view, never);
    await expect(following).rejects.toThrow('not found');
  });

  it('Ctrl-C ends it with what is known', async () => {
    const end = await run(source(), 5_000, after(3_500, null));
    expect(end).toEqual({ kind: 'interrupted', document: running() });
  });

  it('no worker: mentioned after 3 s, given up after 30 s', async () => {
    const from = source({
      status: () => after(3_000, new Passing()) as Promise<never>,
      why: () => Promise.resolve(noWorker('q', 'q-cloud')),
    });
    const startedAt = Date.now();
    expect(await run(from, 29_000)).toBeNull();
    const said = states.findIndex((state) => state.trouble?.kind === 'silent');
    expect(said).toBe(0);
    const end = await run(from, 40_000);
    expect(end).toMatchObject({ kind: 'silent', why: noWorker('q', 'q-cloud'), document: null });
    expect(Date.now() - startedAt).toBeGreaterThan(30_000);
  });

  it('a worker on one queue only is not enough', async () => {
    const end = await run(source({ why: () => Promise.resolve(noWorker('q-cloud')) }), 60_000);
    expect(end).toMatchObject({ kind: 'silent', why: noWorker('q-cloud'), document: running() });
  });

  it('a worker that is slow to start is waited for', async () => {
    let worker = false;
    setTimeout(() => (worker = true), 20_000);
    const from = source({
      status: () => (worker ? Promise.resolve(running()) : (after(3_000, new Passing()) as Promise<never>)),
      why: () => Promise.resolve(worker ? why() : noWorker('q')),
    });
    expect(await run(from, 120_000)).toBeNull();
    expect(states.at(-1)?.trouble).toBeNull();
  });

  it('a run that waits for long with live workers is waited for', async () => {
    expect(await run(source(), 3_600_000)).toBeNull();
  });

  it.each([
    [{ kind: 'no-current-version', queues: ['q'], polling: [] }],
    [{ kind: 'tasks-fail', attempt: 3, cause: 'BadSearchAttributes', isSearchAttribute: true }],
  ] as const)('%j: mentioned within seconds, given up after 30 s', async (reason) => {
    const kept = why(reason as never);
    const from = source({
      status: () => after(3_000, new Passing()) as Promise<never>,
      why: () => Promise.resolve(kept),
    });
    expect(await run(from, 8_000)).toBeNull();
    expect(states.at(-1)?.trouble).toMatchObject({ kind: 'silent', why: kept });
    expect(await run(from, 40_000)).toMatchObject({ kind: 'silent', why: kept });
  });

  it('a run that answers while its tasks fail is no run that goes on', async () => {
    const asked: boolean[] = [];
    const kept = why({ kind: 'tasks-fail', attempt: 9, cause: null, isSearchAttribute: false });
    const from = source({
      why: (isAnswering) => {
        asked.push(isAnswering);
        return Promise.resolve(kept);
      },
    });
    expect(await run(from, 50_000)).toMatchObject({ kind: 'silent', why: kept, document: running() });
    expect(new Set(asked)).toEqual(new Set([true]));
  });

  it.each([[{ kind: 'paused' }], [{ kind: 'no-answer', lastSeenMs: 1, version: null, polling: [] }]])(
    '%j: mentioned, and waited for',
    async (reason) => {
      const from = source({
        status: () => after(3_000, new Passing()) as Promise<never>,
        why: () => Promise.resolve(why(reason as Reason)),
      });
      expect(await run(from, 10_000)).toBeNull();
      expect(states.at(-1)?.trouble).toBeNull();
      expect(await run(from, 600_000)).toBeNull();
      expect(states.at(-1)?.trouble).toMatchObject({ kind: 'silent', limitMs: null });
    },
  );

  it('queries that fail while workers poll are tolerated', async () => {
    const from = source({ status: () => after(3_000, new Passing()) as Promise<never> });
    expect(await run(from, 600_000)).toBeNull();
  });

  it('Temporal away: mentioned, given up after 60 s', async () => {
    const away = () => after(3_000, new Passing('connection lost')) as Promise<never>;
    const from = source({ status: away, why: away, ending: away });
    expect(await run(from, 55_000)).toBeNull();
    expect(states.at(-1)?.trouble).toMatchObject({ kind: 'lost', why: 'connection lost' });
    expect(await run(from, 80_000)).toMatchObject({ kind: 'lost', why: 'connection lost' });
  });

  it('Temporal back in time: nothing is lost', async () => {
    let away = true;
    setTimeout(() => (away = false), 40_000);
    const whileAway = <T>(value: () => Promise<T>) =>
      away ? (after(3_000, new Passing()) as Promise<never>) : value();
    const from = source({
      status: () => whileAway(() => Promise.resolve(running())),
      why: () => whileAway(() => Promise.resolve(why())),
      ending: () => whileAway(() => after(20_000, DONE)),
    });
    expect(await run(from, 90_000)).toEqual({ kind: 'closed', ending: DONE });
  });
});
