/** What a run costs, from its start to its end: calls, history, time and CPU. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { Bed, Subject } from '../bed';
import { checkDeleted, untilClosed } from '../bed';
import { readCpu, turnCpu } from '../cpu';
import type { Target } from '../targets';
import { callsOf } from '../targets';
import { historyFacts } from '../history';
import type { Row, Samples, SubjectName } from '../figures';
import { figure, row } from '../figures';
import { sideBySide } from '../side-by-side';
import { summarise } from '../stats';
import type { Pace } from '../subjects';
import type { Measure } from './measure';

/**
 * Nobody states how long the cloud takes; around the simulator's assumption of 12 s, and not all equally long: that would
 * flatter a worker that learns job times. At its fixed pause of 5 s naive polls three times.
 */
const USUAL: Jobs = { seconds: [10.5, 14.5], pace: {} };
const QUICK: Jobs = { seconds: 4, pace: { pollMs: 3_000 } };
/** Starts under way at once: a burst, so that CPU per run is measured while the machine is busy. */
const SIDE_BY_SIDE = 50;
/** CPU of workers and server while nothing is asked of them is taken off; measured for so long before each turn. */
const IDLE_MS = 3_000;
/** Worker and server together, CPU ms per run. */
const TARGET_CPU_MS = 120;

/** Figures of one row, by subject. */
type Collected = Record<string, Samples>;

export const cost: Measure = {
  title: 'Cost of a run that deletes 3 NICs',
  usual: { runs: 100, rounds: 2 },
  quick: { runs: 10, rounds: 1 },

  async run(bed, { runs, rounds, quick, say }) {
    const jobs = quick ? QUICK : USUAL;
    const collected: Collected = {};
    const classes: Record<SubjectName, Record<string, number>> = { ours: {}, naive: {} };
    await Promise.all(bed.subjects.map((subject) => warmUp(bed, subject, Math.ceil(runs / 2), jobs)));
    for (let round = 1; round <= rounds; round++) {
      for (const subject of bed.subjects) {
        say(`round ${round} of ${rounds}: ${runs} runs, ${subject.name}`);
        const turn = await takeTurn(bed, subject, runs, jobs);
        for (const [key, values] of Object.entries(turn.figures)) {
          (collected[key] ??= { ours: [], naive: [] })[subject.name].push(...values);
        }
        for (const [name, count] of Object.entries(turn.classes)) {
          classes[subject.name][name] = (classes[subject.name][name] ?? 0) + count / rounds;
        }
      }
    }
    return {
      rows: rowsOf(collected),
      notes: [
        `Each in one job of ${[jobs.seconds].flat().join(' to ')} s; both workers have seen such jobs before.`,
        ...notesOf(collected, classes),
      ],
    };
  },
};

function rowsOf(collected: Collected): Row[] {
  const of = (key: string, what: string, unit: string, target?: number) =>
    row(what, unit, collected[key] ?? { ours: [], naive: [] }, target);
  return [
    of('calls', 'cloud calls', ''),
    of('polls', 'polls of the job', ''),
    of('delay', 'job ends → run knows', 's'),
    of('duration', 'start → run closed', 's'),
    of('events', 'history events', ''),
    of('bytes', 'history', 'KB'),
    of('tasks', 'workflow tasks', ''),
    of('worker', 'CPU, worker', 'ms'),
    of('server', 'CPU, server', 'ms'),
    of('total', 'CPU, both', 'ms', TARGET_CPU_MS),
  ];
}

function notesOf(collected: Collected, classes: Record<SubjectName, Record<string, number>>): string[] {
  const median = (key: string, name: SubjectName) => figure(summarise(collected[key]?.[name] ?? []).median);
  const calls = (name: SubjectName) =>
    Object.entries(classes[name])
      .map(([each, count]) => `${each} ${figure(Math.round(count * 10) / 10)}`)
      .join(', ');
  return [
    `Calls of a run: ours ${calls('ours')}; naive ${calls('naive')}.`,
    `CPU is per run and without what idling costs: that would add ${median('idle', 'ours')} ms to ours and ${median('idle', 'naive')} ms to naive.`,
    `Other programs took ${median('foreign', 'ours')} % of the machine during turns of ours, ${median('foreign', 'naive')} % during naive's.`,
  ];
}

/**
 * A worker's first runs take a quarter more CPU: they are compiled while they run. The same jobs as later, since ours learns
 * from them when to poll.
 */
async function warmUp(bed: Bed, subject: Subject, runs: number, jobs: Jobs): Promise<void> {
  const targets = await bed.cloud.servers(runs, jobs.seconds);
  const handles = await startAll(subject, targets, jobs.pace);
  await untilClosed(bed, subject, 300_000);
  await checkDeleted(bed, subject, targets, handles);
}

interface Jobs {
  /** A duration, or the shortest and the longest. */
  seconds: number | [number, number];
  pace: Pace;
}

interface Turn {
  figures: Record<string, number[]>;
  /** Calls per run, by class. */
  classes: Record<string, number>;
}

async function takeTurn(bed: Bed, subject: Subject, runs: number, jobs: Jobs): Promise<Turn> {
  const targets = await bed.cloud.servers(runs, jobs.seconds);
  const before = readCpu(bed, subject);
  await sleep(IDLE_MS);
  const began = readCpu(bed, subject);
  const handles = await startAll(subject, targets, jobs.pace);
  await untilClosed(bed, subject, 180_000);
  const ended = readCpu(bed, subject);
  await checkDeleted(bed, subject, targets, handles);

  const cpu = turnCpu(before, began, ended, runs);
  const ledger = await bed.cloud.ledger();
  const requests = ledger.requests.filter(({ at }) => at >= began.at);
  const calls = callsOf(targets, { requests });
  const jobEnds = new Map(ledger.jobs.map((job) => [job.serverId, job.endsAt ?? NaN]));
  const facts = await Promise.all(handles.map(historyFacts));
  const classes: Record<string, number> = {};
  for (const { byClass } of calls) {
    for (const [name, count] of Object.entries(byClass)) classes[name] = (classes[name] ?? 0) + count / runs;
  }
  return {
    classes,
    figures: {
      calls: calls.map(({ total }) => total),
      polls: calls.map(({ byClass }) => byClass.job ?? 0),
      delay: facts.map(
        ({ lastPollAt }, i) => (lastPollAt - (jobEnds.get(targets[i]?.serverId ?? '') ?? NaN)) / 1_000,
      ),
      duration: facts.map(({ startedAt, closedAt }) => (closedAt - startedAt) / 1_000),
      events: facts.map(({ events }) => events),
      bytes: facts.map(({ bytes }) => bytes / 1_000),
      tasks: facts.map(({ workflowTasks }) => workflowTasks),
      worker: [cpu.worker],
      server: [cpu.server],
      total: [cpu.worker + cpu.server],
      idle: [cpu.idle],
      foreign: [cpu.foreign],
    },
  };
}

function startAll(subject: Subject, targets: readonly Target[], pace: Pace): Promise<WorkflowHandle[]> {
  return sideBySide(targets, SIDE_BY_SIDE, (target) => subject.start(target, pace));
}
