/** What a deletion costs the account in calls: for a run alone, and for many at once, which share their reads. */
import type { Bed, Subject } from '../../bed';
import { checkDeleted, restartWorker, untilClosed } from '../../bed';
import type { Row, Samples } from '../../figures';
import { figure, row } from '../../figures';
import type { Measure, Task } from '../measure';
import type { Alone } from './alone';
import { callsAlone } from './alone';
import type { AtOnce } from './at-once';
import { atOnce, STRETCH_MS } from './at-once';
import { BEFORE_ALONE, BEFORE_ALONE_EXACT, BEFORE_AT_ONCE } from './before';
import type { Pace } from '../../subjects';

/** As for the cost of a run, so that both compare. */
const JOBS: Jobs = { alone: 12, atOnce: [10.5, 14.5], pace: {} };
const QUICK_JOBS: Jobs = { alone: 2, atOnce: [2, 3], pace: { pollMs: 3_500 } };
/** Runs that a new worker makes first: its code is compiled then, and it has learned how long jobs take. */
const WARM_UP = 50;
const QUICK_WARM_UP = 5;

const NICS_ALONE: readonly Alone[] = [
  { nics: 1, exact: false },
  { nics: 3, exact: false },
  { nics: 11, exact: false },
  { nics: 3, exact: true },
];
/** The calls of a run alone that are listed one by one. */
const LISTED = 3;
/** How often each is measured: a job that outlasts the first poll costs a second one. */
const TIMES = 3;

/** Calls a second for many at once, and what is deleted; the exact way takes four minutes at 10. */
const FLEETS: readonly Kind[] = [
  { rate: 50, exact: false },
  { rate: 10, exact: false },
  { rate: 10, exact: true },
];
const QUICK_FLEETS: readonly Kind[] = [
  { rate: 50, exact: false },
  { rate: 50, exact: true },
];

/** Server, elastic IPs, NIC list, ports; POST; poll; NIC list and ports, twice. However many NICs there are. */
const TARGET_ALONE = 10;
/** Beside these for each of 3 NICs a flag and a port deletion, one list for the flags, and a last look before the ports go. */
const TARGET_ALONE_EXACT = 18;
/** POST and poll, which nothing can share; the rest of the reads by sets. */
const TARGET_AT_ONCE = 3.3;
/** Further six writes for 3 NICs, and a list for their flags. */
const TARGET_AT_ONCE_EXACT = 10.5;

interface Jobs {
  alone: number;
  atOnce: [number, number];
  pace: Pace;
}

interface Kind {
  rate: number;
  exact: boolean;
}

interface Turn extends Kind {
  ours: AtOnce[];
  /** Naive has no exact way. */
  naive: AtOnce[];
}

interface Single extends Alone {
  ours: number[];
  naive: number[];
  /** Calls of one of ours, the first with the median number. */
  byClass: Record<string, number>;
}

export const calls: Measure = {
  title: 'Calls of a run alone, and of many servers with 3 NICs each at once',
  usual: { runs: 200, rounds: 1 },
  quick: { runs: 20, rounds: 1 },

  async run(bed, task) {
    const jobs = task.quick ? QUICK_JOBS : JOBS;
    // A worker that waits for answers behaves differently from one that gets them at once.
    await bed.cloud.slowDown();
    const singles = await measureAlone(bed, task, jobs);
    const turns = await measureAtOnce(bed, task, jobs);
    return {
      rows: [...singles.map(rowOfSingle), ...turns.flatMap((turn) => rowsOfTurn(turn, task.runs))],
      notes: [
        `Alone: one job of ${jobs.alone} s; at once: ${task.runs} servers, jobs of ${jobs.atOnce.join(' to ')} s. Each call takes 100 to 300 ms.`,
        ...singles
          .filter(({ nics }) => nics === LISTED)
          .map(({ byClass, ...single }) => `Calls of ${nameOf(single)}: ${listed(byClass)}.`),
        ...turns.map(noteOf),
      ],
    };
  },
};

async function measureAlone(bed: Bed, { quick, say }: Task, jobs: Jobs): Promise<Single[]> {
  const [ours, naive] = bed.subjects;
  const singles: Single[] = [];
  await warmUp(bed, ours, quick, jobs);
  for (const kind of NICS_ALONE) {
    say(`${nameOf(kind)}, ours and naive`);
    const measured = [];
    const single: Single = { ...kind, ours: [], naive: [], byClass: {} };
    for (let n = 0; n < (quick ? 1 : TIMES); n++) {
      measured.push(await callsAlone(bed, ours, kind, jobs.alone, jobs.pace));
      if (!kind.exact) single.naive.push((await callsAlone(bed, naive, kind, jobs.alone, jobs.pace)).total);
    }
    measured.sort((a, b) => a.total - b.total);
    single.ours = measured.map(({ total }) => total);
    single.byClass = measured[Math.floor((measured.length - 1) / 2)]?.byClass ?? {};
    singles.push(single);
  }
  return singles;
}

