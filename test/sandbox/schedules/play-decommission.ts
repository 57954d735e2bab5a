/** Plays a decommission run of a few servers, all that is not named being as usual, judged by all rules of the campaign. */
import type { DecommissionStatus, PageReport } from '../../../src/contract/decommission/types';
import { judge } from '../campaigns/fleet/judge';
import { pageId, RUN_ID } from '../campaigns/fleet/operator';
import type { FleetPlan, ServerPlan } from '../campaigns/fleet/plan';
import type { FleetPlayed } from '../campaigns/fleet/play';
import { playFleet } from '../campaigns/fleet/play';
import type { StartRecord } from '../engine/fleet/record';
import type { Trouble } from '../engine/fleet/trouble';
import { sandboxInPlay } from '../engine/play';
import type { World } from '../engine/world';
import { worldMaker } from '../engine/world';

const SERVER: ServerPlan = {
  ...{ nics: 1, wanted: 'all', fates: ['fine'], lookMs: 200, back: true, backMs: 2_000, jobMs: 10_000 },
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

export const settings = (more: Partial<FleetPlan['settings']>): FleetPlan['settings'] =>
  more as FleetPlan['settings'];
export const resultOf = ({ server }: FleetPlayed): DecommissionStatus =>
  server.record.startsOf(RUN_ID)[0]?.end?.value as DecommissionStatus;
export const linesOf = ({ server }: FleetPlayed, page = 0): { outcome: string; errorCode: string | null }[] =>
  (server.record.startsOf(pageId(page))[0]?.end?.value as PageReport).servers.map(
    ({ outcome, errorCode }) => ({
      outcome,
      errorCode,
    }),
  );
export const startsOf = ({ server, stage }: FleetPlayed, index: number): StartRecord[] =>
  server.record.startsOf(`nics/${stage.servers[index]?.id ?? ''}`);
