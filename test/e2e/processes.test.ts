/** Workers and a server that are killed, frozen and started again while runs are at work; the ledger is the judge. */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { freePort } from '../../dev/ports';
import { startTemporal } from '../../dev/temporal-server';
import type { Judged, Moment, Run } from '../support/moments';
import { bringTo, placeOf, SLOW_RPS } from '../support/moments';
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

// What is left of an attempt's 60 s decides: enough to send (20 s), too little (45 s), nothing (70 s).
scenarios.add('the worker is frozen before the POST for less than the attempt: 20 s, and 45 s', async () => {
  const bed = await scenarios.bed('frozen', SLOW);
  for (const ms of [20_000, 45_000]) {
    const { posts, document } = await frozen(bed, 'sending', ms);
    expect([posts, document.submissions, document.jobs.length]).toEqual([1, 1, 1]);
  }
});

scenarios.add('the worker is frozen before the POST for longer than the attempt', async () => {
  const bed = await scenarios.bed('frozen-long', SLOW);
  const { posts, document } = await frozen(bed, 'sending', 70_000);
  // The attempt that was given up counts as a submission; it has sent nothing.
  expect([posts, document.submissions, document.jobs.length]).toEqual([1, 2, 1]);
});

scenarios.add(
  'the worker is frozen between POST and answer for 20 s, and for longer than the attempt',
  async () => {
    const bed = await scenarios.bed('frozen-posting', FAST);
    for (const ms of [20_000, 70_000]) expect((await frozen(bed, 'posting', ms)).posts).toBe(1);
  },
);

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

scenarios.add('the server is killed and restarted on its database while runs poll and verify', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ecs-nics-'));
  scenarios.keep({ close: () => rm(folder, { recursive: true }) });
  const own = {
    env: { ...process.env, TEMPORAL_ADDRESS: undefined },
    port: await freePort(),
    dbFilename: join(folder, 'temporal.db'),
  };
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

scenarios.register('processes that die, freeze and come back', {
  only: ROUNDS === undefined ? /./ : /random/,
  timeout: 240_000 + 180_000 * (ROUNDS ?? 0),
});
