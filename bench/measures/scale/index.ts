/** Decommission runs of growing size: how fast they go beside what calls and engine allow, and what they take. */
import { writeFileSync } from 'node:fs';
import type { Row } from '../../figures';
import { figure, row } from '../../figures';
import type { Measure } from '../measure';
import type { Ceiling } from './ceiling';
import { ceilingOf } from './ceiling';
import type { Cell, Kind } from './cells';
import { cellName, cellsOf, rateName } from './cells';
import type { Series } from './growth';
import { growthPlot, growthTable, nameOf } from './growth';
import type { Answered } from './messages';
import { measureMessages } from './messages';
import { PROCESSES, sharesOf } from './processes';
import type { Measured } from './run';
import { measureCell } from './run';

/** POST, poll and one NIC list, which nothing shares; the rest by sets, the plan too. Exact: six writes for 3 NICs, and their list. */
const TARGET_CALLS: Record<Kind, number> = { plain: 3.3, exact: 10.5 };
/** What a run may stay behind the smaller one of law and ceiling, in percent. */
const TARGET_SHORT = 10;
const TARGET_MEMORY_MB = 400;
const TARGET_MESSAGE_S = 3;
/** Of 10,000 servers at 10 calls a second. */
const TARGET_PLAN_S = 20 * 60;
const LARGEST = { servers: 10_000, rate: 10 };
/** Of one history; the Temporal server warns above it. */
const TARGET_HISTORY = 10_000;

export const scale: Measure = {
  title: 'Decommission runs of growing size, beside what calls and engine allow',
  usual: { runs: 1, rounds: 1 },
  quick: { runs: 1, rounds: 1 },
  sized: ({ cells, quick }) => cellsOf(cells, quick).map(cellName).join('; '),

  async run(bed, task) {
    const { cells: selection, quick, say, plot } = task;
    const cells = cellsOf(selection, quick);
    // A worker that waits for answers behaves differently from one that gets them at once.
    await bed.cloud.slowDown();
    const ceilings = new Map<Kind, Ceiling>();
    const measured: Measured[] = [];
    const rows: Row[] = [];
    const notes: string[] = [];
    for (const cell of cells) {
      say(cellName(cell));
      const found = await measureCell(bed, cell, quick);
      measured.push(found);
      say(shortlyOf(found));
      let ceiling = ceilings.get(cell.kind);
      if (ceiling === undefined) {
        say(`the engine’s ceiling at ${figure(found.lengths.events)} events per server`);
        ceiling = await ceilingOf(bed, found.lengths.events, quick);
        ceilings.set(cell.kind, ceiling);
      }
      rows.push(...rowsOf(found, ceiling));
      notes.push(noteOf(found));
    }
    for (const { servers, rate } of largestOf(cells, quick)) {
      say(`pause, abort and status of ${servers} servers, ${rateName(rate)}`);
      rows.push(...rowsOfMessages(await measureMessages(bed, servers, rate, quick), rate));
    }
    const series = seriesOf(measured);
    if (plot !== null) writeFileSync(plot, growthPlot(series));
    return {
      rows,
      notes: [
        ...notes,
        ...[...ceilings].map(
          ([kind, { events, perSecond }]) =>
            `The engine’s ceiling (${kind}): empty workflows of ${events} events each, on the same Temporal server and machine, with a worker of the SDK’s default options: ${figure(perSecond * 60)} a minute.`,
        ),
        'What a run takes, all in, and in brackets a server of it:',
        ...growthTable(series),
      ],
    };
  },
};

