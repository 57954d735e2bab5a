/** Workers and a server that are killed, frozen and started again while runs are at work; the ledger is the judge. */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../dev/ports';
import type { Simulator } from '../../dev/simulator';
import { startSimulator } from '../../dev/simulator';
import type { Stack } from '../../dev/stack';
import { startStack } from '../../dev/stack';
import type { Temporal } from '../../dev/temporal-server';
import { startTemporal } from '../../dev/temporal-server';
import type { Bed, Judged, Moment, Run } from '../support/moments';
import { bringTo, judge, placeOf, SLOW_RPS } from '../support/moments';
import { killAtRandom } from '../support/random-kills';
import { Tally } from '../support/tally';

const ALL: Moment[] = ['verifying', 'verifying-late', 'polling', 'inspecting', 'posting'];
/** As fast as a supervisor starts a crashed process again. */
const DOWN_MS = 1_000;

const tally = new Tally();
const opened: { close(): Promise<unknown> }[] = [];
let temporal: Temporal;
let simulator: Simulator;

const keep = <T extends { close(): Promise<unknown> }>(it: T): T => {
  opened.push(it);
  return it;
};

/** Queues of their own, and a worker, on the shared server and cloud. */
async function bedOf(label: string, rps: string, at = temporal): Promise<Bed & { stack: Stack }> {
  const workerEnv = { ECS_NICS_CLOUD_RPS: rps };
  const stack = keep(await startStack({ label, temporal: at, simulator, workerEnv }));
  const connection = keep(await Connection.connect({ address: at.address }));
  const client = new Client({ connection, namespace: at.namespace });
  return { stack, simulator, client, taskQueue: stack.taskQueue };
}

async function judgeAll(bed: Bed, runs: Run[]): Promise<void> {
  tally.add('runs', runs.length);
  const judged = await Promise.all(runs.map((run) => judge(bed, run)));
  for (const { document } of judged) {
    tally.add('POSTs of unknown fate', document.submissions - document.jobs.length);
  }
}

/** They wait more than they work: all are begun at once, and each test waits for the end of its own. */
const SCENARIOS = new Map<string, () => Promise<void>>();
const ends = new Map<string, Promise<void>>();
const scenario = (name: string, play: () => Promise<void>) => SCENARIOS.set(name, play);

scenario('the worker is killed at each moment of a run in turn', async () => {
  const bed = await bedOf('killed', '50');
  // What costs an attempt's time-out comes first, and is waited for beside the others.
  await killedAt(bed, ['posting', 'inspecting', 'polling', 'verifying', 'verifying-late']);
});

scenario('the worker is killed when its attempt has begun and the POST has not left', async () => {
  await killedAt(await bedOf('killed-slow', SLOW_RPS), ['sending']);
});

async function killedAt(bed: Bed & { stack: Stack }, moments: Moment[]): Promise<void> {
  const { worker } = bed.stack;
  const all: Run[] = [];
  for (const moment of moments) {
    const runs = await bringTo(bed, [moment]);
    await worker.kill();
    tally.add('kills');
    all.push(...runs);
    await sleep(DOWN_MS);
    worker.start();
  }
  await judgeAll(bed, all);
}

/** `ROUNDS=3 npm test -- test/e2e/processes` plays only this, with 20 runs at once; `SEED=…` the first round's draws. */
const ROUNDS = process.env.ROUNDS === undefined ? undefined : Number(process.env.ROUNDS);
const SEED = Number(process.env.SEED ?? randomInt(1_000_000));

scenario(`the worker is killed at random moments (SEED=${SEED})`, async () => {
  const bed = await bedOf('random', '50');
  const { runs, kills } = ROUNDS === undefined ? { runs: 3, kills: 10 } : { runs: 20, kills: 20 };
  for (let round = 0; round < (ROUNDS ?? 1); round++) {
    const played = await killAtRandom(bed, bed.stack.worker, { seed: SEED + round, runs, kills });
    tally.add('kills', kills);
    await judgeAll(bed, played);
  }
});

