/** Workers and a server that are killed, frozen and started again while runs are at work; the ledger is the judge. */
import { randomInt } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { freePort, until } from '../../dev/ports';
import { root } from '../../dev/root';
import type { TemporalOptions } from '../../dev/temporal-server';
import { startTemporal } from '../../dev/temporal-server';
import { UNHEARD_MS } from '../../src/activities/agreement';
import { posts } from '../support/e2e';
import { approve, createFleet, startFleet } from '../support/fleet';
import type { Judged, Moment, Run } from '../support/moments';
import { begin, bringTo, placeOf, SLOW_RPS } from '../support/moments';
import { killAtRandom } from '../support/random-kills';
import type { WorkerBed } from '../support/scenarios';
import { Scenarios } from '../support/scenarios';

const FAST = { ECS_NICS_CLOUD_RPS: '50' };
const SLOW = { ECS_NICS_CLOUD_RPS: SLOW_RPS };
/** As fast as a supervisor starts a crashed process again. */
const DOWN_MS = 1_000;

/** `ROUNDS=3 npm test -- test/e2e/processes` plays random kills alone, 20 runs at once; `SEED` is the first round's. */
const ROUNDS = process.env.ROUNDS === undefined ? undefined : Number(process.env.ROUNDS);
const SEED = Number(process.env.SEED ?? randomInt(1_000_000));

const scenarios = new Scenarios();

scenarios.add('the worker is killed at each moment of a run in turn', async () => {
  const bed = await scenarios.bed('killed', FAST);
  // What costs an attempt's time-out comes first, and is waited for beside the others.
  await killedAt(bed, ['posting', 'inspecting', 'polling', 'verifying', 'verifying-late']);
});

scenarios.add('the worker is killed when its attempt has begun and the POST has not left', async () => {
  await killedAt(await scenarios.bed('killed-slow', SLOW), ['sending']);
});

async function killedAt(bed: WorkerBed, moments: Moment[]): Promise<void> {
  const { worker } = bed.stack;
  const all: Run[] = [];
  for (const moment of moments) {
    all.push(...(await bringTo(bed, [moment])));
    await worker.kill();
    scenarios.count('kills');
    await sleep(DOWN_MS);
    worker.start();
  }
  await scenarios.judge(bed, all);
}

scenarios.add(`the worker is killed at random moments (SEED=${SEED})`, async () => {
  const bed = await scenarios.bed('random', FAST);
  const { runs, kills } = ROUNDS === undefined ? { runs: 3, kills: 10 } : { runs: 20, kills: 20 };
  for (let round = 0; round < (ROUNDS ?? 1); round++) {
    const played = await killAtRandom(bed, bed.stack.worker, { seed: SEED + round, runs, kills });
    scenarios.count('kills', kills);
    await scenarios.judge(bed, played);
  }
});

scenarios.add('one of two workers on the same queues is killed in the middle of several runs', async () => {
  const bed = await scenarios.bed('pair', FAST);
  const other = bed.stack.addWorker();
  other.start();
  await other.ready(scenarios.temporal, bed.taskQueue);
  // Two runs in each call that is waited for: likely one on each worker.
  const runs = await bringTo(bed, [
    'verifying',
    'verifying-late',
    'polling',
    ...(['inspecting', 'posting', 'inspecting', 'posting'] as const),
  ]);
  await bed.stack.worker.kill();
  scenarios.count('kills');
  await scenarios.judge(bed, runs);
});

/** Sooner or later than the server gives up a worker of which it hears nothing; longer than the whole attempt. */
const FROZEN_MS = { briefly: 5_000, unheard: 20_000, attempt: 70_000 };

scenarios.add('the worker is frozen before the POST for a moment: it sends when it goes on', async () => {
  const { posts, document } = await frozen(await scenarios.bed('frozen', SLOW), 'sending', FROZEN_MS.briefly);
  expect([posts, document.submissions, document.jobs.length]).toEqual([1, 1, 1]);
});

