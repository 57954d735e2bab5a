/** `npm run bench`: our worker and a naive one, measured in turns; see docs/benchmarks.md. */
import { writeFileSync } from 'node:fs';
import { closeOnSignals } from '../dev/closing';
import { fact, heading, pc, say as print } from '../dev/story';
import { toStandardError } from '../dev/temporal-server';
import type { Bed } from './bed';
import { openBed } from './bed';
import type { Machine } from './machine';
import { describeMachine, machineLines } from './machine';
import { calls } from './measures/calls';
import { cost } from './measures/cost';
import { fleet } from './measures/fleet';
import { inFlight } from './measures/in-flight';
import type { Measure } from './measures/measure';
import { memory } from './measures/memory';
import { restart } from './measures/restart';
import { scale } from './measures/scale';
import { shares } from './measures/shares';
import { soak } from './measures/soak';
import { undo } from './measures/undo';
import { buildNaiveBundle } from './naive/bundle';
import type { Name, Options } from './options';
import { HELP, readOptions, UsageError } from './options';
import type { Measurement, Report } from './figures';
import { table, unjudged } from './figures';

const MEASURES: Record<Name, Measure> = {
  cost,
  restart,
  'in-flight': inFlight,
  memory,
  undo,
  calls,
  fleet,
  scale,
  shares,
  soak,
};

/** What is up at the moment. */
let bed: Bed | undefined;
let interrupted = false;

async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options === null) {
    process.stdout.write(HELP);
    return 0;
  }
  const release = closeOnSignals({
    close: async () => {
      interrupted = true;
      await bed?.close();
    },
  });
  const began = Date.now();
  await buildNaiveBundle();
  let machine: Machine | undefined;
  const measurements: Measurement[] = [];
  for (const name of options.only) {
    const measurement = await measure(name, options, async () => {
      bed = await openBed();
      // First of all, so that its load averages say what was going on before us.
      if (machine === undefined) showMachine((machine = await describeMachine(bed)));
      return bed;
    });
    measurements.push(measurement);
    show(measurement);
  }
  release();
  if (options.json !== null && machine !== undefined) {
    const { only, runs, rounds, quick } = options;
    const report: Report = {
      format: 2,
      startedAt: new Date(began).toISOString(),
      seconds: Math.round((Date.now() - began) / 1_000),
      machine,
      options: { only, runs, rounds, quick },
      measurements,
    };
    writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
  }
  return measurements.every(({ failure }) => failure === null) ? 0 : 1;
}

/** A measurement that fails must not take the others with it. */
async function measure(name: Name, options: Options, open: () => Promise<Bed>): Promise<Measurement> {
  const measured = MEASURES[name];
  const { title, usual, quick } = measured;
  const size = options.quick ? quick : usual;
  const { runs, rounds } = { runs: options.runs ?? size.runs, rounds: options.rounds ?? size.rounds };
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1_000);
  const { quick: isQuick, cells, plot } = options;
  const what = measured.sized?.({ cells, quick: isQuick });
  const said = `${title} · ${what ?? `${runs} runs each, ${rounds === 1 ? 'one round' : `${rounds} rounds`}`}`;
  try {
    const opened = await open();
    const say = (text: string) => toStandardError(`${name}: ${text}`);
    const found = await measured.run(opened, { runs, rounds, quick: isQuick, cells, plot, say });
    const rows = isQuick ? found.rows.map(unjudged) : found.rows;
    return { name, title: said, seconds: seconds(), rows, notes: found.notes, failure: null };
  } catch (error) {
    // The bed was taken from under it: nothing failed, nothing is to be started; the signal ends us.
    if (interrupted) await new Promise(() => {});
    const failure = error instanceof Error ? error.message : String(error);
    return { name, title: said, seconds: seconds(), rows: [], notes: [], failure };
  } finally {
    await bed?.close();
    bed = undefined;
  }
}

function showMachine(machine: Machine): void {
  heading('Machine');
  for (const [label, text] of machineLines(machine)) fact(label, text);
}

function show({ name, title, seconds, rows, notes, failure }: Measurement): void {
  heading(`${name} · ${title}`);
  if (failure !== null) print(`  ${pc.red('not measured:')} ${failure}`);
  else print(pc.dim('  min / median / max'));
  if (rows.length > 0) for (const line of table(rows)) print(`  ${line}`);
  for (const note of notes) print(pc.dim(`  ${note}`));
  print(pc.dim(`  ${seconds} s`));
}

main(process.argv.slice(2)).then(
  // Whatever holds the process: everything is measured and stopped.
  (code) => process.exit(code),
  (error: unknown) => {
    const usage = error instanceof UsageError;
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    if (usage) process.stderr.write('Try --help.\n');
    process.exit(usage ? 2 : 1);
  },
);
