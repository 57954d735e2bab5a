/** Judges deletions: every verdict equals the truth, and no rule was broken. */
import { expect } from 'vitest';
import type { ResultDocument } from '../../../../src/contract';
import { OPEN_SETTLED } from '../../../../src/contract/names';
import type { LedgerEffect } from '../../../../simulator';
import { PLACES } from '../../../../chaos/judge/rows';
import type { Played } from '../../engine/schedule';
import type { World } from '../../engine/world';
import { judgeAll, leavesWord } from '../../judges/judge';
import { mayBeAtWork } from '../../judges/submissions';
import type { Truth } from '../../judges/truth';
import { lateEffects, momentsOf, placeAfter, placeOf, truthOf } from '../../judges/truth';
import { hasVerdicts, judgeConduct } from './conduct';
import { judgeAnswer } from './updates';

export function judgeDeletions(world: World, serverId: string, all: Played[]): void {
  judgeAll(world, all, {
    truthOf: (played) => truthOf(world, serverId, played),
    onItsWay: (truth, open) => judgeConduct(world, truth, open),
    atItsEnd: judgeEnd,
    whenTerminated: judgeTerminated,
    ofAnAnswer: (answered) => judgeAnswer(answered, world.simulator.ledger.jobs),
    maxUpdates: null,
  });
}

function judgeEnd(truth: Truth): void {
  const { played, lists, jobs } = truth;
  const told = played.status as ResultDocument;
  for (const nic of told.nics) {
    if (nic.outcome === 'unknown') {
      expect(['outcome-unknown', 'cancelled']).toContain(told.outcome);
      continue;
    }
    const moves = (effect: LedgerEffect) =>
      effect.portId === nic.id && placeAfter(effect, truth.serverId) !== null;
    const places = new Set(momentsOf(truth, nic.id, moves).map((at) => placeOf(truth, nic.id, at)));
    const first = placeOf(truth, nic.id, played.startedAt);
    const right = [...places].some((place) => PLACES[nic.outcome]?.includes(place));
    // Nothing was tried: it need not have been there in the first place, nor be there still when nobody could look.
    const elsewhere =
      nic.outcome === 'untouched' && (first !== 'on-server' || nic.evidence.list !== 'present');
    expect(
      right || elsewhere,
      `NIC ${nic.id} was reported as ${nic.outcome}, and was ${[...places].join()}`,
    ).toBe(true);
    if (nic.outcome === 'already-absent' || nic.outcome === 'untouched') {
      const taken = jobs.some((job) => job.nicIds.includes(nic.id));
      expect(taken, `NIC ${nic.id} was reported as ${nic.outcome}, but a job was there for it`).toBe(false);
    }
    expect(lateEffects(truth, [nic.id]), `NIC ${nic.id} was reported as ${nic.outcome}`).toEqual([]);
  }
  // Down time uses up no patience (docs/contract.md §6.8).
  if (told.nics.some(({ outcome }) => outcome === 'still-attached')) {
    // One that dies when all has been read and reported leaves nothing to be read again.
    const backAt = played.restarts.findLast((at) => at <= (lists.at(-1)?.at ?? 0)) ?? 0;
    const since = lists.filter(({ at }) => at >= backAt);
    expect(since.length, 'NIC lists read since the worker is back').toBeGreaterThanOrEqual(2);
  }
  expect(told.submissions).toBeLessThanOrEqual(3);
  // The next run on this server has to know of what may still be at work, and of nothing else.
  const unknown = told.nics.some(({ outcome }) => outcome === 'unknown');
  if (unknown) expect(played.memo.open).toMatchObject({ jobId: told.jobs.at(-1)?.id ?? null });
  else expect([undefined, null, OPEN_SETTLED]).toContain(played.memo.open);
}

function judgeTerminated(truth: Truth): void {
  const { played, posts } = truth;
  if (hasVerdicts(played)) judgeEnd(truth);
  else
    leavesWord(truth, posts.filter(mayBeAtWork), (played.status as ResultDocument | undefined)?.jobs.at(-1));
}
