/** Judges how starts of a workflow ended, by the ledger: what every campaign asks, and in the same places what it asks besides. */
import { expect } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import type { LedgerRequest } from '../../../simulator';
import type { Played } from '../engine/schedule';
import type { World } from '../engine/world';
import { staysWithinBounds } from './bounds';
import { isUnsureWithReason, tellsWhatItReadLast } from './last-read';
import { staysInItsPlace } from './place';
import { hasItsRows } from './rows';
import { deniesNoChange, logsTheTruth, tellsTheTruth } from './sentences';
import { spacesSubmissions } from './submissions';
import { readsForItself } from './sets';
import type { Truth } from './truth';
import { placeOf } from './truth';
import type { JudgeOfAnswer } from './updates';
import { judgeUpdates } from './updates';

/** What a campaign asks of its own. */
export interface Rules<T extends Truth> {
  truthOf: (played: Played) => T;
  /** @param open what an earlier run under the same id has left open, as its memo tells */
  onItsWay: (truth: T, open: unknown) => void;
  atItsEnd: (truth: T) => void;
  whenTerminated: (truth: T) => void;
  ofAnAnswer: JudgeOfAnswer;
  /** Updates that the server takes for one run; `null`: as many as the real one. */
  maxUpdates: number | null;
}

/** All starts under one workflow id, in the order of their ends. */
export function judgeAll<T extends Truth>(world: World, all: Played[], rules: Rules<T>): void {
  const { control } = world.simulator;
  control.advance(0);
  expect(control.invariants()).toEqual([]);
  // What was reported must not be overtaken by something that a run has set going.
  control.advance(3_600_000);
  expect(control.invariants()).toEqual([]);
  let open: unknown = null;
  for (const played of all) {
    const truth = rules.truthOf(played);
    isTheLedgers(world, truth);
    spacesSubmissions(world, truth);
    readsForItself(truth);
    rules.onItsWay(truth, open);
    hasItsRows(played);
    staysWithinBounds(played, rules.maxUpdates);
    tellsTheTruth(world, truth);
    deniesNoChange(truth);
    if (played.end.kind === 'terminated') rules.whenTerminated(truth);
    else {
      const told = documentOf(played);
      expect([told.phase, told.endedAt === null, told.undoUntil]).toEqual(['done', false, null]);
      rules.atItsEnd(truth);
      tellsWhatItReadLast(truth);
      isUnsureWithReason(truth);
    }
    // A run that has not dealt with what one before it left open leaves it open, too.
    if ('open' in played.memo) open = played.memo.open;
  }
  staysInItsPlace(world, all);
  logsTheTruth(world);
  judgeUpdates(all, rules.ofAnAnswer);
}

/** Of a cancelled run the document stands in the query `status`, and its totals in the memo. */
export function documentOf({ end, memo, status }: Played): ResultDocument {
  if (end.kind === 'completed') expect(status).toEqual(end.result);
  if (end.kind === 'failed') expect(status).toEqual(end.details);
  if (end.kind === 'cancelled') expect(memo.result).toMatchObject({ outcome: 'cancelled' });
  return status as ResultDocument;
}

/** What was sent may be at work, and the next run has to be told, and of which job. */
export function leavesWord(
  { played }: Truth,
  sent: readonly LedgerRequest[],
  job: { id: string } | undefined,
): void {
  const what = 'memo of a run that was terminated';
  if (sent.length > 0) expect(played.memo.open, what).toMatchObject({ nics: expect.any(Array) });
  if (job !== undefined) expect(played.memo.open, what).toMatchObject({ jobId: job.id });
}

/** The places that are judged by come from the ledger's effects; the simulator's own idea of the present agrees. */
function isTheLedgers(world: World, truth: Truth): void {
  const { nics, exists } = world.simulator.control.truth(truth.serverId);
  for (const { id, state } of nics) {
    const place = placeOf(truth, id, Infinity);
    expect(place === 'elsewhere' && !exists ? state : place, `place of NIC ${id}`).toBe(state);
  }
}