scenario('one of two workers on the same queues is killed in the middle of several runs', async () => {
  const bed = await bedOf('pair', '50');
  const other = bed.stack.addWorker();
  other.start();
  await other.ready(temporal, bed.taskQueue);
  const runs = await bringTo(bed, [...ALL, 'posting', 'inspecting']);
  await bed.stack.worker.kill();
  tally.add('kills');
  await judgeAll(bed, runs);
});

// What is left of an attempt's 60 s decides: enough to send (20 s), too little (45 s), nothing (70 s).
scenario('the worker is frozen before the POST for less than the attempt: 20 s, and 45 s', async () => {
  const bed = await bedOf('frozen', SLOW_RPS);
  for (const ms of [20_000, 45_000]) {
    const { posts, document } = await frozen(bed, 'sending', ms);
    expect([posts, document.submissions, document.jobs.length]).toEqual([1, 1, 1]);
  }
});

scenario('the worker is frozen before the POST for longer than the attempt', async () => {
  const { posts, document } = await frozen(await bedOf('frozen-long', SLOW_RPS), 'sending', 70_000);
  // The attempt that was given up counts as a submission; it has sent nothing.
  expect([posts, document.submissions, document.jobs.length]).toEqual([1, 2, 1]);
});

scenario(
  'the worker is frozen between POST and answer for 20 s, and for longer than the attempt',
  async () => {
    const bed = await bedOf('frozen-posting', '50');
    for (const ms of [20_000, 70_000]) expect((await frozen(bed, 'posting', ms)).posts).toBe(1);
  },
);

async function frozen(bed: Bed & { stack: Stack }, moment: Moment, ms: number): Promise<Judged> {
  const { worker } = bed.stack;
  const runs = await bringTo(bed, [moment], async ([run]) => {
    worker.freeze();
    // Between the look and the signal it may have gone on.
    if ((await placeOf(bed, run!)) === 'there') return true;
    worker.thaw();
    return false;
  });
  tally.add('freezes');
  await sleep(ms);
  worker.thaw();
  await judgeAll(bed, runs);
  return judge(bed, runs.at(-1)!);
}

scenario('the server is killed and restarted on its database while runs poll and verify', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ecs-nics-'));
  opened.push({ close: () => rm(folder, { recursive: true }) });
  const own = {
    env: { ...process.env, TEMPORAL_ADDRESS: undefined },
    port: await freePort(),
    dbFilename: join(folder, 'temporal.db'),
  };
  let server = keep(await startTemporal(own));
  const bed = await bedOf('restarted', '50', server);
  const { pid } = bed.stack.worker;
  const all: Run[] = [];
  for (const moments of [
    ['polling', 'inspecting', 'posting'],
    ['verifying', 'verifying-late'],
  ] as const) {
    all.push(...(await bringTo(bed, moments)));
    process.kill(server.pid!, 'SIGKILL');
    await sleep(DOWN_MS);
    server = keep(await startTemporal(own));
    tally.add('restarts of the server');
  }
  await judgeAll(bed, all);
  expect(bed.stack.worker.pid).toBe(pid);
  expect(bed.stack.worker.log).not.toMatch(/"level":"(error|fatal)"/);
});

const PLAYED = [...SCENARIOS.keys()].filter((name) => ROUNDS === undefined || name.includes('random'));

beforeAll(async () => {
  [temporal, simulator] = await Promise.all([startTemporal(), startSimulator()]);
  opened.push(temporal, simulator);
  for (const name of PLAYED) {
    const end = SCENARIOS.get(name)!();
    end.catch(() => undefined);
    ends.set(name, end);
    tally.add('scenarios');
  }
});
afterAll(async () => {
  const { violations } = await simulator.get<{ violations: unknown[] }>('/_sim/invariants');
  tally.add('violations', violations.length);
  tally.print('processes');
  while (opened.length > 0) await opened.pop()?.close();
});

describe('processes that die, freeze and come back', () => {
  it.each(PLAYED)('%s', { timeout: 240_000 + 180_000 * (ROUNDS ?? 0) }, async (name) => {
    await ends.get(name);
  });
});