scenarios.add('the worker is frozen before the POST until it is given up, and for longer', async () => {
  const bed = await scenarios.bed('frozen-long', SLOW);
  for (const ms of [FROZEN_MS.unheard, FROZEN_MS.attempt]) {
    const { posts, document } = await frozen(bed, 'sending', ms);
    // The attempt that was given up counts as a submission; it has sent nothing.
    expect([posts, document.submissions, document.jobs.length]).toEqual([1, 2, 1]);
  }
});

scenarios.add(
  'the worker is frozen between POST and answer until it is given up, and for longer than the attempt',
  async () => {
    const bed = await scenarios.bed('frozen-posting', FAST);
    for (const ms of [FROZEN_MS.unheard, FROZEN_MS.attempt])
      expect((await frozen(bed, 'posting', ms)).posts).toBe(1);
  },
);

scenarios.add(
  'one of two workers is frozen between the question whether it may send and the POST',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ecs-nics-'));
    scenarios.keep({ close: () => rm(folder, { recursive: true }) });
    const file = join(folder, 'stop');
    const bed = await scenarios.bed('frozen-asked', {
      ...FAST,
      NODE_OPTIONS: `--require ${join(root, 'test', 'support', 'stop-before-post.cjs')}`,
      STOP_BEFORE_POST: file,
    });
    const other = bed.stack.addWorker();
    other.start();
    await other.ready(scenarios.temporal, bed.taskQueue);
    // It sends; it sends nothing, and the other one looks and sends.
    for (const [ms, submissions] of [
      [FROZEN_MS.briefly, 1],
      [FROZEN_MS.unheard, 2],
    ] as const) {
      await writeFile(file, '');
      const run = await begin(bed, 'sending');
      const stopped = () => readFile(`${file}.pid`, 'utf8').catch(() => '');
      expect(await until(async () => (await stopped()) !== '', 60_000)).toBe(true);
      const pid = Number(await stopped());
      await rm(`${file}.pid`);
      scenarios.count('freezes');
      await sleep(ms);
      process.kill(pid, 'SIGCONT');
      const [judged] = await scenarios.judge(bed, [run]);
      const { posts, document } = judged!;
      expect([posts, document.submissions, document.jobs.length]).toEqual([1, submissions, 1]);
      if (submissions === 2) await looksLate(run, { settleMs: 1_000 });
    }
  },
);

scenarios.add('the worker is killed with its POST out, and the run waits as by default', async () => {
  const bed = await scenarios.bed('killed-default', FAST);
  const { worker } = bed.stack;
  const run = await begin(bed, 'posting', {});
  expect(await until(async () => (await placeOf(bed, run)) === 'there', 60_000)).toBe(true);
  await worker.kill();
  scenarios.count('kills');
  const killedAt = Date.now();
  await sleep(DOWN_MS);
  worker.start();
  const [judged] = await scenarios.judge(bed, [run]);
  expect([judged!.posts, judged!.document.submissions]).toEqual([1, 1]);
  const waitedMs = await looksLate(run, { settleMs: 30_000 });
  expect(waitedMs).toBeLessThanOrEqual(80_000);
  const { closeTime } = await run.handle.describe();
  scenarios.count(
    's from a kill with the POST out to the end',
    Math.round((closeTime!.getTime() - killedAt) / 1_000),
  );
});

/**
 * The server has given the worker up for want of a heartbeat, and the run has looked twice: no look begins before a worker that was
 * frozen can't send any more. All of that by the timers of the product, which the history tells.
 *
 * @returns ms from the last heartbeat to the second look
 */
