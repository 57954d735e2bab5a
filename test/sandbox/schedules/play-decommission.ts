/** Plays a decommission run that is as small as can be. */
import { judge } from '../campaigns/fleet/judge';
import type { FleetPlan, ServerPlan } from '../campaigns/fleet/plan';
import type { FleetPlayed } from '../campaigns/fleet/play';
import { playFleet } from '../campaigns/fleet/play';
import type { Trouble } from '../engine/fleet/trouble';
import { sandboxInPlay } from '../engine/play';
import type { World } from '../engine/world';
import { worldMaker } from '../engine/world';

const SERVER: ServerPlan = {
  ...{ nics: 1, wanted: 'all', fates: ['fine'], lookMs: 200, jobMs: 10_000 },
  ...{ protectedBy: null, meanwhile: null, busy: null },
};

const nextWorld = worldMaker();

/**
 * To its end, judged by all rules of the campaign.
 * @param prepare what the world has before the run begins
 */
export async function played(
  servers: Partial<ServerPlan>[],
  more: Partial<FleetPlan> = {},
  trouble: Partial<Trouble> = {},
  prepare: (world: World) => void = () => {},
): Promise<FleetPlayed> {
  const plan: FleetPlan = {
    seed: 1,
    servers: servers.map((server) => ({ ...SERVER, ...server })),
    pages: [servers.length],
    real: false,
    load: { shuffled: false, twice: false, other: false, gapMs: 10, wrongCount: false },
    ...{ approveMs: 100, watchMs: 5_000, pausedMs: 0, remedies: ['abort'], messages: [], outside: [] },
    ...{ refused: null, continueAfter: null },
    trouble: { slow: 0, late: 0, lostTasks: 0, forgotten: 0, crashes: 0, away: null },
    ...more,
    settings: {
      ...{
        waves: '100%',
        pauseAfter: 'never',
        maxErrors: 0,
        strict: false,
        concurrency: 5,
        undoWindow: '0s',
      },
      ...{ maxServers: 12, requestedBy: 'ops', reason: 'end of life', ...more.settings },
    },
  };
  const world = nextWorld();
  prepare(world);
  const result = await playFleet(plan, world, await sandboxInPlay(), trouble);
  judge(result);
  return result;
}
