/** A campaign is worth something: it catches bugs. Each planted one is caught by its seed or schedule, which catch nothing without it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Seeded } from '../campaigns/part';
import type { Campaign } from '../campaigns/runner';
import { playSeed } from '../campaigns/runner';
import type { SharedPlan } from '../campaigns/shared-plan';
import { emptyTally } from '../campaigns/tally';
import { playingWith } from '../engine/product';
import type { Sandbox } from '../engine/replica';
import type { World } from '../engine/world';
import { worldMaker } from '../engine/world';
import { SCHEDULES } from '../schedules/audit/audit-schedules';
import type { Plant } from './plant';
import type { Planted } from './planting';
import { planted } from './planting';

/** `PLANTS=5000` looks for the first seed up to that number which catches each. */
const SEARCH = process.env.PLANTS === undefined ? undefined : Number(process.env.PLANTS);

export function checkPlants<P extends SharedPlan>(campaign: Campaign<P>, plants: readonly Plant[]): void {
  checkPlantsOf({ emptyTally, play: (...given) => playSeed(campaign, ...given) }, plants);
}

export function checkPlantsOf<T extends { schedules: number }>(
  seeded: Pick<Seeded<T>, 'emptyTally' | 'play'>,
  plants: readonly Plant[],
): void {
  let copy: Planted;
  beforeAll(async () => {
    copy = await planted(plants);
  });
  afterAll(() => copy?.remove());

  function check(): void {
    it(
      'copied and not switched on, nothing is caught by any of those seeds and schedules',
      { timeout: 240_000 },
      async () => {
        const none = await copy.switchOn(null);
        for (const caughtBy of new Set(plants.map((plant) => plant.caughtBy)))
          expect(await caught(caughtBy, none), String(caughtBy)).toBeNull();
      },
    );

    it.each(plants)('“$name” is caught by $caughtBy', async (plant) => {
      expect(await caught(plant.caughtBy, await copy.switchOn(plant))).not.toBeNull();
    });
  }

  const play = (seed: number, world: World, from: Sandbox) =>
    seeded.play(seed, world, seeded.emptyTally(), from);

  /** Why that seed or schedule fails; `null`: it does not. */
  async function caught(by: Plant['caughtBy'], sandbox: Sandbox): Promise<string | null> {
    const { product } = copy;
    if (typeof by === 'number') return play(by, worldMaker(product)(), sandbox);
    try {
      await playingWith({ product, sandbox }, SCHEDULES[by]);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  function search(upTo: number): void {
    it.each(plants)('“$name”', { timeout: 3_600_000 }, async (plant) => {
      const nextWorld = worldMaker(copy.product);
      const sandbox = await copy.switchOn(plant);
      for (let seed = 1; seed <= upTo; seed++) {
        const why = await play(seed, nextWorld(), sandbox);
        if (why === null) continue;
        // One that fails by itself says nothing of the bug.
        const none = await copy.switchOn(null);
        const itself = await play(seed, nextWorld(), none);
        await copy.switchOn(plant);
        if (itself !== null) continue;
        console.log(`${plant.name} | ${seed} | ${why.split('\n')[0]}`);
        return;
      }
      expect.fail(`not caught by any of ${upTo} seeds`);
    });
  }

  describe('planted bugs', () => (SEARCH === undefined ? check() : search(SEARCH)));
}
