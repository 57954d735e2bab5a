/** A part of a campaign, as a file of tests: so several test workers share it. */
import { describe, it } from 'vitest';
import type { Sandbox } from '../engine/replica';
import type { World } from '../engine/world';
import { worldMaker } from '../engine/world';
import type { Campaign } from './runner';
import { playSeed } from './runner';
import { seedsOf } from './seeds';
import type { SharedPlan } from './shared-plan';
import { emptyTally } from './tally';

/** Whatever is played seed by seed, and counted. */
export interface Seeded<T extends { schedules: number }> {
  /** In this folder. */
  folder: string;
  /** Fixed seeds; default: as many as any campaign. */
  schedules?: number;
  emptyTally: () => T;
  /** Why this seed fails; `null`: it does not. */
  play: (seed: number, world: World, tally: T, from?: Sandbox) => Promise<string | null>;
  /** A generator that has dried up would prove nothing. @param schedules that the figures are of */
  expectEnough: (tally: T, schedules: number) => void;
}

export function part<P extends SharedPlan>(campaign: Campaign<P>, number: number, parts: number): void {
  const { folder, expectEnough } = campaign;
  const play: Seeded<ReturnType<typeof emptyTally>>['play'] = (...given) => playSeed(campaign, ...given);
  partOf({ folder, emptyTally, play, expectEnough }, number, parts);
}

export function partOf<T extends { schedules: number }>(
  seeded: Seeded<T>,
  number: number,
  parts: number,
): void {
  const { folder, expectEnough, play, schedules } = seeded;
  const name = `campaign “${folder}”, part ${number} of ${parts}`;
  const again = (variable: string, seed: number, of: number) =>
    `again: ${variable}=${seed} npm test -- test/sandbox/campaigns/${folder}/part-${of}-of-${parts}.test.ts`;
  const { fixed, fresh, freshFrom } = seedsOf(process.env, number, parts, undefined, schedules);

  describe.skipIf(fixed.length + fresh.length === 0)(name, () => {
    it(`${fixed.length} schedules and ${fresh.length} fresh ones end with the truth`, async () => {
      if (freshFrom !== null)
        console.log(`${name}: fresh seeds from ${freshFrom} (${again('FRESH', freshFrom, number)})`);
      const nextWorld = worldMaker();
      const tally = seeded.emptyTally();
      const failures: string[] = [];
      const startedAt = performance.now();
      const playAll = async (seeds: number[]) => {
        for (const seed of seeds) {
          const why = await play(seed, nextWorld(), tally);
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
