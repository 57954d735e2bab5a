/** Newer workers take over, with the commands of docs/upgrades.md as they stand there. */
import type { WorkflowHandle } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { until } from '../../dev/ports';
import { startTemporal } from '../../dev/temporal-server';
import type { Worker } from '../../dev/worker';
import { ledgerOf } from '../support/moments';
import { posts } from '../support/e2e';
import { approve, createFleet, startFleet } from '../support/fleet';
import { commandsBelow, shell } from '../support/documented';
import { Scenarios } from '../support/scenarios';
import type { WorkerBed } from '../support/scenarios';
import type { WayBack } from '../support/ways-back';
import { decide, judgeBack, settled, startDeletion } from '../support/ways-back';

const PAGE = 'upgrades.md';
const FAST = { ECS_NICS_CLOUD_RPS: '50' };
const UNDONE = { outcome: 'undone', nics: ['restored', 'restored'] } as const;
const DELETED = { outcome: 'deleted', nics: ['deleted', 'deleted'] } as const;
/** Instead of minutes: how long the server waits before it looks whether a version is drained, and between its looks. */
const QUICK_DRAINAGE = [
  ...['--dynamic-config-value', 'matching.wv.VersionDrainageStatusVisibilityGracePeriod="2s"'],
  ...['--dynamic-config-value', 'matching.wv.VersionDrainageStatusRefreshInterval="1s"'],
];

const scenarios = new Scenarios();

const build = (buildId: string) => ({
  TEMPORAL_DEPLOYMENT_NAME: 'ecs-nics-upgraded',
  TEMPORAL_WORKER_BUILD_ID: buildId,
});

interface Upgrade {
  bed: WorkerBed;
  /** Runs a block of the page; `NEW` and `OLD` are 2 and 1. */
  command: (heading: string, holding?: string, env?: Record<string, string>) => Promise<string>;
  /** Starts a further worker. */
  another: (env: Record<string, string>) => Promise<Worker>;
}

/** A server of its own: deployments have one name for all of its queues. With a worker of build 1, or an unversioned one. */
async function upgrade(label: string, versioned: boolean): Promise<Upgrade> {
  const env = { ...process.env, TEMPORAL_ADDRESS: undefined };
  const server = scenarios.keep(await startTemporal({ env, extraArgs: QUICK_DRAINAGE }));
  const bed = await scenarios.bed(label, { ...FAST, ...(versioned ? build('1') : {}) }, server);
  const command: Upgrade['command'] = async (heading, holding = '', more = {}) =>
    shell(await commandsBelow(PAGE, heading, holding), {
      ...server.env,
      NAME: build('').TEMPORAL_DEPLOYMENT_NAME,
      OLD: '1',
      NEW: '2',
      ...more,
    });
  if (versioned) await command('The first time', '', { NEW: '1' });
  const another: Upgrade['another'] = async (its) => {
    const worker = bed.stack.addWorker();
    // The first worker's variables are this one's, too, unless told otherwise.
    worker.start({ TEMPORAL_DEPLOYMENT_NAME: '', TEMPORAL_WORKER_BUILD_ID: '', ...its });
    await worker.ready(server, bed.taskQueue);
    return worker;
  };
  return { bed, command, another };
}

/** Who has carried out the run's workflow tasks, in order and without repetition; `''`: an unversioned worker. */
async function buildsOf(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  const builds = (events ?? []).flatMap(({ workflowTaskCompletedEventAttributes: done }) =>
    done == null ? [] : [done.deploymentVersion?.buildId ?? ''],
  );
  return builds.filter((id, index) => id !== builds[index - 1]);
}

/** The worker that asked may still wait for the answer. */
async function untilPolled(bed: WorkerBed, { serverId }: WayBack): Promise<void> {
  const isPolled = async () =>
    (await ledgerOf(bed, serverId)).requests.some((request) => request.class === 'job');
  expect(await until(isPolled, 60_000)).toBe(true);
}

scenarios.add(
  'pinned: open runs are moved after their workers are gone, and answered by the new ones',
  async () => {
    const { bed, command, another } = await upgrade('upgrade-moved', true);
    await another(build('2'));
    const open = (name: string) => startDeletion(bed, name, { undoWindow: '1 hour' });
    const [undone, committed] = [await open('undone'), await open('committed')];
    // Both last until they are moved, however long that takes.
    const whosePolls = (name: string, what: object) =>
      startDeletion(bed, name, { undoWindow: '1 second' }, { faults: [{ match: { class: 'job' }, what }] });
    const polling = await whosePolls('polling', { kind: 'edit', merge: { status: 'RUNNING' } });
    // The worker dies while it waits for the answer.
    const hung = await whosePolls('a poll on its way', { kind: 'hang' });
    await Promise.all([polling, hung].map((way) => untilPolled(bed, way)));
    const ends = await startDeletion(bed, 'a window that ends', { undoWindow: '60 seconds' });
    await Promise.all([undone, committed, ends].map(settled));

    await command('Every further time', 'set-current-version');
    await bed.stack.worker.kill();
    // Sent while nobody can answer: what the page warns of.
    const early = decide(undone, 'undo');
    early.catch(() => undefined);
    const all = [undone, committed, polling, hung].map(({ serverId }) => serverId);
    // The list of runs lags behind them.
    const areListed = async () => {
      const listed = await command('Every further time', 'workflow list');
      return all.every((serverId) => listed.includes(serverId));
    };
    expect(await until(areListed, 120_000)).toBe(true);
    expect(await Promise.race([early.then(() => 'answered'), sleep(5_000, 'silent')])).toBe('silent');
    expect(await command('Move open runs')).toMatch(/Started batch/);
    await Promise.all([polling, hung].map(({ lift }) => lift()));

    await early;
    await decide(committed, 'commit');
    await judgeBack(bed, undone, UNDONE);
    for (const way of [committed, ends, polling, hung]) await judgeBack(bed, way, DELETED);
    for (const { handle, name } of [undone, committed, ends, polling, hung]) {
      expect(await buildsOf(handle), name).toEqual(['1', '2']);
    }
    const areGone = async () => !(await command('Every further time', 'workflow list')).includes('nics/');
    expect(await until(areGone, 120_000)).toBe(true);
    const fresh = await startDeletion(bed, 'a new one', {});
    await judgeBack(bed, fresh, DELETED);
    expect(await buildsOf(fresh.handle)).toEqual(['2']);
  },
);

