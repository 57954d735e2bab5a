/** Memory of a worker that holds many runs, each of them waiting for its next poll. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../dev/ports';
import type { WorkflowHandle } from '@temporalio/client';
import type { Bed, Subject } from '../bed';
import { checkDeleted, openRuns, restartWorker, untilClosed } from '../bed';
import type { Target } from '../targets';
import { callsOf } from '../targets';
import { inspectable, Inspector } from '../inspector';
import type { Row, Samples } from '../figures';
import { row } from '../figures';
import { sideBySide } from '../side-by-side';
import { summarise } from '../stats';
import { rssKiBOf } from '../usage';
import type { Measure } from './measure';

/** Nothing wakes up meanwhile. */
const WAIT_MS = 3_600_000;
const JOB_SECONDS = 7_200;
/** Starts under way at once, so that the fill is no storm. */
const SIDE_BY_SIDE = 20;
/** A worker's first runs load code and grow its heaps once for all; fewer leave it to chance how far. */
const WARM_UP = { runs: 50, jobSeconds: 1, pollMs: 500 };
/** After the last start, until memory is read … */
const SETTLE_MS = 2_000;
/** … so often, so far apart, as it is and after a collection of garbage. */
const READINGS = 3;
const READINGS_QUICK = 1;
const APART_MS = 250;
/** Measured with 1,000 runs of a naive worker of 78 lines, which holds far less of each run. */
const TARGET_KIB = 204;
/** With fewer runs the figure says more about V8's moods than about runs. */
const JUDGED_FROM = 500;

export const memory: Measure = {
  title: 'Resident memory of the worker per run that waits for a poll',
  usual: { runs: 1_000, rounds: 1 },
  quick: { runs: 50, rounds: 1 },

  async run(bed, { runs, rounds, quick, say }) {
    const half = Math.max(1, Math.round(runs / 2));
    const steps = quick ? [0, runs] : [0, half, runs];
    const of = new Map(steps.map((count) => [count, noFigures()]));
    for (let round = 1; round <= rounds; round++) {
      const tell = (text: string) => say(`round ${round} of ${rounds}: ${text}`);
      const fills: Fill[] = [];
      for (const subject of bed.subjects) {
        tell(`a new worker, ${subject.name}`);
        fills.push(await Fill.begin(bed, subject, quick ? READINGS_QUICK : READINGS));
      }
      for (const [count, figures] of of) {
        for (const fill of fills) {
          if (count > 0) {
            tell(`${count} runs in flight, ${fill.subject.name}`);
            await fill.upTo(count);
          }
          for (const kind of KINDS) figures[kind][fill.subject.name].push(...fill.figures(kind));
        }
      }
      for (const fill of fills) await fill.end();
    }
    return {
      rows: [...of].flatMap(([count, figures]) =>
        rowsOf(count, figures, count === runs && runs >= JUDGED_FROM),
      ),
      notes: [
        'Per run: what is above the same worker before, warm and without runs; every figure from that many readings' +
          ` ${APART_MS / 1_000} s apart.`,
        'Ours with two arenas of the allocator and heaps of 1 GB at most, as the image sets it; naive with the usual sixteen on two cores, and V8’s own limit.',
        'As it is: with the garbage that V8 has not found worth collecting. Collected: after a full collection in every thread.',
      ],
    };
  },
};

/** Resident as found, resident after a collection of garbage, and V8's heaps after it. */
const KINDS = ['asItIs', 'collected', 'heap'] as const;
type Kind = (typeof KINDS)[number];
type Reading = Record<Kind, number>;

const noFigures = (): Record<Kind, Samples> => ({
  asItIs: { ours: [], naive: [] },
  collected: { ours: [], naive: [] },
  heap: { ours: [], naive: [] },
});

function rowsOf(count: number, { asItIs, collected, heap }: Record<Kind, Samples>, judged: boolean): Row[] {
  if (count === 0) {
    return [
      row('no runs: resident, as it is', 'MiB', asItIs),
      row('no runs: resident, collected', 'MiB', collected),
    ];
  }
  const target = judged ? TARGET_KIB : null;
  return [
    row(`${count} runs: as it is, per run`, 'KiB', asItIs, target),
    row(`${count} runs: collected, per run`, 'KiB', collected, target),
    row(`${count} runs: of it V8 heap`, 'KiB', heap),
  ];
}

