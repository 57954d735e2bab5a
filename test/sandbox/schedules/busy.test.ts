/** A server at which somebody else's job is at work when the run wants to send: how long it waits, and what that costs. */
import { describe, expect, it } from 'vitest';
import type { Schedule } from '../engine/schedule';
import { playAll, TIMING } from '../engine/play';
import type { World } from '../engine/world';
import { createWorld, serverOf } from '../engine/world';
import { documentOf } from '../judges/judge';
import { decide } from './audit/audit-support';
import { play as putBack } from './play-undo';

const MINUTE = 60_000;
const { busyWait, settle, verifyFor } = TIMING;
/** What the request does not say is learned. */
const LEARNED = { busyWait, settle, verifyFor };

interface Busy {
  world?: World;
  timing?: object;
  request?: object;
  /** Of the other's job. */
  otherSeconds: number;
  schedule?: Partial<Schedule>;
}

/** Somebody else has a NIC deleted just before the run sends. */
async function besideAnother({ world = createWorld(1), timing, request, otherSeconds, schedule }: Busy) {
  const { simulator, clock } = world;
  const server = serverOf(world, { jobSeconds: otherSeconds });
  const { projectId, ledger } = simulator;
  const url = `/v1/${projectId}/cloudservers/${server.id}/nics/delete`;
  const answer = await simulator.app.inject({
    method: 'POST',
    url,
    payload: { nics: [{ id: server.nics[2] }] },
  });
  expect(answer.statusCode).toBe(200);
  simulator.control.patchServer(server.id, { jobSeconds: 12 });
  const since = ledger.requests.length;
  const startedAt = clock.now();
  const nics = [{ id: server.nics[0] ?? '' }, { id: server.nics[1] ?? '' }];
  const input = { serverId: server.id, nics, timing: { ...LEARNED, ...timing }, ...request };
  const [played] = await playAll({ input, serverId: server.id, seed: 1, ...schedule }, world);
  if (played === undefined) throw new Error('nothing was played');
  const requests = ledger.requests.slice(since);
  const posts = requests.filter(({ requestClass }) => requestClass === 'delete');
  return {
    told: documentOf(played),
    seconds: played.virtualMs / 1_000,
    calls: requests.length,
    /** Since the first POST, in s. */
    posts: posts.map(({ at }) => Math.round((at - (posts[0]?.at ?? startedAt)) / 1_000)),
  };
}

/** A worker that has followed so many jobs. */
async function workerThatHasSeen(jobSeconds: number, jobs: number): Promise<World> {
  const world = createWorld(1);
  for (let seed = 1; seed <= jobs; seed++) {
    const server = serverOf(world, { jobSeconds });
    const input = { serverId: server.id, nics: [{ id: server.nics[0] ?? '' }], timing: LEARNED };
    await playAll({ input, serverId: server.id, seed }, world);
  }
  return world;
}

describe('a server with a job of 12 s of somebody else', () => {
  it('a worker that knows no job time comes in time, with one look more', async () => {
    const { told, seconds, posts, calls } = await besideAnother({ otherSeconds: 12 });
    expect([told.outcome, told.submissions, posts.length]).toEqual(['deleted', 1, 2]);
    expect(seconds).toBeLessThanOrEqual(40);
    // No more calls than with a wait of a minute.
    const patient = await besideAnother({
      world: await workerThatHasSeen(60, 5),
      otherSeconds: 12,
      // As the worker polls that knows nothing.
      timing: { firstPoll: '10s', pollInterval: '10s' },
    });
    expect([patient.posts, patient.seconds > 80]).toEqual([[0, 60], true]);
    // 10 as of any run, a second poll, and for the wait a refused POST and an inspection of 4.
    expect([calls, patient.calls]).toEqual([16, 16]);
  });

  it('a worker that has seen jobs of 12 s waits as long, and polls when its own is about to end', async () => {
    const { told, seconds, posts, calls } = await besideAnother({
      world: await workerThatHasSeen(12, 20),
      otherSeconds: 12,
    });
    expect([told.outcome, posts]).toEqual(['deleted', [0, 12]]);
    expect(seconds).toBeLessThanOrEqual(35);
    // One poll meets the end of its job.
    expect(calls).toBe(15);
  });

  it('jobs that are known to take longer than `busyWait` make no wait longer than that', async () => {
    const { posts } = await besideAnother({
      world: await workerThatHasSeen(90, 5),
      otherSeconds: 12,
      timing: { busyWait: '20s' },
    });
    expect(posts).toEqual([0, 20]);
  });

  it('a `busyWait` below what jobs take is respected', async () => {
    const { posts } = await besideAnother({ otherSeconds: 12, timing: { busyWait: '5s' } });
    expect(posts).toEqual([0, 5, 10, 15]);
  });
});

describe('a server that is busy for hours', () => {
  it('is asked in growing steps, then once in each `busyWait`, at the same cost each time', async () => {
    const { told, posts, calls } = await besideAnother({
      otherSeconds: 10 * 3_600,
      request: { deadline: '2 hours' },
    });
    expect(told.submissions).toBe(0);
    // 12.5 s, 25 s, 50 s, and then a minute each.
    expect(posts.slice(0, 6)).toEqual([0, 13, 38, 88, 148, 208]);
    const inHour = (from: number) => posts.filter((at) => at >= from && at < from + 3_600).length;
    // With a minute each from the beginning it is 60; a shorter first wait costs two more, once.
    expect([inHour(0), inHour(3_600)]).toEqual([62, 60]);
    // For each POST the inspection before it: server, list, ports in one set, elastic IPs.
    expect(calls).toBe(posts.length * 5);
  });

  it('and tells so after it has refused: the waits grow as well, and no POST is sent', async () => {
    const world = createWorld(1);
    const server = serverOf(world, {});
    const { control, ledger } = world.simulator;
    control.addFault({ match: { class: 'delete' }, what: { kind: 'busy' }, times: 1 });
    const act = () => control.patchServer(server.id, { taskState: 'attaching' });
    const nics = [{ id: server.nics[0] ?? '' }];
    const input = { serverId: server.id, nics, timing: LEARNED, deadline: '5 minutes' };
    const deeds = [{ after: 'waiting' as const, at: 1_000, act }];
    const [played] = await playAll({ input, serverId: server.id, seed: 1, deeds }, world);
    expect(played?.end).toMatchObject({ kind: 'failed', type: 'Refused' });
    const looks = ledger.requests.filter(({ requestClass }) => requestClass === 'list').map(({ at }) => at);
    const waits = looks.slice(2).map((at, index) => Math.round((at - (looks[index + 1] ?? 0)) / 1_000));
    expect(waits.slice(0, 4)).toEqual([25, 50, 60, 60]);
    expect(ledger.requests.filter(({ requestClass }) => requestClass === 'delete')).toHaveLength(1);
  });
});

it('putting back waits for a busy server in the same way', async () => {
  const busy = { match: { class: 'attach' as const }, what: { kind: 'busy' as const }, times: 3 };
  const { told, world } = await putBack(
    { undoWindow: '1 hour' },
    { faults: [busy], updates: decide('undo', MINUTE) },
  );
  expect(told.outcome).toBe('undone');
  const posts = world.simulator.ledger.requests.filter(({ requestClass }) => requestClass === 'attach');
  const waits = posts.slice(1).map(({ at }, index) => Math.round((at - (posts[index]?.at ?? 0)) / 1_000));
  expect(waits).toEqual([13, 25, 50]);
});
