/** A steady load for an hour: what a worker holds must not grow. */
import { readdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { Bed } from '../bed';
import { checkDeleted, restartWorker } from '../bed';
import type { Row } from '../figures';
import { figure, row } from '../figures';
import { inspectable, Inspector } from '../inspector';
import { plot } from '../plot';
import { summarise } from '../stats';
import { commitWhenOpen, UNDO_WINDOW } from '../subjects';
import type { Target } from '../targets';
import { rssKiBOf } from '../usage';
import type { Measure, Task } from './measure';

/** A run begins so often: some ten are under way, and two quiet cores are at a tenth of what they can. */
const EVERY_MS = 2_000;
/** Every so many runs one has an undo window, and its commit. */
const EXACT_EACH = 5;
const JOB_SECONDS: [number, number] = [10.5, 14.5];
const SAMPLE_MS = 10_000;
/** In the first fifth caches fill, and code is compiled. What comes then is compared: its first third with its last. */
const WARM_UP = 0.2;
/** V8's heap after a collection moves by some percent with what is under way. */
const MOST_GROWTH = 1.05;

interface Sample {
  minutes: number;
  rssMB: number;
  /** After a collection, of all threads. */
  heapMB: number;
  /** Timers, sockets and other things that the main thread's event loop holds. */
  handles: number;
  /** Open files and sockets of the process; 0 on other systems than Linux. */
  files: number;
  cachedRuns: number;
  /** Of the main thread since the sample before; its 99th percentile. */
  loopDelayMs: number;
}

const PANELS = {
  rssMB: 'resident memory, MB',
  heapMB: 'V8 heap after a collection, MB',
  handles: 'handles of the event loop',
  files: 'open files and sockets',
  cachedRuns: 'cached runs',
  loopDelayMs: 'event-loop delay, 99 %, ms',
} as const satisfies Record<Exclude<keyof Sample, 'minutes'>, string>;
const NAMES = Object.keys(PANELS) as (keyof typeof PANELS)[];

export const soak: Measure = {
  title: 'A steady load of single runs: what the worker holds',
  usual: { runs: 1_800, rounds: 1 },
  quick: { runs: 10, rounds: 1 },

  async run(bed, task) {
    const [ours] = bed.subjects;
    await restartWorker(bed, ours, inspectable(ours.nodeOptions));
    const inspector = await Inspector.attach(ours.worker);
    await inspector.evaluate(WATCH);
    const samples: Sample[] = [];
    const began = Date.now();
    const load = loaded(bed, task);
    let isOver = false;
    const ended = load.finally(() => (isOver = true));
    ended.catch(() => undefined);
    while (!isOver) {
      await Promise.race([sleep(task.quick ? EVERY_MS : SAMPLE_MS), ended.catch(() => undefined)]);
      samples.push(await sampled(bed, inspector, (Date.now() - began) / 60_000));
    }
    await ended;
    inspector.close();
    if (task.plot !== null) writeFileSync(task.plot, picture(samples));
    return {
      rows: NAMES.flatMap((name) => rowsOf(name, samples, task.quick)),
      notes: [noteOf(samples, task)],
    };
  },
};

/** Starts the runs, one by one, and waits until each has deleted what it was to. */
async function loaded(bed: Bed, { runs, say }: Task): Promise<void> {
  const [ours] = bed.subjects;
  const begun: { target: Target; handle: WorkflowHandle; commit: Promise<void> | null }[] = [];
  const check = async (some: typeof begun) => {
    await Promise.all(some.map(({ commit }) => commit ?? Promise.resolve()));
    await Promise.all(some.map(({ handle }) => handle.result()));
    const [targets, handles] = [some.map(({ target }) => target), some.map(({ handle }) => handle)];
    await checkDeleted(bed, ours, targets, handles);
  };
  const startedAt = Date.now();
  for (let n = 0; n < runs; n++) {
    const [target] = await bed.cloud.servers(1, JOB_SECONDS);
    if (target === undefined) throw new Error('the cloud has made no server');
    const isExact = n % EXACT_EACH === EXACT_EACH - 1;
    const handle = await ours.start(target, {}, isExact ? UNDO_WINDOW : {});
    const commit = isExact ? commitWhenOpen(handle) : null;
    // Told below.
    commit?.catch(() => undefined);
    begun.push({ target, handle, commit });
    if (begun.length >= 60) await check(begun.splice(0, 30));
    if ((n + 1) % 300 === 0) say(`${n + 1} of ${runs} runs begun`);
    await sleep(Math.max(0, startedAt + (n + 1) * EVERY_MS - Date.now()));
  }
  await check(begun);
}

/** In the worker's main thread. */
const WATCH = `
  globalThis.soakDelay = process.getBuiltinModule('node:perf_hooks').monitorEventLoopDelay({ resolution: 10 });
  globalThis.soakDelay.enable();`;
const READ = `(() => {
  const delay = globalThis.soakDelay.percentile(99) / 1e6;
  globalThis.soakDelay.reset();
  return { delay, handles: process.getActiveResourcesInfo().length };
})()`;

async function sampled(bed: Bed, inspector: Inspector, minutes: number): Promise<Sample> {
  const [{ worker }] = bed.subjects;
  // Before the collection, which would stop the event loop.
  const { delay, handles } = (await inspector.evaluate(READ)) as { delay: number; handles: number };
  const rssMB = (rssKiBOf(worker.pid) * 1_024) / 1e6;
  const heapMB = ((await inspector.collect()) * 1_024) / 1e6;
  await inspector.evaluate('globalThis.soakDelay.reset()');
  const files = process.platform === 'linux' ? readdirSync(`/proc/${worker.pid}/fd`).length : 0;
  return {
    minutes,
    rssMB,
    heapMB,
    handles,
    files,
    cachedRuns: cachedIn(await bed.metrics()),
    loopDelayMs: delay,
  };
}

/** Of all three workers of the process. */
function cachedIn(metrics: string): number {
  const lines = metrics.split('\n').filter((line) => line.startsWith('temporal_sticky_cache_size{'));
  if (lines.length === 0) throw new Error('the worker has no metric temporal_sticky_cache_size');
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

function rowsOf(name: keyof typeof PANELS, samples: readonly Sample[], quick: boolean): Row[] {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const third = Math.max(1, Math.floor(warm.length / 3));
  const median = (some: readonly Sample[]) => summarise(some.map((sample) => sample[name])).median;
  const growth = median(warm.slice(-third)) / Math.max(1e-9, median(warm.slice(0, third)));
  // Delays of some ms vary by as much with whatever else the machine does.
  const isJudged = !quick && name !== 'loopDelayMs' && name !== 'cachedRuns';
  return [
    row(PANELS[name], '', { ours: warm.map((sample) => sample[name]) }),
    row(`${PANELS[name]}: last third by first third`, '', { ours: [growth] }, isJudged ? MOST_GROWTH : null),
  ];
}

function noteOf(samples: readonly Sample[], { runs }: Task): string {
  const minutes = samples.at(-1)?.minutes ?? 0;
  return `${runs} runs in ${figure(minutes)} minutes, every fifth with an undo window and a commit; ${samples.length} samples, the first fifth of them is warm-up.`;
}

function picture(samples: readonly Sample[]): string {
  const minutes = samples.at(-1)?.minutes ?? 0;
  return plot(
    NAMES.map((name) => ({
      title: PANELS[name],
      xLabel: `${figure(minutes)} minutes`,
      dots: false,
      lines: [{ name, points: samples.map((sample) => [sample.minutes, sample[name]] as const) }],
    })),
  );
}
