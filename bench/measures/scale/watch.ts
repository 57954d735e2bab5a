/** Looks at a run, and at the worker's memory, while the run goes on. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DecommissionStatus } from '../../../src/contract';
import type { DecommissionRun } from '../../../dev/decommission-run';
import type { Worker } from '../../../dev/worker';
import type { Bed } from '../../bed';
import { rssKiBOf } from '../../usage';

/** A look costs the worker some milliseconds. */
const EVERY_MS = 1_000;
/** Looks in a row without an answer: each has waited for ten seconds. */
const MOST_IN_VAIN = 6;

export interface Seen {
  /** The most servers under way that the run has told of. */
  mostInFlight: number;
  /** The worker's largest resident memory. */
  rssMB: number;
}

/** @throws Error when the run has not come there in time, or has stopped by itself */
export async function watch(
  { subjects: [{ worker }] }: Bed,
  run: DecommissionRun,
  isOver: (status: DecommissionStatus) => boolean,
  withinMs: number,
): Promise<Seen> {
  const seen: Seen = { mostInFlight: 0, rssMB: 0 };
  const until = Date.now() + withinMs;
  let inVain = 0;
  for (;;) {
    let status: DecommissionStatus;
    try {
      status = await run.status();
      inVain = 0;
    } catch (error) {
      // A machine that is busy with other things may be late once.
      if ((inVain += 1) === MOST_IN_VAIN) throw new Error(unanswered(error, worker), { cause: error });
      process.stderr.write(`[ecs-nics] a look at the run got no answer (${inVain} in a row)\n`);
      continue;
    }
    const { counts, inFlight, phase, reason } = status;
    seen.mostInFlight = Math.max(seen.mostInFlight, inFlight);
    seen.rssMB = Math.max(seen.rssMB, (rssKiBOf(worker.pid) * 1_024) / 1e6);
    if (isOver(status)) return seen;
    if (phase === 'stopped' || phase === 'paused' || phase === 'done')
      throw new Error(`the run is ${phase}: ${reason ?? JSON.stringify(counts)}`);
    if (Date.now() >= until)
      throw new Error(`not over within ${withinMs / 1_000} s: ${JSON.stringify(counts)}`);
    await sleep(EVERY_MS);
  }
}

/** Of the worker's log, which says more than a question without an answer. */
const LAST_LINES = 5;

function unanswered(error: unknown, worker: Worker): string {
  const why =
    error instanceof Error ? [error.message, (error.cause as Error | undefined)?.message] : [String(error)];
  const said = worker.log.trimEnd().split('\n').slice(-LAST_LINES);
  return [...why.flatMap((each) => each ?? []), 'the worker said last:', ...said].join('\n    ');
}

/** Of the servers' own runs that have begun since then, in epoch ms. */
export interface Times {
  starts: number[];
  ends: number[];
}

/** @param since epoch ms */
export async function timesSince({ client, subjects: [{ taskQueue }] }: Bed, since: number): Promise<Times> {
  const from = new Date(since).toISOString();
  const query = `WorkflowType = 'deleteServerNics' AND TaskQueue = '${taskQueue}' AND StartTime >= '${from}'`;
  const times: Times = { starts: [], ends: [] };
  for await (const { startTime, closeTime } of client.workflow.list({ query, pageSize: 1_000 })) {
    times.starts.push(startTime.getTime());
    if (closeTime !== undefined) times.ends.push(closeTime.getTime());
  }
  return times;
}

/**
 * Servers a second while most of them go: from the end of the first fifth to the end of the fourth. At its beginning and its end a run
 * has fewer under way than it may. `null`: there are too few to tell.
 */
export function middleSpeed(ends: readonly number[]): number | null {
  if (ends.length < LEAST) return null;
  const sorted = [...ends].sort((a, b) => a - b);
  const [from, to] = [Math.floor(ends.length * 0.2), Math.floor(ends.length * 0.8)];
  const ms = (sorted[to] ?? NaN) - (sorted[from] ?? NaN);
  return ms > 0 ? ((to - from) * 1_000) / ms : null;
}

/** Of fewer all are under way at once, and end when their jobs do. */
const LEAST = 1_000;
