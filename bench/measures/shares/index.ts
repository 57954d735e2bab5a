/** Two decommission runs and single requests at the same time, in one quota: what each of them gets of it. */
import { approve } from '../../../dev/decommission-run';
import type { DecommissionRun } from '../../../dev/decommission-run';
import { checkDeleted, restartWorker } from '../../bed';
import type { Row } from '../../figures';
import { figure, row } from '../../figures';
import { checkNoFallbacks } from '../../metrics';
import { summarise } from '../../stats';
import type { LedgerRequest, Target } from '../../targets';
import { mostWithin, notDeletedOnce } from '../../targets';
import { startFleet } from '../fleet/run';
import type { Measure, Task } from '../measure';
import { endsOf } from './ends';
import type { Single } from './singles';
import { singles } from './singles';

/** Of each run. */
const SERVERS = { usual: 300, quick: 8 };
const RATE = 50;
/** The cloud counts over so many seconds, as the worker's rate does. */
const QUOTA_SECONDS = 10;
const JOB_SECONDS: [number, number] = [10.5, 14.5];
const QUICK_JOB_SECONDS: [number, number] = [1, 2];
/** Nobody waits for the first poll of a worker that knows no job yet. */
const QUICK_TIMING = { firstPoll: '2s', pollInterval: '2s' };
/** Servers of a run under way. */
const CONCURRENCY = 200;
/** Code is compiled, and the worker has learned how long jobs take. */
const WARM_UP = { usual: 20, quick: 2 };
/** A single request is started so often while both runs go on; as many before. */
const EVERY_MS = { usual: 5_000, quick: 1_000 };
const MOST_MS = 30 * 60_000;

/** Of a single request while both run, by one on the idle worker. */
const TARGET_RATIO = 2;

export const shares: Measure = {
  title: 'Two decommission runs and single requests in one quota',
  usual: { runs: 8, rounds: 1 },
  quick: { runs: 2, rounds: 1 },
  sized: ({ cells, quick }) => {
    const { servers, rate } = sizeOf({ cells, quick });
    return `two runs of ${servers} servers, ${rate} calls/s`;
  },

  async run(bed, task) {
    const { runs, quick, say } = task;
    const [ours] = bed.subjects;
    const { servers, rate } = sizeOf(task);
    await bed.cloud.slowDown();
    await bed.cloud.limit(rate * QUOTA_SECONDS, QUOTA_SECONDS);
    await restartWorker(bed, ours, { ECS_NICS_CLOUD_RPS: String(rate) });
    const jobs = quick ? QUICK_JOB_SECONDS : JOB_SECONDS;
    const everyMs = quick ? EVERY_MS.quick : EVERY_MS.usual;

    const known = await bed.cloud.servers(quick ? WARM_UP.quick : WARM_UP.usual, jobs);
    const warm = await Promise.all(known.map((target) => ours.start(target)));
    await checkDeleted(bed, ours, known, warm);

    say(`${runs} single requests on the idle worker`);
    const idle = await singles(bed, runs, jobs, everyMs, () => true);

    say(`two runs of ${servers} servers, and single requests`);
    const both = await Promise.all([1, 2].map(() => bed.cloud.servers(servers, jobs)));
    const beganAt = Date.now();
    const settings = { undoWindow: '0s', concurrency: CONCURRENCY, waves: '10,100%' };
    const timing = quick ? { timing: QUICK_TIMING } : {};
    const fleets = await Promise.all(
      both.map((targets) => startFleet(bed, targets, { ...settings, ...timing })),
    );
    await Promise.all(fleets.map((fleet) => fleet.reaches(({ phase }) => phase === 'planned', MOST_MS)));
    const plannedAt = Date.now();
    await Promise.all(fleets.map((fleet) => approve(fleet)));
    const approvedAt = Date.now();
    let areBusy = true;
    const ended = Promise.all(fleets.map(resultOf)).finally(() => (areBusy = false));
    ended.catch(() => undefined);
    const busy = await singles(bed, runs, jobs, everyMs, () => areBusy);
    await ended;
    const endedAt = Date.now();

    checkNoFallbacks(await bed.metrics());
    const ledger = await bed.cloud.ledger();
    const problems = [...notDeletedOnce(both.flat(), ledger), ...(await bed.cloud.violations())];
    if (problems.length > 0) throw new Error(`${problems.length} problems, the first: ${problems[0]}`);
    const requests = ledger.requests.filter(({ at }) => at >= beganAt && at <= endedAt);
    const ends = await Promise.all(both.map((targets) => endsOf(bed, targets, approvedAt)));
    const runsOf = both.map((targets, n) => told(targets, ends[n] ?? [], approvedAt));
    return {
      rows: [
        ...rowsOfRuns(runsOf, shareOfLess(both, requests)),
        ...rowsOfSingles(idle, busy),
        row('calls per server, of all', '', {
          ours: [requests.length / (2 * servers + busy.length)],
        }),
        row(
          `calls in the busiest ${QUOTA_SECONDS} s`,
          '',
          { ours: [mostWithin(QUOTA_SECONDS * 1_000, requests)] },
          rate * QUOTA_SECONDS,
        ),
      ],
      notes: [
        `Both plans stood after ${figure((plannedAt - beganAt) / 1_000)} s; from then to the end of both ${figure((endedAt - approvedAt) / 1_000)} s. ${busy.length} single requests while both ran, ${idle.length} before, each ${everyMs / 1_000} s after the one before. Each call takes 100 to 300 ms.`,
      ],
    };
  },
};