function rowsOf(found: Measured, { perSecond }: Ceiling): Row[] {
  const { servers, rate, kind, calls, speed, lengths, cpu } = found;
  const name = cellName(found);
  const of = (what: string, unit: string, value: number, target: number | null = null) =>
    row(`${name}: ${what}`, unit, { ours: [value] }, target);
  const law = rate === null ? null : rate / calls.waves;
  const smaller = Math.min(law ?? Infinity, perSecond);
  const isLargest = servers >= LARGEST.servers && rate === LARGEST.rate;
  return [
    of('plan', 's', found.planSeconds, isLargest ? TARGET_PLAN_S : null),
    of('calls per server, all in', '', calls.all, TARGET_CALLS[kind]),
    of('calls per server, the plan', '', calls.plan),
    of('servers per minute, from approval to end', '', speed.whole * 60),
    ...(speed.middle === null ? [] : [of('in the middle of it', '', speed.middle * 60)]),
    ...(law === null ? [] : [of('servers per minute that the calls allow', '', law * 60)]),
    of('servers per minute, the engine’s ceiling', '', perSecond * 60),
    ...(speed.middle === null
      ? []
      : [of('short of the smaller one', '%', 100 * (1 - speed.middle / smaller), TARGET_SHORT)]),
    of('CPU per server, worker and Temporal', 'ms', cpu.worker + cpu.temporal),
    of('history events per server', '', lengths.events),
    of('longest history', 'events', lengths.mostEvents, TARGET_HISTORY),
    of('largest history', 'KB', lengths.mostBytes / 1_000),
    of(`worker’s memory, ${found.mostInFlight} under way`, 'MB', found.rssMB, TARGET_MEMORY_MB),
  ];
}

function rowsOfMessages(answered: Answered, rate: number | null): Row[] {
  const { servers, inFlight, status, pause, abort, pauseEffective, abortEffective } = answered;
  const name = `${servers.toLocaleString('en')} servers, ${inFlight} under way, ${rateName(rate)}`;
  const of = (what: string, ours: number[]) => row(`${name}: ${what}`, 's', { ours }, TARGET_MESSAGE_S);
  return [
    of('status → its answer', status),
    of('pause → its answer', [pause]),
    of('pause → the last start', [pauseEffective]),
    of('abort → its answer', [abort]),
    of('abort → the last start', [abortEffective]),
  ];
}

/** For whoever waits: the largest cells take an hour. */
function shortlyOf(found: Measured): string {
  const { planSeconds, carriedOutSeconds, calls, rssMB, mostInFlight } = found;
  return (
    `${cellName(found)}: planned in ${figure(planSeconds)} s, carried out in ${figure(carriedOutSeconds)} s, ` +
    `${figure(calls.all)} calls per server, ${figure(rssMB)} MB with ${mostInFlight} under way`
  );
}

function noteOf(found: Measured): string {
  const { servers, cpu, carriedOutSeconds } = found;
  const calls = Object.entries(found.byClass).map(([name, count]) => `${name} ${figure(count / servers)}`);
  const spent = Object.fromEntries(PROCESSES.map((name) => [name, cpu[name] * servers])) as Measured['cpu'];
  const shares = Object.entries(sharesOf(spent, carriedOutSeconds * 1_000));
  return (
    `${cellName(found)}: calls per server ${calls.join(', ')}. Of the machine: ` +
    `${shares.map(([name, share]) => `${name} ${figure(share)} %`).join(', ')}.`
  );
}

/** Messages are asked about once for each size, at its highest rate: there the worker has most to do. */
function largestOf(cells: readonly Cell[], quick: boolean): Cell[] {
  const sizes = [...new Set(cells.map(({ servers }) => servers))];
  // The first rate of the last size: one is enough to show that it works.
  const chosen = quick ? sizes.slice(-1) : sizes;
  return chosen.flatMap((size) => {
    const same = cells.filter(({ servers }) => servers === size);
    const [fastest] = same.sort((a, b) => (b.rate ?? Infinity) - (a.rate ?? Infinity));
    return fastest === undefined ? [] : [fastest];
  });
}

function seriesOf(measured: readonly Measured[]): Series[] {
  const series = new Map<string, Series>();
  for (const found of measured) {
    const { servers, kind, rate, cpu, calls, lengths } = found;
    const name = nameOf(found);
    const one: Series = series.get(name) ?? { kind, rate, points: [] };
    series.set(name, one);
    one.points.push({
      servers,
      calls: calls.all * servers,
      cpuSeconds: ((cpu.worker + cpu.temporal) * servers) / 1_000,
      events: lengths.events * servers,
      seconds: found.planSeconds + found.carriedOutSeconds,
      memoryMB: found.rssMB,
    });
  }
  return [...series.values()];
}
