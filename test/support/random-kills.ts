/** A worker that is killed at random moments while runs of many kinds are at work; each draw follows from the seed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from '../../dev/worker';
import type { NicOutcome } from '../../src/contract';
import { generator } from '../../dev/generator';
import type { Bed, Run } from './moments';
import { startRun } from './moments';

export interface Plan {
  seed: number;
  runs: number;
  kills: number;
}

/** Between the start of the worker, which takes it a second or two, and the next kill. */
const ALIVE_MS = [200, 5_000] as const;
const DOWN_MS = [0, 1_500] as const;

interface Kind {
  jobSeconds: readonly [number, number];
  fault?: { match: { class: string }; what: object; times?: number };
  wanted?: NicOutcome[];
}

const onDelete = (what: object, times?: number): Kind['fault'] => ({
  match: { class: 'delete' },
  what,
  ...(times === undefined ? {} : { times }),
});

/** The first ones are played first: a run that lives through all kills, a POST that is likely to be hit, a NIC that stays. */
const KINDS: readonly Kind[] = [
  { jobSeconds: [25, 35] },
  { jobSeconds: [5, 20], fault: onDelete({ kind: 'delay', ms: 2_500, when: 'after' }) },
  {
    jobSeconds: [2, 10],
    fault: onDelete({ kind: 'partial-failure', nics: [0] }),
    wanted: ['still-attached', 'deleted'],
  },
  { jobSeconds: [2, 10], fault: onDelete({ kind: 'partial-failure', nics: [0], lateMs: 12_000 }) },
  { jobSeconds: [1, 20], fault: onDelete({ kind: 'drop', accepted: true }, 1) },
  { jobSeconds: [1, 20], fault: onDelete({ kind: 'drop' }, 1) },
  { jobSeconds: [1, 20], fault: onDelete({ kind: 'busy' }, 2) },
  { jobSeconds: [1, 20], fault: { match: { class: 'ports' }, what: { kind: 'delay', ms: 1_500 } } },
  {
    jobSeconds: [1, 20],
    fault: { match: { class: 'list' }, what: { kind: 'status', status: 503 }, times: 3 },
  },
];

/** Resolves with the runs when the last kill is done and the worker is up again. */
export async function killAtRandom(bed: Bed, worker: Worker, { seed, runs, kills }: Plan): Promise<Run[]> {
  const random = generator(seed);
  const between = ([from, to]: readonly [number, number]) => from + random() * (to - from);
  const kinds = Array.from({ length: runs }, (_, index) => KINDS[index % KINDS.length]!);
  const jobSeconds = kinds.map((kind) => between(kind.jobSeconds));
  // The later ones begin while the worker is being killed already.
  const delays = kinds.map((_, index) => (index < KINDS.length ? 0 : between([0, 20_000])));
  const begun = Promise.all(
    kinds.map(async ({ fault, wanted = ['deleted', 'deleted'] }, index) => {
      await sleep(delays[index]);
      const name = `seed ${seed}, run ${index} (${JSON.stringify(fault?.what ?? {})})`;
      return startRun(bed, { name, jobSeconds: jobSeconds[index]!, fault, wanted });
    }),
  );
  for (let kill = 0; kill < kills; kill++) await killOnce(worker, between);
  return begun;
}

/** Lets it live for a while, kills it, and starts it again a moment later. */
export async function killOnce(
  worker: Worker,
  between: (range: readonly [number, number]) => number,
): Promise<void> {
  await sleep(between(ALIVE_MS));
  await worker.kill();
  await sleep(between(DOWN_MS));
  worker.start();
}
