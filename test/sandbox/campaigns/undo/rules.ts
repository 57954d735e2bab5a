/**
 * Judges runs that promise an undo, and later restores, by ledger and state of the cloud: every row is the truth, what was to
 * be put back is, no rule was broken on the way.
 */
import { expect } from 'vitest';
import type { NicOutcome, NicRow } from '../../../../src/contract';
import { OPEN_SETTLED } from '../../../../src/contract/names';
import { portNameFor } from '../../../../src/workflows/policy/port-name';
import { canBeDecided } from '../../judges/bounds';
import { judgeAll, leavesWord } from '../../judges/judge';
import { mayBeAtWork } from '../../judges/submissions';
import { lateEffects, momentsOf, placeOf } from '../../judges/truth';
import type { Noted } from '../runner';
import { judgeConduct } from './conduct';
import { DURATIONS } from './plan';
import { judgeSnapshot } from './fresh';
import type { UndoCase, UndoTruth } from './truth';
import { byOthers, fieldsThatDiffer, kindTold, snapshotOf, undoTruthOf } from './truth';
import { judgeAnswer } from './updates';

export function judgeUndo(undoCase: UndoCase, noted: readonly Noted[]): void {
  const truths = new Map(noted.map((each) => [each.played, each]));
  judgeAll(undoCase.world, [...truths.keys()], {
    truthOf: (played) => undoTruthOf(undoCase, truths.get(played)!),
    onItsWay: (truth, open) => {
      judgeConduct(undoCase, truth, open);
      canBeDecided(truth.played);
    },
    atItsEnd: (truth) => {
      judgeRows(truth);
      judgeState(truth);
      judgeEnd(undoCase, truth);
    },
    whenTerminated: judgeTerminated,
    ofAnAnswer: judgeAnswer,
    maxUpdates: undoCase.plan.maxUpdates,
  });
}

function judgeRows(truth: UndoTruth): void {
  const { told, played, restore } = truth;
  for (const row of told.nics) {
    const ids = [row.id, row.replacedBy?.id ?? []].flat();
    if (row.outcome !== 'unknown') {
      const moments = momentsOf(truth, row.id);
      const places = moments.map((at) => ids.map((id) => placeOf(truth, id, at)).join('/'));
      const right = moments.some((at) => holds(truth, row, at));
      expect(right, `NIC ${row.id} was reported as ${row.outcome}, and was ${places.join()}`).toBe(true);
      expect(lateEffects(truth, ids), `effects after NIC ${row.id} was reported as ${row.outcome}`).toEqual(
        [],
      );
    }
    if (row.remedy !== null) expect(row.message, `why NIC ${row.id} needs ${row.remedy}`).not.toBeNull();
    judgeGrade(truth, row);
    judgeSnapshot(truth, row);
    judgeDifferences(truth, row);
  }
  if (restore === null) expect(told.submissions).toBeLessThanOrEqual(3);
  const unknown = told.nics.some(({ outcome }) => outcome === 'unknown');
  // A NIC is unknown, too, when no look has seen it since its flag was written: then nothing is at work.
  const nothingSent = !played.wasReset && ![...truth.posts, ...truth.attachments].some(mayBeAtWork);
  if (unknown && nothingSent) expect(told.jobs, 'jobs of a run that sent nothing').toEqual([]);
  else if (unknown)
    expect(played.memo.open, 'memo of what may be at work').toMatchObject({ nics: expect.any(Array) });
  else if (restore === null) expect([undefined, null, OPEN_SETTLED]).toContain(played.memo.open);
}

function holds(truth: UndoTruth, row: NicRow, at: number): boolean {
  const place = placeOf(truth, row.id, at);
  const other = row.replacedBy === null ? null : placeOf(truth, row.replacedBy.id, at);
  switch (row.outcome) {
    case 'deleted':
      return place === 'port-gone';
    case 'detached':
      return place === 'port-kept' || place === 'elsewhere';
    case 'already-absent':
      return place === 'port-gone' || place === 'port-kept';
    case 'still-attached':
    case 'restored':
      return place === 'on-server';
    case 'recreated':
      return other === 'on-server' && place !== 'on-server';
    case 'untouched':
      // Nothing was tried: it need not have been there in the first place.
      if (place === placeOf(truth, row.id, truth.before.at) || place === 'on-server') return true;
      // Nor be there still when nobody could look.
      if (row.evidence.list !== 'present') return true;
      // One reading tells a restore that a NIC is there already; a list that lags says so for a moment too long.
      return truth.restore !== null && truth.misread;
    case 'unknown':
      return true;
  }
}

/** How well it could be put back, beforehand. */
function judgeGrade(truth: UndoTruth, { id, outcome, restore, replacedBy }: NicRow): void {
  const what = `grade of NIC ${id}, ${outcome}`;
  if (outcome === 'detached') expect(restore, what).toBe('exact');
  if (outcome === 'deleted') expect(['new-mac', 'new-ip-and-mac'], what).toContain(restore);
  // A plan of a later restore: whether the port is there decides.
  if (truth.restore === null || truth.told.outcome !== 'planned' || truth.disturbed || truth.misread) return;
  const place = placeOf(truth, id, truth.before.at);
  if (place === 'elsewhere') expect(restore, what).toBe('no');
  else if (replacedBy === null) expect(restore === 'exact', what).toBe(place !== 'port-gone');
}

