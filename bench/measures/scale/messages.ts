/** What a run of full size answers while as many servers are under way as may be: `status`, `pause`, `abort`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DecommissionStatus } from '../../../src/contract';
import { approve } from '../../../dev/decommission-run';
import type { DecommissionRun } from '../../../dev/decommission-run';
import type { Bed } from '../../bed';
import { CONCURRENCY, renewWorker, startRun } from './run';
import { timesSince, watch } from './watch';

/** Questions for the status, one after the other. */
const LOOKS = 10;
/** No run of a server may begin so long after a message was answered, for the message to count as effective. */
const QUIET_MS = 5_000;
const MOST_MS = 60 * 60_000;

export interface Answered {
  servers: number;
  inFlight: number;
  /** Seconds from question to answer. */
  status: number[];
  pause: number;
  abort: number;
  /** Seconds from the message to the last start of a server's run after it; 0: none was started. */
  pauseEffective: number;
  abortEffective: number;
}

/** A run that nobody lets come to its end. */
export async function measureMessages(
  bed: Bed,
  servers: number,
  rate: number | null,
  quick: boolean,
): Promise<Answered> {
  await renewWorker(bed, rate);
  // So few that the pause comes in the middle of the last wave, and the abort, too.
  const concurrency = Math.max(2, Math.min(CONCURRENCY, Math.floor(servers / 4)));
  const { run } = await startRun(bed, servers, quick, { undoWindow: '0s', concurrency });
  await watch(bed, run, ({ phase }) => phase === 'planned', MOST_MS);
  await approve(run);
  const isFull = ({ inFlight, wave }: DecommissionStatus) =>
    wave !== null && wave.number === wave.of && inFlight >= concurrency * 0.8;
  await watch(bed, run, isFull, MOST_MS);
  const status: number[] = [];
  for (let n = 0; n < LOOKS; n++) status.push(await secondsOf(() => run.status()));
  const { inFlight } = await run.status();
  const [pause, pauseEffective] = await send(bed, run, 'pause');
  await run.update('resume');
  // Those that were under way go on meanwhile.
  await run.reaches((seen) => seen.phase === 'running' && seen.inFlight >= concurrency * 0.5, MOST_MS);
  const [abort, abortEffective] = await send(bed, run, 'abort');
  await run.handle.result();
  const problems = await bed.cloud.violations();
  if (problems.length > 0) throw new Error(`${problems.length} problems, the first: ${problems[0]}`);
  return { servers, inFlight, status, pause, abort, pauseEffective, abortEffective };
}

/** @returns seconds until the answer, and until the last start after it */
async function send(bed: Bed, run: DecommissionRun, name: string): Promise<[number, number]> {
  const at = Date.now();
  const answered = await secondsOf(() => run.update(name));
  await sleep(QUIET_MS);
  const { starts } = await timesSince(bed, at);
  return [answered, Math.max(0, ...starts.map((start) => (start - at) / 1_000))];
}

async function secondsOf(ask: () => Promise<unknown>): Promise<number> {
  const at = performance.now();
  await ask();
  return (performance.now() - at) / 1_000;
}
