/** A worker that is killed at random moments of whole runs that take NICs off and put them back; each draw follows from the seed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from '../../dev/worker';
import { generator } from '../../dev/generator';
import type { Bed } from './moments';
import type { Plan } from './random-kills';
import { killOnce } from './random-kills';
import type { End, Fault, WayBack } from './ways-back';
import { decide, judgeBack, setFault, settled, startDeletion, startRestore, submitted } from './ways-back';

type Between = (range: readonly [number, number]) => number;

interface Play {
  bed: Bed;
  name: string;
  /** What goes wrong on the way back. */
  faults: Fault[];
  between: Between;
}

const RESTORED = ['restored', 'restored'] as const;
const LATER = [0, 4_000] as const;
const JOB_SECONDS = [1, 8] as const;

const start = ({ bed, name, faults, between }: Play, request: object, more: Fault[] = []) =>
  startDeletion(bed, name, request, { jobSeconds: between(JOB_SECONDS), faults: [...faults, ...more] });

/** Each plays a run to its last message; the end is to be as told. */
const KINDS: Record<string, (play: Play) => Promise<[WayBack, End]>> = {
  'undone in its window': async (play) => {
    const way = await start(play, { undoWindow: '1 hour' });
    await settled(way);
    await sleep(play.between(LATER));
    await decide(way, 'undo');
    return [way, { outcome: 'undone', nics: RESTORED }];
  },
  'rolled back': async (play) => {
    const stays = { match: { class: 'delete' }, what: { kind: 'partial-failure', nics: [0] } };
    const way = await start(play, { onFailure: 'restore' }, [stays]);
    return [way, { outcome: 'rolled-back', nics: ['still-attached', 'restored'] }];
  },
  'restored later': async ({ faults, ...play }) => {
    const way = await start({ ...play, faults: [] }, {});
    await way.handle.result();
    for (const fault of faults) await setFault(play.bed, way.serverId, fault);
    return [await startRestore(play.bed, way), { outcome: 'recreated', nics: ['recreated', 'recreated'] }];
  },
  'cancelled in its window': async (play) => {
    const way = await start(play, { undoWindow: '1 hour', onCancel: 'restore' });
    await settled(way);
    await sleep(play.between(LATER));
    await way.handle.cancel();
    return [way, { outcome: 'cancelled', nics: RESTORED }];
  },
  'undone while its job runs': async (play) => {
    const way = await start(play, { undoWindow: '1 hour' });
    await submitted(way);
    await decide(way, 'undo');
    return [way, { outcome: 'undone', nics: RESTORED }];
  },
  'deleted when its window is over': async (play) => {
    const way = await start(play, { undoWindow: Math.round(play.between([1_000, 5_000])) });
    return [way, { outcome: 'deleted', nics: ['deleted', 'deleted'] }];
  },
};

const on = (kind: string, what: object, times = 1): Fault => ({ match: { class: kind }, what, times });

const FAULTS: readonly Fault[] = [
  on('attach', { kind: 'delay', ms: 2_500, when: 'after' }),
  on('attach', { kind: 'drop', accepted: true }),
  on('attach', { kind: 'drop' }),
  on('attach', { kind: 'busy' }, 2),
  on('flag', { kind: 'delay', ms: 1_500, when: 'after' }, 3),
  on('detail', { kind: 'status', status: 503 }, 3),
  on('port-delete', { kind: 'delay', ms: 1_500 }),
];

/** Plays them to their ends while the worker is being killed, and judges them. */
export async function undoAtRandom(bed: Bed, worker: Worker, { seed, runs, kills }: Plan): Promise<void> {
  const random = generator(seed);
  const between: Between = ([from, to]) => from + random() * (to - from);
  const kinds = Object.entries(KINDS);
  const played = Array.from({ length: runs }, async (_, index) => {
    const [kind, play] = kinds[index % kinds.length]!;
    const faults = [FAULTS[Math.floor(random() * FAULTS.length)]!];
    const name = `seed ${seed}, run ${index}, ${kind} (${JSON.stringify(faults)})`;
    const own = generator(seed + index);
    const [way, end] = await play({ bed, name, faults, between: ([from, to]) => from + own() * (to - from) });
    await judgeBack(bed, way, end);
  });
  const all = Promise.all(played);
  // Told below, when the worker is up again.
  all.catch(() => undefined);
  for (let kill = 0; kill < kills; kill++) await killOnce(worker, between);
  await all;
}