/** What is told to differ from the snapshot does, and nothing else. */
function judgeDifferences(truth: UndoTruth, row: NicRow): void {
  const { disturbed, misread, after, restore } = truth;
  // Of one that a restore finds there already it is told, too, as of the plan.
  const back = row.outcome === 'restored' || row.outcome === 'recreated';
  const there = restore !== null && row.outcome === 'untouched' && row.evidence.list === 'present';
  if (!back && !there) {
    expect(row.differences, `differences of NIC ${row.id}, ${row.outcome}`).toEqual([]);
    return;
  }
  if (!back || misread || row.snapshot === null) return;
  const id = row.outcome === 'restored' ? row.id : (row.replacedBy?.id ?? '');
  const is = snapshotOf(after.state, id);
  if (is === null) return;
  // What others change may come after the last look.
  const others = disturbed ? byOthers(truth, id) : new Set<string>();
  const told = row.differences.map(({ field }) => field).filter((field) => !others.has(field));
  expect(
    [...told].sort(),
    `differences told of NIC ${row.id}, which is ${JSON.stringify(is)} instead of ${JSON.stringify(row.snapshot)}`,
  ).toEqual(
    fieldsThatDiffer(row.snapshot, is)
      .filter((field) => !others.has(field))
      .sort(),
  );
}

/** On whatever is on the server before and after nothing is changed that the document does not tell. */
function judgeState(truth: UndoTruth): void {
  const { told, before, after, played } = truth;
  if (played.wasReset) return;
  for (const { id } of before.state.nics) {
    const [was, is] = [snapshotOf(before.state, id), snapshotOf(after.state, id)];
    if (was === null || is === null) continue;
    // A restore may find the port that an earlier one has made, and completes it.
    const row = told.nics.find((nic) => nic.id === id || nic.replacedBy?.id === id);
    // What is back is judged by its snapshot.
    if (row !== undefined && (row.remedy !== null || ['restored', 'recreated'].includes(row.outcome)))
      continue;
    if (row?.outcome === 'unknown') {
      // Its flag may have to stay, and then the document says so (docs/contract.md §6.7).
      const kept = was.deleteOnTermination !== is.deleteOnTermination && !othersSetItsFlag(truth, id);
      if (kept) expect(JSON.stringify([row.message, told.warnings]), `flag of NIC ${id}`).toMatch(/flag/);
      continue;
    }
    const others = byOthers(truth, id);
    const fields = fieldsThatDiffer(was, is).filter((field) => field !== 'position' && !others.has(field));
    const untold = fields.filter((field) => !row?.differences.some((it) => it.field === field));
    expect(untold, `changed and not told, of NIC ${id} (${row?.outcome ?? 'not requested'})`).toEqual([]);
  }
}

/** Somebody else was the last to change its flag, so it is not for the run to tell. */
function othersSetItsFlag({ effects, ownEffects, after }: UndoTruth, id: string): boolean {
  const last = effects.findLast(
    ({ kind, portId, at }) => kind === 'flag-changed' && portId === id && at <= after.at,
  );
  return last !== undefined && !ownEffects.includes(last);
}

/** Where nothing at all hinders it everything is put back, and all that can be is as it was. */
function judgeCalm(truth: UndoTruth): void {
  const { told, restore } = truth;
  expect(
    ['restore-incomplete', 'outcome-unknown', 'not-deleted', 'rolled-back'],
    'outcome of a run that nothing hindered',
  ).not.toContain(told.outcome);
  for (const row of told.nics) {
    const may: Partial<Record<NicOutcome, string[]>> = {
      restored: ['position'],
      // A port is made with one fixed IP, a MAC of its own, and port security as the cloud has it.
      recreated: ['position', 'mac', ...((row.snapshot?.fixedIps.length ?? 0) > 1 ? ['fixedIps'] : [])],
    };
    const fields = row.differences.map(({ field }) => field as string);
    const odd = fields.filter((field) => !may[row.outcome]?.includes(field));
    expect(odd, `differences of NIC ${row.id}, ${row.outcome}, that nothing hindered`).toEqual([]);
    if (told.decision?.what === 'undo')
      expect(['restored', 'untouched', 'already-absent'], `NIC ${row.id} after an undo`).toContain(
        row.outcome,
      );
    if (restore !== null && told.outcome !== 'planned' && told.outcome !== 'refused')
      expect(row.remedy, `remedy of NIC ${row.id}`).toBeNull();
  }
  keepsTheOrder(truth);
}

/** NICs go back in their old order. */
function keepsTheOrder({ told, after }: UndoTruth): void {
  const back = told.nics.flatMap((row) => {
    const id =
      row.outcome === 'restored' ? row.id : row.outcome === 'recreated' ? row.replacedBy?.id : undefined;
    const now = after.state.nics.find((nic) => nic.id === id)?.position;
    return now === undefined || row.snapshot === null ? [] : [{ was: row.snapshot.position, now }];
  });
  const order = back.sort((a, b) => a.was - b.was).map(({ now }) => now);
  expect(order, 'places of those that are back, in their old order').toEqual(
    [...order].sort((a, b) => a - b),
  );
}