async function looksLate({ handle }: Run, { settleMs }: { settleMs: number }): Promise<number> {
  const { events = [] } = await handle.fetchHistory();
  const timedOut = events!.findIndex(({ activityTaskTimedOutEventAttributes: told }) => told);
  const info = events![timedOut]?.activityTaskTimedOutEventAttributes;
  expect(Number(info?.failure?.timeoutFailureInfo?.timeoutType)).toBe(HEARTBEAT_MISSED);
  const attempt = events!.find(({ eventId }) => String(eventId) === String(info?.scheduledEventId));
  const heartbeatMs = msOf(attempt?.activityTaskScheduledEventAttributes?.heartbeatTimeout);
  const after = events!.slice(timedOut);
  const waits = after.flatMap(({ timerStartedEventAttributes: told }) =>
    told ? [msOf(told.startToFireTimeout)] : [],
  );
  expect(waits.slice(0, 2)).toEqual([Math.max(settleMs, UNHEARD_MS), settleMs]);
  const kinds = after.flatMap(({ timerFiredEventAttributes, activityTaskScheduledEventAttributes: asked }) =>
    timerFiredEventAttributes ? ['timer'] : asked ? [asked.activityType?.name] : [],
  );
  expect(kinds.slice(0, 4)).toEqual(['timer', 'listNics', 'timer', 'listNics']);
  return heartbeatMs + waits[0]! + waits[1]!;
}

/** TIMEOUT_TYPE_HEARTBEAT */
const HEARTBEAT_MISSED = 4;

function msOf(duration: { seconds?: unknown; nanos?: number | null } | null | undefined): number {
  return Number(duration?.seconds ?? 0) * 1_000 + (duration?.nanos ?? 0) / 1e6;
}

/** @returns what became of the run that was frozen at that moment */
async function frozen(bed: WorkerBed, moment: Moment, ms: number): Promise<Judged> {
  const { worker } = bed.stack;
  const runs = await bringTo(bed, [moment], async ([run]) => {
    worker.freeze();
    // Between the look and the signal it may have gone on.
    if ((await placeOf(bed, run!)) === 'there') return true;
    worker.thaw();
    return false;
  });
  scenarios.count('freezes');
  await sleep(ms);
  worker.thaw();
  return (await scenarios.judge(bed, runs)).at(-1)!;
}

/** Of a server that can be started again where it was killed. */
async function onDatabase(): Promise<TemporalOptions> {
  const folder = await mkdtemp(join(tmpdir(), 'ecs-nics-'));
  scenarios.keep({ close: () => rm(folder, { recursive: true }) });
  const env = { ...process.env, TEMPORAL_ADDRESS: undefined };
  return { env, port: await freePort(), dbFilename: join(folder, 'temporal.db') };
}

scenarios.add('the server is killed and restarted on its database while runs poll and verify', async () => {
  const own = await onDatabase();
  let server = scenarios.keep(await startTemporal(own));
  const bed = await scenarios.bed('restarted', FAST, server);
  const all: Run[] = [];
  for (const moments of [
    ['polling', 'inspecting', 'posting'],
    ['verifying', 'verifying-late'],
  ] as const) {
    all.push(...(await bringTo(bed, moments)));
    process.kill(server.pid!, 'SIGKILL');
    await sleep(DOWN_MS);
    server = scenarios.keepInstead(server, await startTemporal(own));
    scenarios.count('restarts of the server');
  }
  // By the one worker there is, which nobody has started again.
  await scenarios.judge(bed, all);
});

scenarios.add('the server is killed and restarted on its database while a wave goes', async () => {
  const own = await onDatabase();
  const server = scenarios.keep(await startTemporal(own));
  const bed = await scenarios.bed('restarted-fleet', FAST, server);
  const servers = await createFleet(bed.simulator, 12, () => ({ jobSeconds: 3 }));
  const fleet = await startFleet(bed, servers, {
    run: 'restarted',
    pageSize: 5,
    settings: { waves: '3,100%', pauseAfter: 'never', concurrency: 4 },
  });
  await approve(fleet);
  await fleet.reaches(({ counts, inFlight }) => (counts.deleted ?? 0) >= 3 && inFlight > 1);
  process.kill(server.pid!, 'SIGKILL');
  await sleep(DOWN_MS);
  scenarios.keepInstead(server, await startTemporal(own));
  scenarios.count('restarts of the server');
  expect(await fleet.handle.result()).toMatchObject({ outcome: 'done', counts: { deleted: 12 }, failed: 0 });
  for (const { serverId } of servers) expect(await posts(bed.simulator, serverId)).toBe(1);
});

scenarios.register('processes that die, freeze and come back', {
  only: ROUNDS === undefined ? /./ : /random/,
  timeout: 240_000 + 180_000 * (ROUNDS ?? 0),
});
