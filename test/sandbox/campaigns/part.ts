/** A part of a campaign, as a file of tests: so several test workers share it. */
import { describe, it } from 'vitest';
import { worldMaker } from '../engine/world';
import type { Campaign } from './runner';
import { playSeed } from './runner';
import { seedsOf } from './seeds';
import type { SharedPlan } from './shared-plan';
import { emptyTally } from './tally';

export function part<P extends SharedPlan>(campaign: Campaign<P>, number: number, parts: number): void {
  const { folder, expectEnough } = campaign;
  const name = `campaign “${folder}”, part ${number} of ${parts}`;
  const again = (variable: string, seed: number, of: number) =>
    `again: ${variable}=${seed} npm test -- test/sandbox/campaigns/${folder}/part-${of}-of-${parts}.test.ts`;
  const { fixed, fresh, freshFrom } = seedsOf(process.env, number, parts);

  describe.skipIf(fixed.length + fresh.length === 0)(name, () => {
    it(`${fixed.length} schedules and ${fresh.length} fresh ones end with the truth`, async () => {
      if (freshFrom !== null)
        console.log(`${name}: fresh seeds from ${freshFrom} (${again('FRESH', freshFrom, number)})`);
      const nextWorld = worldMaker();
      const tally = emptyTally();
      const failures: string[] = [];
      const startedAt = performance.now();
      const playAll = async (seeds: number[]) => {
        for (const seed of seeds) {
          const why = await playSeed(campaign, seed, nextWorld(), tally);
          if (why !== null) failures.push(`seed ${seed} (${again('SEED', seed, 1)}): ${why}`);
        }
      };
      await playAll(fixed);
      const ofFixed = structuredClone(tally);
      await playAll(fresh);
      const each = Math.round((performance.now() - startedAt) / tally.schedules);
      console.log(`${name}, ${each} ms each:`, tally);
      const failed = `${failures.length} of ${tally.schedules} schedules fail`;
      if (failures.length > 0) throw new Error(`${failed}: ${failures.slice(0, 10).join('\n\n')}`);
      // Of the fresh ones nobody knows beforehand what is rare among them.
      if (fixed.length > 1) expectEnough(ofFixed, fixed.length);
    }, 3_600_000);
  });
}
