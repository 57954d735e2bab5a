/** A decommission run from its list to its report: how long it plans, what a server costs all in, and how fast a pause is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { approve } from '../../../dev/decommission-run';
import type { Bed } from '../../bed';
import { restartWorker } from '../../bed';
import { readCpu, turnCpu } from '../../cpu';
import type { Row } from '../../figures';
import { figure, row } from '../../figures';
import { checkNoFallbacks } from '../../metrics';
import { byClass } from '../../targets';
import type { Measure, Task } from '../measure';
import { historiesOf, startFleet } from './run';

/** Of the runs that are only planned; at least as many servers as the issue of a plan asks about. */
const PLANNED = { usual: 1_000, quick: 30 };
const PLAN_RATES = [50, 10];
/** The run that is carried out goes at this rate. */
const RATE = 50;
const JOB_SECONDS: [number, number] = [10.5, 14.5];
const QUICK_JOB_SECONDS: [number, number] = [1, 2];
const IDLE_MS = 3_000;
/** No POST may begin so long after a pause was answered, for the pause to count as effective. */
const QUIET_MS = 5_000;
const MOST_MS = 20 * 60_000;

const TARGET_EVENTS = 120;
const TARGET_PAUSE_S = 3;
/** The server warns at 256 KB. */
const TARGET_PAYLOAD_KB = 256;
const TARGET_HISTORY = 10_000;

export const fleet: Measure = {
  title: 'A decommission run: plan, waves, pause, all in',
  usual: { runs: 300, rounds: 1 },
  quick: { runs: 20, rounds: 1 },

  async run(bed, task) {
    const [ours] = bed.subjects;
    await bed.cloud.slowDown();
    const rows: Row[] = [];
    for (const rate of PLAN_RATES) {
      await restartWorker(bed, ours, { ECS_NICS_CLOUD_RPS: String(rate) });
      rows.push(...(await planned(bed, task, rate)));
    }
    await restartWorker(bed, ours, { ECS_NICS_CLOUD_RPS: String(RATE) });
    const { rows: carriedOut, notes } = await carryOut(bed, task);
    return { rows: [...rows, ...carriedOut], notes };
  },
};

async function planned(bed: Bed, { quick, say }: Task, rate: number): Promise<Row[]> {
  const count = quick ? PLANNED.quick : PLANNED.usual;
  say(`planning ${count} servers at ${rate} calls/s`);
  const targets = await bed.cloud.servers(count, 1);
  const before = (await bed.cloud.ledger()).requests.length;
  const startedAt = Date.now();
  const run = await startFleet(bed, targets, {});
  await run.reaches(({ phase }) => phase === 'planned', MOST_MS);
  const seconds = (Date.now() - startedAt) / 1_000;
  const calls = (await bed.cloud.ledger()).requests.length - before;
  checkNoFallbacks(await bed.metrics());
  await run.update('abort');
  await run.handle.result();
  const what = `${count} servers at ${rate} calls/s`;
  return [
    row(`plan of ${what}`, 's', { ours: [seconds] }),
    row(`plan of ${what}: calls per server`, '', { ours: [calls / count] }),
  ];
}

async function carryOut(bed: Bed, { runs, quick, say }: Task): Promise<{ rows: Row[]; notes: string[] }> {
  say(`${runs} servers at ${RATE} calls/s, paused in the middle`);
  const [ours] = bed.subjects;
  const targets = await bed.cloud.servers(runs, quick ? QUICK_JOB_SECONDS : JOB_SECONDS);
  const { length } = (await bed.cloud.ledger()).requests;
  const before = readCpu(bed, ours);
  await sleep(IDLE_MS);
  const began = readCpu(bed, ours);
  const run = await startFleet(bed, targets, { undoWindow: '0s', concurrency: 200, waves: '10,100%' });
  await run.reaches(({ phase }) => phase === 'planned', MOST_MS);
  const approvedAt = Date.now();
  await approve(run);
  await run.reaches(({ counts, inFlight }) => (counts.deleted ?? 0) + inFlight >= runs / 2, MOST_MS);
  const pausedAt = Date.now();
  await run.update('pause');
  const answeredS = (Date.now() - pausedAt) / 1_000;
  await sleep(QUIET_MS);
  await run.reaches(({ inFlight }) => inFlight === 0, MOST_MS);
  const starts = await startsOf(
    bed,
    targets.map(({ serverId }) => serverId),
  );
  const lastStart = Math.max(...starts);
  const effectiveS = Math.max(0, lastStart - pausedAt) / 1_000;
  const resumedAt = Date.now();
  await run.update('resume');
  const result = (await run.handle.result()) as { counts: { deleted?: number } };
  if (result.counts.deleted !== runs) throw new Error(`deleted ${result.counts.deleted} of ${runs} servers`);
  const endedAt = Date.now();
  const ended = readCpu(bed, ours);
  const problems = [...(await bed.cloud.notDeletedOnce(targets)), ...(await bed.cloud.violations())];
  if (problems.length > 0) throw new Error(`${problems.length} problems, the first: ${problems[0]}`);
  checkNoFallbacks(await bed.metrics());
  const requests = (await bed.cloud.ledger()).requests.slice(length);
  const histories = await historiesOf(bed, run, targets);
  const cpu = turnCpu(before, began, ended, runs);
  const seconds = (endedAt - resumedAt + (pausedAt - approvedAt)) / 1_000;
  const perServer = Object.entries(byClass(requests)).map(
    ([name, count]) => `${name} ${figure(count / runs)}`,
  );
  return {
    rows: [
      row(`${runs} servers: calls per server, plan and waves`, '', { ours: [requests.length / runs] }),
      row('history events per server, all in', '', { ours: [histories.events / runs] }, TARGET_EVENTS),
      row('CPU per server, both', 'ms', { ours: [cpu.worker + cpu.server] }),
      row('servers per second, without the pause', '', { ours: [runs / seconds] }),
      row('pause → its answer', 's', { ours: [answeredS] }),
      row('pause → the last start', 's', { ours: [effectiveS] }, TARGET_PAUSE_S),
      row('longest history', 'events', { ours: [histories.mostEvents] }, TARGET_HISTORY),
      row('largest history', 'KB', { ours: [histories.mostBytes / 1_000] }),
      row('largest event', 'KB', { ours: [histories.largestEvent / 1_000] }, TARGET_PAYLOAD_KB),
    ],
    notes: [
      `Calls per server: ${perServer.join(', ')}. Each call takes 100 to 300 ms. Other programs took ${figure(cpu.foreign)} % of the machine.`,
    ],
  };
}

/** When the runs of the servers were started, in epoch ms, of those that were. */
async function startsOf(bed: Bed, serverIds: readonly string[]): Promise<number[]> {
  const wanted = new Set(serverIds.map((id) => `nics/${id}`));
  const starts: number[] = [];
  for await (const { workflowId, startTime } of bed.client.workflow.list({
    query: `WorkflowType = 'deleteServerNics'`,
  }))
    if (wanted.has(workflowId)) starts.push(startTime.getTime());
  return starts;
}