/** One worker being filled with runs that wait. */
class Fill {
  private readonly targets: Target[] = [];
  private readonly handles: WorkflowHandle[] = [];
  private readonly without: Reading;

  private constructor(
    private readonly bed: Bed,
    readonly subject: Subject,
    private readonly inspector: Inspector,
    private readings: readonly Reading[],
  ) {
    const median = (kind: Kind) => summarise(readings.map((reading) => reading[kind])).median;
    this.without = { asItIs: median('asItIs'), collected: median('collected'), heap: median('heap') };
  }

  /** `times`: readings at each stage. */
  static async begin(bed: Bed, subject: Subject, times: number): Promise<Fill> {
    await restartWorker(bed, subject, inspectable(subject.nodeOptions));
    const inspector = await Inspector.attach(subject.worker);
    const targets = await bed.cloud.servers(WARM_UP.runs, WARM_UP.jobSeconds);
    const handles = await startAll(subject, targets, WARM_UP.pollMs);
    await untilClosed(bed, subject, 300_000);
    await checkDeleted(bed, subject, targets, handles);
    return new Fill(bed, subject, inspector, await readAll(subject, inspector, times));
  }

  /** Starts runs until so many are in flight, and reads. */
  async upTo(count: number): Promise<void> {
    const targets = await this.bed.cloud.servers(count - this.targets.length, JOB_SECONDS);
    this.targets.push(...targets);
    this.handles.push(...(await startAll(this.subject, targets, WAIT_MS)));
    if (!(await until(() => this.waiting(), 180_000))) {
      throw new Error(`${this.subject.name}: ${count} runs did not come to wait within 180 s`);
    }
    this.readings = await readAll(this.subject, this.inspector, this.readings.length);
    // A run that ended or was given up meanwhile would make the others look cheap.
    if (!(await this.waiting())) throw new Error(`${this.subject.name}: not all runs went on waiting`);
  }

  /** Of the last readings: KiB per run, or MiB of the worker without runs. */
  figures(kind: Kind): number[] {
    const found = this.readings.map((reading) => reading[kind]);
    const runs = this.targets.length;
    return found.map((kib) => (runs === 0 ? kib / 1_024 : (kib - this.without[kind]) / runs));
  }

  /** They would wait for an hour. */
  async end(): Promise<void> {
    this.inspector.close();
    const problems = await this.bed.cloud.violations();
    if (problems.length > 0) throw new Error(`${this.subject.name}: ${problems[0]}`);
    await sideBySide(this.handles, SIDE_BY_SIDE, (handle) => handle.terminate('the measurement is over'));
  }

  /** Every run is open, and its one deletion accepted: what is left to it is the wait for the poll. */
  private async waiting(): Promise<boolean> {
    await sleep(500);
    const count = this.targets.length;
    if ((await openRuns(this.bed, this.subject)) !== count) return false;
    const calls = callsOf(this.targets, await this.bed.cloud.ledger());
    return calls.every(({ byClass }) => byClass.delete === 1 && byClass.job === undefined);
  }
}

function startAll(subject: Subject, targets: readonly Target[], pollMs: number): Promise<WorkflowHandle[]> {
  return sideBySide(targets, SIDE_BY_SIDE, (target) => subject.start(target, { pollMs }));
}

async function readAll({ worker }: Subject, inspector: Inspector, times: number): Promise<Reading[]> {
  await sleep(SETTLE_MS);
  const found: number[] = [];
  for (let n = 0; n < times; n++) {
    await sleep(APART_MS);
    found.push(rssKiBOf(worker.pid));
  }
  // Only now: a collection would change what is found as it is.
  const readings: Reading[] = [];
  for (const asItIs of found) {
    const heap = await inspector.collect();
    await sleep(APART_MS);
    readings.push({ asItIs, collected: rssKiBOf(worker.pid), heap });
  }
  return readings;
}
