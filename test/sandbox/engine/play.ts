/**
 * Runs of the real workflow bundle in the real sandbox, without a server: commands are carried out on virtual time, and
 * the activities are the real ones, over the simulated cloud in this process.
 */
import { inPlay } from './product';
import type { Sandbox } from './replica';
import { openSandbox } from './replica';
import { sharedBundle } from './shared-bundle';
import type { Played, Schedule } from './schedule';
import { Server } from './server/server';
import type { Surroundings } from './surroundings';

/** Of a run that is not to take long. */
export const TIMING = {
  firstPoll: '10s',
  pollInterval: '10s',
  settle: '30s',
  verifyFor: '2 minutes',
  busyWait: '60s',
};

/** Who asks for an undo or a commit. */
export const WHO = { by: 'ops', reason: 'wrong server' };

let sandbox: Promise<Sandbox> | undefined;

/** One start of the workflow, to its end. */
export async function play(
  schedule: Schedule,
  { clock, activities, restarted }: Surroundings,
): Promise<Played> {
  const [played] = await playAll(schedule, { clock, activities, restarted });
  if (played === undefined) throw new Error('nothing was played');
  return played;
}

/** All starts of a schedule, and the runs that a reset adds, in the order of their ends. */
export async function playAll(
  schedule: Schedule,
  surroundings: Surroundings,
  from?: Sandbox,
): Promise<Played[]> {
  return new Server(schedule, surroundings, from ?? (await sandboxInPlay())).play();
}

/** Of the sources as they are, where nothing else is asked for. */
export async function sandboxInPlay(): Promise<Sandbox> {
  return inPlay()?.sandbox ?? (sandbox ??= sharedBundle().then(openSandbox));
}