async function measureAtOnce(bed: Bed, task: Task, jobs: Jobs): Promise<Turn[]> {
  const { quick, rounds, runs, say } = task;
  const kinds = quick ? QUICK_FLEETS : FLEETS;
  const turns: Turn[] = kinds.map((kind) => ({ ...kind, ours: [], naive: [] }));
  for (let round = 1; round <= rounds; round++) {
    for (const rate of new Set(kinds.map((kind) => kind.rate))) {
      for (const subject of bed.subjects) {
        await restartWorker(bed, subject, { ECS_NICS_CLOUD_RPS: String(rate) });
        await warmUp(bed, subject, quick, jobs);
        for (const turn of turns) {
          if (turn.rate !== rate || (turn.exact && subject.name === 'naive')) continue;
          say(`round ${round} of ${rounds}: ${nameOfTurn(turn, runs)}, ${subject.name}`);
          const { exact } = turn;
          const fleet = { servers: runs, jobSeconds: jobs.atOnce, rate, exact, pace: jobs.pace };
          turn[subject.name].push(await atOnce(bed, subject, fleet));
        }
      }
    }
  }
  return turns;
}

async function warmUp(bed: Bed, subject: Subject, quick: boolean, jobs: Jobs): Promise<void> {
  const targets = await bed.cloud.servers(quick ? QUICK_WARM_UP : WARM_UP, jobs.atOnce);
  const handles = await Promise.all(targets.map((target) => subject.start(target, jobs.pace)));
  await untilClosed(bed, subject, 300_000);
  await checkDeleted(bed, subject, targets, handles);
}

const nameOf = ({ nics, exact }: Alone): string =>
  `a run alone, ${nics} NIC${nics === 1 ? '' : 's'}${exact ? ', exact with commit' : ''}`;

const nameOfTurn = ({ rate, exact }: Kind, servers: number): string =>
  `${servers} ${exact ? 'exact ' : ''}at once, ${rate} calls/s`;

function rowOfSingle({ ours, naive, ...single }: Single): Row {
  const samples = single.exact ? { ours } : { ours, naive };
  const [target, before] = single.exact
    ? [TARGET_ALONE_EXACT, BEFORE_ALONE_EXACT]
    : [TARGET_ALONE, BEFORE_ALONE[single.nics] ?? null];
  return row(`${nameOf(single)}: calls`, '', samples, target, before);
}

function rowsOfTurn(turn: Turn, servers: number): Row[] {
  const { rate, exact } = turn;
  const before = BEFORE_AT_ONCE[`${exact ? 'exact' : 'plain'} ${rate}`];
  const of = (
    what: string,
    unit: string,
    value: (measured: AtOnce) => number,
    target: number | null,
    was: number | null = null,
  ) => {
    const samples: Samples = { ours: turn.ours.map(value), naive: turn.naive.map(value) };
    const name = `${nameOfTurn(turn, servers)}: ${what}`;
    return row(name, unit, exact ? { ours: samples.ours } : samples, target, was);
  };
  const cpu = before?.cpu ?? null;
  return [
    of(
      'calls per server',
      '',
      (it) => it.calls,
      exact ? TARGET_AT_ONCE_EXACT : TARGET_AT_ONCE,
      before?.calls,
    ),
    of('calls in the busiest 10 s', '', (it) => it.busiest, (rate * STRETCH_MS) / 1_000),
    of('servers per second', '', (it) => it.serversPerSecond, null, before?.serversPerSecond),
    of('of the speed that the calls allow', '%', (it) => it.ofLaw, null, before?.ofLaw),
    of('history events', '', (it) => it.events, before?.events ?? null, before?.events),
    of('CPU, both', 'ms', (it) => it.cpu.worker + it.cpu.server, cpu, cpu),
  ];
}

function noteOf(turn: Turn): string {
  const [measured] = turn.ours;
  if (measured === undefined) return '';
  const { setSizes, cpu } = measured;
  return (
    `${turn.exact ? 'Exact' : 'Plain'} at ${turn.rate} calls/s: ${listed(measured.byClass)} per server; a set has ` +
    `${figure(setSizes.servers)} servers or ${figure(setSizes.ports)} ports on average; none fell short. ` +
    `Other programs took ${figure(cpu.foreign)} % of the machine.`
  );
}

const listed = (byClass: Record<string, number>): string =>
  Object.entries(byClass)
    .map(([name, count]) => `${name} ${figure(count)}`)
    .join(', ');