/** The window was over when the cancellation came; a commit leaves ports that flags of their own keep, or that it can't delete. */
function hadPassed({ played, deletion }: UndoTruth): boolean {
  const windowMs = DURATIONS[String(deletion?.undoWindow ?? '0s')] ?? 0;
  const { cancelledAt, activities } = played;
  if (windowMs === 0 || cancelledAt === null) return false;
  const looks = activities.filter(({ type }) => type === 'listNics' || type === 'inspectServer');
  const last = looks.findLast(({ toldAt }) => toldAt !== undefined && toldAt <= cancelledAt);
  return last?.toldAt !== undefined && cancelledAt - last.toldAt >= windowMs;
}

function judgeEnd(undoCase: UndoCase, truth: UndoTruth): void {
  const { told, before, after, struck, everDisturbed, deletion, played, ownEffects, jobs } = truth;
  const ids = (state: typeof before.state) => state.nics.map(({ id }) => id).sort();
  const changesNothing = ['refused', 'cloud-refused', 'invalid-input', 'planned', 'nothing-to-do'];
  if (changesNothing.includes(told.outcome)) {
    expect(jobs, `jobs of a run that is ${told.outcome}`).toEqual([]);
    if (told.outcome === 'planned' || told.outcome === 'invalid-input') expect(ownEffects).toEqual([]);
  }
  const promised =
    told.outcome === 'undone' ||
    told.outcome === 'rolled-back' ||
    (told.outcome === 'cancelled' && deletion?.onCancel === 'restore' && told.decision?.what !== 'commit');
  const undisturbed = !truth.disturbed && !played.wasReset;
  if (promised && undisturbed) {
    for (const row of told.nics) {
      const came = ['restored', 'recreated', 'still-attached', 'untouched', 'already-absent', 'unknown'];
      // A window that had closed before the cancellation came is committed.
      const isLeft = told.warnings.some((text) =>
        text.startsWith(`NIC ${row.id} is detached, and its port was left`),
      );
      const stays = row.outcome === 'detached' && (row.snapshot?.deleteOnTermination === false || isLeft);
      const closed =
        told.outcome === 'cancelled' && (row.outcome === 'deleted' || (stays && hadPassed(truth)));
      const own = row.outcome === 'deleted' || row.outcome === 'detached';
      if (!closed)
        expect(
          came,
          `a NIC that was to be put back by a run that is ${told.outcome}, ${JSON.stringify({ own })}`,
        ).toContain(row.outcome);
    }
    if (told.nics.every(({ outcome }) => ['restored', 'still-attached', 'untouched'].includes(outcome)))
      expect(ids(after.state), 'NICs on the server').toEqual(ids(before.state));
  }
  const { outage } = undoCase.plan;
  const hindered = struck.size > 0 || everDisturbed || outage !== null || played.wasReset;
  if (told.outcome === 'restore-incomplete') {
    expect(hindered, `hindered, if the run is ${told.outcome}`).toBe(true);
    expect(
      told.nics.some(({ remedy }) => remedy !== null),
      'rows that say what is to be done',
    ).toBe(true);
  }
  const { addOrder } = undoCase.plan.knobs;
  // A worker that dies with a POST in its hands leaves its fate unknown.
  if (!hindered && addOrder === undefined && played.crashes === 0) judgeCalm(truth);
  leavesNothingBehind(truth);
}

/** A port that was made is on the server, or the document names it. */
function leavesNothingBehind(truth: UndoTruth): void {
  const { ownEffects, told, played, requests } = truth;
  if (played.wasReset) return;
  const made = ownEffects.filter(({ kind }) => kind === 'port-created');
  const named = told.nics.map(({ replacedBy }) => replacedBy?.id);
  // Its id stood in an answer that was lost: the run knows only the name that it has asked for.
  const lost = told.nics.filter(({ id, replacedBy }) => {
    const name = portNameFor(id, played.runIds[0] ?? '');
    return replacedBy === null && told.warnings.some((text) => text.includes(name));
  });
  const answered = (seq: number | undefined) =>
    requests.some((request) => request.seq === seq && request.status >= 200 && request.status < 300);
  const unnamed = made.filter(({ portId }) => !named.includes(portId));
  for (const { portId, requestSeq } of unnamed)
    expect(answered(requestSeq), `the id of port ${portId}, which the document does not name`).toBe(false);
  expect(unnamed.length, 'ports that no row and no warning names').toBeLessThanOrEqual(lost.length);
}

function judgeTerminated(truth: UndoTruth): void {
  const { played, posts, attachments, told } = truth;
  const known = (told as typeof told | undefined)?.jobs.at(-1);
  const last = played.activities.findLast(({ type }) => type === 'deleteNics' || type === 'attachNics');
  const accepted = last !== undefined && kindTold(last) === 'accepted';
  leavesWord(truth, [...posts, ...attachments].filter(mayBeAtWork), accepted ? known : undefined);
}
