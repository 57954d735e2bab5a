/** A server at which somebody else's job is at work when the run wants to send: how long it waits, and what that costs. */
import { describe, expect, it } from 'vitest';
import type { Knobs } from '../../../simulator';
import type { Schedule } from '../engine/schedule';
import { playAll, TIMING } from '../engine/play';
import type { World } from '../engine/world';
import { createWorld, serverOf } from '../engine/world';
import { documentOf } from '../judges/judge';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const { busyWait, settle, verifyFor } = TIMING;
/** What the request does not say is learned. */
const LEARNED = { busyWait, settle, verifyFor };

interface Busy {
  world?: World;
  knobs?: Partial<Knobs>;
  timing?: object;
  request?: object;
  /** Of the other's job. */
  otherSeconds: number;
  schedule?: Partial<Schedule>;
}

/** Somebody else has a NIC deleted just before the run sends. */
async function besideAnother({
  world = createWorld(1),
  knobs,
  timing,
  request,
  otherSeconds,
  schedule,
}: Busy) {
  const { simulator, clock } = world;
  simulator.control.setKnobs(knobs ?? {});
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
    looks: requests.filter(({ requestClass }) => requestClass === 'server').length,
    between: (from: number, to: number) =>
      requests.filter(({ at }) => at - startedAt >= from && at - startedAt < to).length,
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
    // Not more than of a wait of a minute: one refused POST, and one inspection more.
    const patient = await besideAnother({
      world: await workerThatHasSeen(60, 5),
      otherSeconds: 12,
      // As the worker polls that knows nothing.
      timing: { firstPoll: '10s', pollInterval: '10s' },
    });
    expect([patient.posts, patient.seconds > 80]).toEqual([[0, 60], true]);
    expect(calls).toBeLessThanOrEqual(patient.calls);
    console.log(`${patient.seconds} s, ${patient.calls} calls -> ${seconds} s, ${calls} calls`);
  });

  it('a worker that has seen jobs of 12 s waits as long, and polls when its own is about to end', async () => {
    const { told, seconds, posts, calls } = await besideAnother({
      world: await workerThatHasSeen(12, 20),
      otherSeconds: 12,
    });
    expect([told.outcome, posts]).toEqual(['deleted', [0, 12]]);
    expect(seconds).toBeLessThanOrEqual(35);
    console.log(`learned: ${seconds} s, ${calls} calls`);
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

describe.each([
  ['which tells of no task', null],
  ['which tells of a task', 'deleting-nic'],
])('a server that is busy for hours, %s', (_, taskStateDuringJob) => {
  it('the waits grow to `busyWait`, and then cost no more calls than one wait a minute', async () => {
    const { told, posts, looks, between } = await besideAnother({
      otherSeconds: 10 * 3_600,
      knobs: { taskStateDuringJob },
      request: { deadline: '2 hours' },
    });
    expect(told.submissions).toBe(0);
    // 12.5 s, 25 s, 50 s, and then a minute each.
    if (taskStateDuringJob === null) expect(posts.slice(0, 5)).toEqual([0, 13, 38, 88, 148]);
    // The inspection knows without a POST.
    else expect(posts).toEqual([]);
    const perLook = Math.ceil(between(HOUR, 2 * HOUR) / 60);
    console.log(
      `${String(taskStateDuringJob)}: first hour ${between(0, HOUR)}, second ${between(HOUR, 2 * HOUR)}, looks ${looks}, per look ${perLook}`,
    );
    expect(between(HOUR, 2 * HOUR)).toBeLessThanOrEqual(60 * perLook);
  });
});
