/** Decommission runs with everything that may happen to them; the little server's record and the simulated cloud are the judges. */
import type { Seeded } from '../part';
import { sandboxInPlay } from '../../engine/play';
import { judge } from './judge';
import type { FleetPlayed } from './play';
import { playFleet } from './play';
import { planOf, readable } from './plan';
import type { FleetTally } from './tally';
import { count, emptyTally, expectEnough } from './tally';
import { toldOf } from './told';

export const fleets: Seeded<FleetTally> = {
  folder: 'fleet',
  // Two thirds of the time of a schedule go by in a hundred workflow tasks of its run and its pages.
  schedules: 800,
  emptyTally,
  play: async (seed, world, tally, from) => {
    const plan = planOf(seed);
    tally.schedules += 1;
    let played: FleetPlayed | null = null;
    try {
      played = await playFleet(plan, world, from ?? (await sandboxInPlay()));
      count(tally, played);
      judge(played);
      return null;
    } catch (error) {
      tally.violations += 1;
      const why = error instanceof Error ? error : new Error(String(error));
      const told = played === null ? '' : `\n  ${toldOf(played)}`;
      return `${(process.env.STACKS && why.stack) || why.message}\n  ${readable(plan)}${told}`;
    }
  },
  expectEnough,
};
