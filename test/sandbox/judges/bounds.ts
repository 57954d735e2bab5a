/** 6 and 7: `undo` can be delivered while the window is open, and no run comes near the server's limits. */
import { expect } from 'vitest';
import { NOT_APPLICABLE } from '../../../src/contract/names';
import { MAX_UPDATES } from '../engine/server/history-size';
import { RESOURCE_EXHAUSTED } from '../engine/server/mailbox';
import type { Played } from '../engine/schedule';

/** From so many bytes on the server warns of a payload. */
const PAYLOAD_BYTES = 262_144;
const EVENTS = 10_000;

export function staysWithinBounds({ most }: Played, maxUpdates: number | null): void {
  expect(most.payloadBytes, 'bytes of the largest payload').toBeLessThanOrEqual(PAYLOAD_BYTES);
  expect(most.events, 'events in one history').toBeLessThanOrEqual(EVENTS);
  expect(most.updates, 'Updates of one run').toBeLessThanOrEqual(maxUpdates ?? MAX_UPDATES);
}

export function canBeDecided({ waiting }: Played): void {
  for (const { plan, asked } of waiting) {
    if (plan.name !== 'undo' && plan.name !== 'commit') continue;
    for (const { answer, foundIn } of asked) {
      if (answer?.kind !== 'rejected' || foundIn !== 'undo-window') continue;
      // A run that was reset changes nothing any more, and says so.
      if (JSON.stringify(answer).includes('was reset')) continue;
      const what = `${plan.name}, which met a run in phase ${foundIn}`;
      expect([RESOURCE_EXHAUSTED, NOT_APPLICABLE], what).not.toContain(answer.type);
    }
  }
}