scenarios.add('pinned: the old workers finish what they began, and the server tells when', async () => {
  const { bed, command, another } = await upgrade('upgrade-drained', true);
  await another(build('2'));
  const short = await startDeletion(bed, 'finishes on 1', { undoWindow: '60 seconds' });
  await settled(short);
  await command('Every further time', 'set-current-version');
  const isDraining = async () =>
    /DrainageStatus +draining/.test(await command('Or let them finish', 'describe-version'));
  expect(await until(isDraining, 60_000)).toBe(true);
  const fresh = await startDeletion(bed, 'begins on 2', {});
  await judgeBack(bed, short, DELETED);
  await judgeBack(bed, fresh, DELETED);
  expect([await buildsOf(short.handle), await buildsOf(fresh.handle)]).toEqual([['1'], ['2']]);
  const isDrained = async () =>
    /DrainageStatus +drained/.test(await command('Or let them finish', 'describe-version'));
  expect(await until(isDrained, 120_000)).toBe(true);
});

scenarios.add(
  'pinned: what a cancelled run left is told by its own build only, and the page’s query finds it',
  async () => {
    const { bed, command, another } = await upgrade('upgrade-cancelled', true);
    const way = await startDeletion(bed, 'cancelled', { undoWindow: '1 hour' });
    await settled(way);
    await way.handle.cancel();
    await expect(way.handle.result()).rejects.toThrow();
    await another(build('2'));
    await command('Every further time', 'set-current-version');
    const isListed = async () => (await command('Or let them finish', 'Canceled')).includes(way.serverId);
    expect(await until(isListed, 120_000)).toBe(true);
    const document = await way.handle.query<object>('status');
    await bed.stack.worker.kill();
    const restore = await bed.client.workflow.start('restoreServerNics', {
      taskQueue: bed.taskQueue,
      workflowId: `nics/${way.serverId}`,
      args: [{ serverId: way.serverId, from: { document }, nics: 'all' }],
    });
    await judgeBack(
      bed,
      { ...way, handle: restore },
      { outcome: 'restored', nics: ['restored', 'restored'] },
    );
  },
);

scenarios.add(
  'from unversioned workers to pinned ones and back, with a window open all the time',
  async () => {
    const { bed, command, another } = await upgrade('upgrade-first', false);
    const [way, other] = [
      await startDeletion(bed, 'undone by 1', { undoWindow: '1 hour' }),
      await startDeletion(bed, 'committed by an unversioned one', { undoWindow: '1 hour' }),
    ];
    const { undoUntil } = await settled(way);
    await settled(other);
    const pinned = await another(build('1'));
    await command('The first time', '', { NEW: '1' });
    await bed.stack.worker.terminate();
    expect(await settled(way)).toMatchObject({ phase: 'undo-window', undoUntil });
    await settled(other);
    await decide(way, 'undo');
    await judgeBack(bed, way, UNDONE);
    expect(await buildsOf(way.handle)).toEqual(['', '1']);

    await another({});
    await command('Back to unversioned workers');
    await pinned.terminate();
    await decide(other, 'commit');
    await judgeBack(bed, other, DELETED);
    expect(await buildsOf(other.handle)).toEqual(['', '1', '']);
  },
);

scenarios.add('pinned: a decommission run is moved between two waves, its pages with it', async () => {
  const { bed, command, another } = await upgrade('upgrade-fleet', true);
  const servers = await createFleet(bed.simulator, 3);
  const fleet = await startFleet(bed, servers, { run: 'moved', pageSize: 2, settings: { waves: '1,100%' } });
  await approve(fleet);
  await fleet.reaches(({ phase }) => phase === 'paused');
  await another(build('2'));
  await command('Every further time', 'set-current-version');
  await bed.stack.worker.kill();
  const open = ['decommission/moved', 'decommission/moved/pages/0', 'decommission/moved/pages/1'];
  const areListed = async () => {
    const listed = await command('Every further time', 'workflow list');
    return open.every((id) => listed.includes(id));
  };
  expect(await until(areListed, 120_000)).toBe(true);
  expect(await command('Move open runs')).toMatch(/Started batch/);
  await fleet.update('resume');
  expect(await fleet.handle.result()).toMatchObject({ outcome: 'done', counts: { deleted: 3 } });
  for (const id of open) expect(await buildsOf(bed.client.workflow.getHandle(id)), id).toEqual(['1', '2']);
  const last = bed.client.workflow.getHandle(`nics/${servers[2]?.serverId ?? ''}`);
  expect(await buildsOf(last)).toEqual(['2']);
  for (const { serverId } of servers) expect(await posts(bed.simulator, serverId)).toBe(1);
});

scenarios.register('upgrades');