function sizeOf({ cells, quick }: Pick<Task, 'cells' | 'quick'>): { servers: number; rate: number } {
  return {
    servers: cells.servers?.[0] ?? (quick ? SERVERS.quick : SERVERS.usual),
    rate: cells.rates?.find((each) => each !== null) ?? RATE,
  };
}

async function resultOf({ handle }: DecommissionRun): Promise<void> {
  const { counts, servers } = (await handle.result()) as { counts: { deleted?: number }; servers: number };
  if (counts.deleted !== servers) throw new Error(`deleted ${counts.deleted ?? 0} of ${servers} servers`);
}

interface Told {
  perMinute: number;
  /** Seconds from the approval. */
  first: number;
  last: number;
}

function told(targets: readonly Target[], ends: readonly number[], approvedAt: number): Told {
  const last = (Math.max(...ends) - approvedAt) / 1_000;
  return {
    perMinute: (60 * targets.length) / last,
    first: (Math.min(...ends) - approvedAt) / 1_000,
    last,
  };
}

/** Of the run that sent fewer deletions, in percent of both, until one of them had sent all of its own. */
function shareOfLess(both: readonly (readonly Target[])[], requests: readonly LedgerRequest[]): number {
  const posts = both.map((targets) => {
    const ids = new Set(targets.map(({ serverId }) => serverId));
    return requests
      .filter((each) => each.class === 'delete' && ids.has(each.serverId ?? ''))
      .map(({ at }) => at);
  });
  const until = Math.min(...posts.map((times) => Math.max(...times)));
  const counts = posts.map((times) => times.filter((at) => at <= until).length);
  return (100 * Math.min(...counts)) / counts.reduce((sum, count) => sum + count, 0);
}

function rowsOfRuns(runs: readonly Told[], share: number): Row[] {
  const speeds = runs.map(({ perMinute }) => perMinute);
  const each = ({ perMinute, first, last }: Told, n: number) => [
    row(`run ${n + 1}: servers per minute`, '', { ours: [perMinute] }),
    row(`run ${n + 1}: approval → its first server`, 's', { ours: [first] }),
    row(`run ${n + 1}: approval → its last server`, 's', { ours: [last] }),
  ];
  return [
    ...runs.flatMap(each),
    row('speed, slower by faster run', '', { ours: [Math.min(...speeds) / Math.max(...speeds)] }),
    row('deletions while both had some to send: part of the slower run', '%', { ours: [share] }),
  ];
}

function rowsOfSingles(idle: readonly Single[], busy: readonly Single[]): Row[] {
  const seconds = (some: readonly Single[]) => some.map((single) => single.seconds);
  const [before, meanwhile] = [summarise(seconds(idle)), summarise(seconds(busy))];
  return [
    row('single request on the idle worker', 's', { ours: seconds(idle) }),
    row('single request while both run', 's', { ours: seconds(busy) }),
    row('its median, busy by idle', '', { ours: [meanwhile.median / before.median] }, TARGET_RATIO),
    row('its worst, busy by idle', '', { ours: [meanwhile.max / before.max] }, TARGET_RATIO),
  ];
}
