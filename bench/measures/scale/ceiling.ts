/**
 * The engine's ceiling: how many empty workflows with as many history events as a server costs this Temporal server completes on this
 * machine, with a worker of the SDK's default options and nothing else going on.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bed } from '../../bed';
import { EVENTS_A_ROUND, EVENTS_AROUND } from '../../empty/events';
import { sideBySide } from '../../side-by-side';

/** Starts under way at once. */
const SIDE_BY_SIDE = 50;
/** So many take half a minute: the beginning and the end, when not all of the machine is in use, count for little. */
const WORKFLOWS = { usual: 600, quick: 20 };
/** The first ones load and compile code. */
const WARM_UP = { usual: 100, quick: 5 };
const MOST_MS = 10 * 60_000;

export interface Ceiling {
  perSecond: number;
  /** Of each workflow: the nearest to what was asked for that there is. */
  events: number;
}

export async function ceilingOf(bed: Bed, events: number, quick: boolean): Promise<Ceiling> {
  const rounds = Math.max(1, Math.round((events - EVENTS_AROUND) / EVENTS_A_ROUND));
  const taskQueue = `bench-empty-${randomBytes(4).toString('hex')}`;
  const worker = bed.addWorker('bench/empty/worker.js', taskQueue);
  worker.start();
  await worker.ready(bed.stack.temporal, taskQueue);
  const size = quick ? 'quick' : 'usual';
  await carryOut(bed, taskQueue, rounds, 0, WARM_UP[size]);
  const seconds = await carryOut(bed, taskQueue, rounds, WARM_UP[size], WORKFLOWS[size]);
  await worker.close();
  return { perSecond: WORKFLOWS[size] / seconds, events: EVENTS_AROUND + EVENTS_A_ROUND * rounds };
}

/**
 * @param before workflows of that queue that have ended already
 * @returns seconds from the first start to the last end, by the server's own clock
 */
async function carryOut(
  { client }: Bed,
  taskQueue: string,
  rounds: number,
  before: number,
  count: number,
): Promise<number> {
  const ids = Array.from({ length: count }, (_, n) => `${taskQueue}/${before + n}`);
  await sideBySide(ids, SIDE_BY_SIDE, (workflowId) =>
    client.workflow.start('empty', { taskQueue, workflowId, args: [rounds] }),
  );
  const query = `TaskQueue = '${taskQueue}'`;
  const until = Date.now() + MOST_MS;
  for (;;) {
    // Between two questions: each costs the server time, too.
    await sleep(500);
    const { count: ended } = await client.workflow.count(`${query} AND ExecutionStatus = 'Completed'`);
    if (ended >= before + count) break;
    if (Date.now() >= until) throw new Error(`${ended} of ${before + count} empty workflows ended in time`);
  }
  let [first, last] = [Infinity, 0];
  const wanted = new Set(ids);
  for await (const { workflowId, startTime, closeTime } of client.workflow.list({ query })) {
    if (!wanted.has(workflowId)) continue;
    first = Math.min(first, startTime.getTime());
    last = Math.max(last, closeTime?.getTime() ?? 0);
  }
  return (last - first) / 1_000;
}
