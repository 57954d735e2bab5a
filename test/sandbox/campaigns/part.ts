/** Campaigns in shards, so that several test workers share them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { prepare } from '../engine/play';
import type { Tally } from './runner';
import { emptyTally, playSeed } from './runner';
import type { World } from '../engine/world';
import { worldMaker } from '../engine/world';

/** `SCHEDULES=10000` plays more, `FIRST=2000` those after these, `SEED=17` only one. */
const SCHEDULES = Number(process.env.SCHEDULES ?? 500);
const FIRST = Number(process.env.FIRST ?? 0);
const ONLY = process.env.SEED === undefined ? undefined : Number(process.env.SEED);

interface Campaign<T extends Tally> {
  tally: () => T;
  /** Why this seed fails; `null`: it does not. */
  play: (seed: number, world: World, tally: T) => Promise<string | null>;
  check: (tally: T, count: number) => void;
}

export function campaign(shard: number, shards: number): void {
  inShards('seeded schedules', 'test/sandbox/campaigns/delete/part-1-of-2.test.ts', [shard, shards], {
    tally: emptyTally,
    play: playSeed,
    // A generator that has dried up would prove nothing.
    check: (tally, count) => {
      expect(tally.outcomes.deleted ?? 0).toBeGreaterThan(count / 10);
      for (const many of [tally.crashes, tally.cancels, tally.resets, tally.chains, tally.terminations])
        expect(many).toBeGreaterThan(count / 50);
    },
  });
}

/** @param file that plays a single seed again */
export function inShards<T extends Tally>(
  name: string,
  file: string,
  [shard, shards]: [number, number],
  { tally: emptyTallyOf, play, check }: Campaign<T>,
): void {
  const all = Array.from({ length: SCHEDULES }, (_, index) => FIRST + index + 1);
  const seeds =
    ONLY === undefined ? all.filter((seed) => seed % shards === shard) : shard === 0 ? [ONLY] : [];

  describe.skipIf(seeds.length === 0)(`${name}, part ${shard + 1} of ${shards}`, () => {
    beforeAll(prepare);

    it(`${seeds.length} of them end with the truth`, { timeout: 3_600_000 }, async () => {
      const nextWorld = worldMaker();
      const tally = emptyTallyOf();
      const failures: string[] = [];
      const startedAt = performance.now();
      for (const seed of seeds) {
        const why = await play(seed, nextWorld(), tally);
        if (why !== null) failures.push(`seed ${seed} (again: SEED=${seed} npm test -- ${file}): ${why}`);
      }
      const each = Math.round((performance.now() - startedAt) / seeds.length);
      console.log(`${name}, part ${shard + 1} of ${shards}, ${each} ms each:`, tally);
      if (failures.length > 0)
        throw new Error(`${failures.length} of ${seeds.length}:\n${failures.slice(0, 10).join('\n\n')}`);
      if (ONLY === undefined) check(tally, seeds.length);
    });
  });
}
