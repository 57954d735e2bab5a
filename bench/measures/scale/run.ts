/** One cell: a decommission run of so many servers, at that rate, from its list to its end. */
import type { DecommissionStatus } from '../../../src/contract';
import { approve } from '../../../dev/decommission-run';
import type { DecommissionRun } from '../../../dev/decommission-run';
import type { Bed } from '../../bed';
import { restartWorker } from '../../bed';
import { checkNoFallbacks } from '../../metrics';
import { byClass, notDeletedOnce } from '../../targets';
import type { Target } from '../../targets';
import { startFleet } from '../fleet/run';
import type { Cell } from './cells';
import type { Lengths } from './histories';
import { lengthsOf } from './histories';
import type { ProcessName } from './processes';
import { readProcesses, spentBetween } from './processes';
import { middleSpeed, timesSince, watch } from './watch';

/** As many as a run may have under way. */
export const CONCURRENCY = 500;
/** Raised out of the way: the machine makes fewer. */
const NO_QUOTA = 1_000;
const JOB_SECONDS: [number, number] = [10.5, 14.5];
const QUICK_JOB_SECONDS: [number, number] = [1, 2];
/** Nobody waits for the first poll of a worker that knows no job yet. */
const QUICK_TIMING = { firstPoll: '2s', pollInterval: '2s' };
/** Ten canaries, from which the worker learns how long jobs take; then all. */
const WAVES = '10,100%';
/** Longer than the commit comes. */
const UNDO_WINDOW = '6 hours';

export interface Measured extends Cell {
  /** From the start, with the list's upload, until the plan stood; and from the approval to the end. */
  planSeconds: number;
  carriedOutSeconds: number;
  /** Calls per server: all in, those of the plan, and those until the last wave was over. */
  calls: { all: number; plan: number; waves: number };
  byClass: Record<string, number>;
  /** Servers a second, from the approval to the end, and in the middle of the waves. */
  speed: { whole: number; middle: number | null };
  rssMB: number;
  mostInFlight: number;
  /** ms per server, and over the time from the approval to the end. */
  cpu: Record<ProcessName, number>;
  lengths: Lengths;
}

/** A new worker, which has everything to learn. */
export async function renewWorker(bed: Bed, rate: number | null): Promise<void> {
  await restartWorker(bed, bed.subjects[0], { ECS_NICS_CLOUD_RPS: String(rate ?? NO_QUOTA) });
}

/** A run of that many new servers, with its list. */
export async function startRun(
  bed: Bed,
  servers: number,
  quick: boolean,
  settings: { undoWindow: string; concurrency: number },
): Promise<{ run: DecommissionRun; targets: Target[]; startedAt: number }> {
  const targets = await bed.cloud.servers(servers, quick ? QUICK_JOB_SECONDS : JOB_SECONDS);
  const startedAt = Date.now();
  const timing = quick ? { timing: QUICK_TIMING } : {};
  return {
    run: await startFleet(bed, targets, { waves: WAVES, ...timing, ...settings }),
    targets,
    startedAt,
  };
}

export async function measureCell(bed: Bed, cell: Cell, quick: boolean): Promise<Measured> {
  const { servers, rate, kind } = cell;
  const isExact = kind === 'exact';
  await renewWorker(bed, rate);
  const mostMs = mostMsOf(cell);
  const settings = { undoWindow: isExact ? UNDO_WINDOW : '0s', concurrency: CONCURRENCY };
  const { run, targets, startedAt } = await startRun(bed, servers, quick, settings);
  const isPlanned = ({ phase }: DecommissionStatus) => phase === 'planned';
  const planning = await watch(bed, run, isPlanned, mostMs);
  const before = readProcesses(bed);
  const approvedAt = before.at;
  await approve(run);
  const isOver = ({ phase }: DecommissionStatus) => phase === (isExact ? 'undo-window' : 'done');
  const waves = await watch(bed, run, isOver, mostMs);
  const wavesOverAt = Date.now();
  let committing = waves;
  if (isExact) {
    await run.update('commit');
    committing = await watch(bed, run, ({ phase }) => phase === 'done', mostMs);
  }
  const after = readProcesses(bed);
  const { counts } = (await run.handle.result()) as DecommissionStatus;
  if (counts.deleted !== servers) throw new Error(`deleted ${counts.deleted ?? 0} of ${servers} servers`);

  checkNoFallbacks(await bed.metrics());
  const ledger = await bed.cloud.ledger();
  const problems = [...notDeletedOnce(targets, ledger), ...(await bed.cloud.violations())];
  if (problems.length > 0) throw new Error(`${problems.length} problems, the first: ${problems[0]}`);
  const requests = ledger.requests.filter(({ at }) => at >= startedAt);
  const until = (ms: number) => requests.filter(({ at }) => at < ms).length;
  const seconds = (after.at - approvedAt) / 1_000;
  const spent = Object.entries(spentBetween(before, after));
  return {
    ...cell,
    planSeconds: (approvedAt - startedAt) / 1_000,
    carriedOutSeconds: seconds,
    calls: {
      all: requests.length / servers,
      plan: until(approvedAt) / servers,
      waves: (until(wavesOverAt) - until(approvedAt)) / servers,
    },
    byClass: byClass(requests),
    speed: {
      whole: servers / seconds,
      middle: middleSpeed((await timesSince(bed, approvedAt)).ends),
    },
    rssMB: Math.max(planning.rssMB, waves.rssMB, committing.rssMB),
    mostInFlight: waves.mostInFlight,
    cpu: Object.fromEntries(spent.map(([name, ms]) => [name, ms / servers])) as Measured['cpu'],
    lengths: await lengthsOf(bed, run, targets),
  };
}

/** Four times what the calls alone take, and time for two waves on a loaded machine. */
function mostMsOf({ servers, rate, kind }: Cell): number {
  const calls = servers * (kind === 'exact' ? 12 : 4);
  return 20 * 60_000 + (4_000 * calls) / Math.min(rate ?? Infinity, 50);
}
