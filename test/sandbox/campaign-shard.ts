/** The campaign in shards, so that several test workers share it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { prepare } from './adapter';
import { emptyTally, playSeed } from './campaign';
import { worldMaker } from './world';

/** `SCHEDULES=10000` plays more, `SEED=17` only one. */
const SCHEDULES = Number(process.env.SCHEDULES ?? 2_000);
const ONLY = process.env.SEED === undefined ? undefined : Number(process.env.SEED);

export function campaign(shard: number, shards: number): void {
  const all = Array.from({ length: SCHEDULES }, (_, index) => index + 1);
  const seeds =
    ONLY === undefined ? all.filter((seed) => seed % shards === shard) : shard === 0 ? [ONLY] : [];

  describe.skipIf(seeds.length === 0)(`seeded schedules, part ${shard + 1} of ${shards}`, () => {
    beforeAll(prepare);

    it(`${seeds.length} of them end with the truth`, { timeout: 3_600_000 }, async () => {
      const nextWorld = worldMaker();
      const tally = emptyTally();
      const failures: string[] = [];
      const startedAt = performance.now();
      for (const seed of seeds) {
        const why = await playSeed(seed, nextWorld(), tally);
        if (why !== null)
          failures.push(
            `seed ${seed} (again: SEED=${seed} npm test -- test/sandbox/campaign.test.ts): ${why}`,
          );
      }
      const each = Math.round((performance.now() - startedAt) / seeds.length);
      console.log(`the campaign, part ${shard + 1} of ${shards}, ${each} ms a schedule:`, tally);
      if (failures.length > 0)
        throw new Error(`${failures.length} of ${seeds.length}:\n${failures.slice(0, 10).join('\n\n')}`);
      if (ONLY !== undefined) return;
      // A generator that has dried up would prove nothing.
      expect(tally.outcomes.deleted ?? 0).toBeGreaterThan(seeds.length / 10);
      for (const many of [tally.crashes, tally.cancels, tally.resets, tally.chains, tally.terminations])
        expect(many).toBeGreaterThan(seeds.length / 50);
    });
  });
}
