/** Workers and a server that die, freeze and are replaced on the way back; the state of the cloud's servers is the judge. */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { freePort } from '../../dev/ports';
import { startSimulator } from '../../dev/simulator';
import { startTemporal } from '../../dev/temporal-server';
import { attemptBegun, ledgerOf, SLOW_RPS } from '../support/moments';
import { undoAtRandom } from '../support/random-undo';
import { Scenarios } from '../support/scenarios';
import type { BackMoment } from '../support/back-moments';
import { BACK_MOMENTS, bringBackTo, judgeHeld } from '../support/back-moments';
import { decide, judgeBack, lostPorts, settled, startDeletion } from '../support/ways-back';

const FAST = { ECS_NICS_CLOUD_RPS: '50' };
/** As fast as a supervisor starts a crashed process again. */
const DOWN_MS = 1_000;
/** Above an attempt's 60 s. */
const FROZEN_MS = 65_000;
const UNDONE = { outcome: 'undone', nics: ['restored', 'restored'] } as const;
const DELETED = { outcome: 'deleted', nics: ['deleted', 'deleted'] } as const;

/** `ROUNDS=3 npm test -- test/e2e/undo-processes` plays random kills alone, 20 runs at once; `SEED` is the first round's. */
const ROUNDS = process.env.ROUNDS === undefined ? undefined : Number(process.env.ROUNDS);
const SEED = Number(process.env.SEED ?? randomInt(1_000_000));

const scenarios = new Scenarios();

scenarios.add('the worker is killed at every moment of the way back at once', async () => {
  // A cloud of its own, with ids of its own.
  const simulator = scenarios.keep(await startSimulator(['--seed', '8']));
  const bed = await scenarios.bed('undo-killed', FAST, scenarios.temporal, simulator);
  const { worker } = bed.stack;
  const runs = await bringBackTo(bed, BACK_MOMENTS, async () => {
    await worker.kill();
    return true;
  });
  scenarios.count('runs', runs.length);
  await sleep(DOWN_MS);
  worker.start();
  await Promise.all(runs.map((run) => judgeHeld(bed, run)));
});

scenarios.add(
  'one of two workers on the same queues is killed in the middle of several ways back',
  async () => {
    const bed = await scenarios.bed('undo-pair', FAST);
    const other = bed.stack.addWorker();
    other.start();
    await other.ready(scenarios.temporal, bed.taskQueue);
    // Two runs in each call that is waited for: likely one on each worker.
    const moments: BackMoment[] = [
      'the attachment, accepted',
      'the flag on its way back',
      'the job that attaches',
    ];
    const runs = await bringBackTo(bed, [...moments, ...moments], async () => {
      await other.kill();
      return true;
    });
    scenarios.count('runs', runs.length);
    await Promise.all(runs.map((run) => judgeHeld(bed, run)));
  },
);

scenarios.add('the worker is frozen between the POST that attaches and its answer', async () => {
  const bed = await scenarios.bed('undo-frozen', FAST);
  const { worker } = bed.stack;
  const runs = await bringBackTo(bed, ['the attachment, accepted', 'the attachment, not accepted'], () => {
    worker.freeze();
    return true;
  });
  await sleep(FROZEN_MS);
  worker.thaw();
  await Promise.all(runs.map((run) => judgeHeld(bed, run)));
  const sent = await Promise.all(runs.map((run) => attachments(run.serverId)));
  expect(sent.slice(-2)).toEqual([1, 2]);
});

scenarios.add(
  'the worker is frozen when its attempt has begun and the POST that attaches has not left',
  async () => {
    const bed = await scenarios.bed('undo-frozen-slow', FAST);
    const { worker } = bed.stack;
    const windows = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        startDeletion(bed, `frozen before the POST, try ${n + 1}`, { undoWindow: '1 hour' }),
      ),
    );
    await Promise.all(windows.map(settled));
    await worker.kill();
    worker.start({ ECS_NICS_CLOUD_RPS: SLOW_RPS });
    // On a busy machine the POST may be faster than the look for its attempt.
    const way = await firstOf(windows, async (each) => {
      await decide(each, 'undo');
      const isSent = async () => (await attachments(each.serverId)) > 0;
      // The whole attempt may pass between two looks.
      while (!(await attemptBegun(each.handle, 'attachNics')) && !(await isSent())) await sleep(20);
      worker.freeze();
      if (!(await isSent())) return true;
      worker.thaw();
      await judgeBack(bed, each, UNDONE);
      return false;
    });
    await sleep(FROZEN_MS);
    expect(await attachments(way.serverId)).toBe(0);
    worker.thaw();
    await judgeBack(bed, way, UNDONE);
    // What thaws after its attempt sends nothing: whoever comes after it does.
    expect(await attachments(way.serverId)).toBe(1);
  },
);

async function firstOf<T>(candidates: readonly T[], isIt: (candidate: T) => Promise<boolean>): Promise<T> {
  for (const candidate of candidates) if (await isIt(candidate)) return candidate;
  throw new Error('none of them was fast enough');
}

scenarios.add(`the worker is killed at random moments of whole runs (SEED=${SEED})`, async () => {
  const bed = await scenarios.bed('undo-random', FAST);
  const { runs, kills } = ROUNDS === undefined ? { runs: 7, kills: 8 } : { runs: 20, kills: 20 };
  for (let round = 0; round < (ROUNDS ?? 1); round++) {
    await undoAtRandom(bed, bed.stack.worker, { seed: SEED + round, runs, kills });
    scenarios.count('runs', runs);
    scenarios.count('random kills', kills);
  }
});

scenarios.add('the server is killed and restarted on its database while windows are open', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ecs-nics-'));
  scenarios.keep({ close: () => rm(folder, { recursive: true }) });
  const own = {
    env: { ...process.env, TEMPORAL_ADDRESS: undefined },
    port: await freePort(),
    dbFilename: join(folder, 'temporal.db'),
  };
  const server = scenarios.keep(await startTemporal(own));
  const bed = await scenarios.bed('undo-restarted', FAST, server);
  const open = await startDeletion(bed, 'a window that stays open', { undoWindow: '1 hour' });
  // Ends while nobody is there.
  const short = await startDeletion(bed, 'a window that ends meanwhile', { undoWindow: '4 seconds' });
  const [{ undoUntil }] = await Promise.all([settled(open), settled(short)]);
  process.kill(server.pid!, 'SIGKILL');
  await sleep(5_000);
  scenarios.keepInstead(server, await startTemporal(own));
  scenarios.count('restarts of the server');
  await judgeBack(bed, short, DELETED);
  expect(await settled(open)).toMatchObject({ phase: 'undo-window', undoUntil });
  await decide(open, 'undo');
  await judgeBack(bed, open, UNDONE);
});

/** POSTs to attach, whatever became of them. */
async function attachments(serverId: string): Promise<number> {
  const { requests } = await ledgerOf({ simulator: scenarios.simulator }, serverId);
  return requests.filter((request) => request.class === 'attach').length;
}

const only = ROUNDS === undefined ? /./ : /random/;
scenarios.register('on the way back', { only, timeout: 480_000 + 180_000 * (ROUNDS ?? 0) });

it('leaves no port behind', async () => {
  expect(await lostPorts(scenarios)).toEqual([]);
});
