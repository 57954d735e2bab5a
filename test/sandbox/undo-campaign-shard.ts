/** The campaign over undo, commit and restore, in shards. */
import { expect } from 'vitest';
import { inShards } from './campaigns/part';
import { emptyUndoTally, playUndoSeed } from './campaigns/undo/campaign';

export function undoCampaign(shard: number, shards: number): void {
  inShards('schedules of undo', 'test/sandbox/campaigns/undo/part-1-of-2.test.ts', [shard, shards], {
    tally: emptyUndoTally,
    play: playUndoSeed,
    // A generator that has dried up would prove nothing.
    check: (tally, count) => {
      for (const outcome of ['deleted', 'detached', 'still-attached', 'restored', 'recreated'] as const)
        expect(tally.rows[outcome] ?? 0, outcome).toBeGreaterThan(count / 50);
      for (const what of ['undo', 'commit'] as const)
        expect(tally.decisions[what] ?? 0, what).toBeGreaterThan(count / 50);
      for (const many of [tally.crashes, tally.cancels, tally.resets, tally.chains, tally.terminations])
        expect(many).toBeGreaterThan(count / 100);
    },
  });
}
