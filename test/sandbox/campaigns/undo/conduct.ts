/** Whether a run that may put NICs back has kept to the rules on its way (docs/undo.md). */
import { expect } from 'vitest';
import type { LedgerRequest } from '../../../../simulator';
import type { PlayedActivity } from '../../engine/schedule';
import { mayBeAtWork, SETTLE_MS, VERIFY_MS, waitsForTheRunBefore } from '../../judges/submissions';
import { keepsPorts } from './fresh';
import { DURATIONS } from './plan';
import type { UndoCase, UndoTruth } from './truth';
import { activitiesOf, kindTold } from './truth';
import { keepsItsWindow } from './window';

const HOUR_MS = 3_600_000;

export function judgeConduct(undoCase: UndoCase, truth: UndoTruth, open: unknown): void {
  changesNothing(truth);
  const sent = [...truth.posts, ...truth.attachments].sort((a, b) => a.seq - b.seq);
  waitsForTheRunBefore(undoCase.world, truth, sent, open);
  attachesWhenAllIsAtRest(truth);
  attachesNoMoreThanThrice(truth);
  setsFlagsBackLast(truth);
  keepsPorts(truth);
  deletesOnlyWhatItKept(truth);
  decidesOnce(truth);
  endsInTime(undoCase, truth);
  keepsTheWindowOpen(truth);
  keepsItsWindow(truth, DURATIONS[String(truth.deletion?.undoWindow ?? '0s')] ?? 0);
  goesOnWhenCancelled(truth);
  countsAttachments(truth);
}

const writes = ({ requestClass, method }: LedgerRequest) => method !== 'GET' && requestClass !== 'other';

function changesNothing({ played, requests, deletion, restore }: UndoTruth): void {
  const why = played.wasReset ? 'reset' : (deletion ?? restore)?.dryRun === true ? 'dry' : null;
  if (why !== null)
    expect(requests.filter(writes), `calls of a ${why} run that change something`).toEqual([]);
}

/** POSTs of this run, with what it heard of each. */
function heard(
  truth: UndoTruth,
  type: 'deleteNics' | 'attachNics',
): { post: LedgerRequest; activity: PlayedActivity }[] {
  const all = type === 'deleteNics' ? truth.posts : truth.attachments;
  return activitiesOf(truth, type).flatMap((activity) =>
    all
      .filter(({ seq }) => activity.requests.some(([from, to]) => seq >= from && seq < to))
      .map((post) => ({ post, activity })),
  );
}

function isKnown({ activity }: { activity: PlayedActivity }): boolean {
  return kindTold(activity) === 'accepted';
}

/** No job of ours is at work then; after one of unknown fate a horizon has passed. */
function attachesWhenAllIsAtRest(truth: UndoTruth): void {
  const { attachments, jobs } = truth;
  for (const attachment of attachments) {
    for (const { post, activity } of [...heard(truth, 'deleteNics'), ...heard(truth, 'attachNics')]) {
      if (post.seq >= attachment.seq || !mayBeAtWork(post)) continue;
      const job = jobs.find(({ jobId }) => jobId === post.jobId);
      // Asked for until the next one was sent, it was no longer known.
      const next = [...truth.posts, ...attachments].find(
        ({ seq, accepted }) => seq > post.seq && accepted === true,
      );
      const denied = activitiesOf(truth, 'getJobStatus').some(
        (poll) =>
          kindTold(poll) === 'gone' &&
          poll.scheduledAt >= post.at &&
          poll.scheduledAt < (next?.at ?? Infinity),
      );
      if (isKnown({ activity }) && !denied) {
        const endsAt = job?.endsAt ?? Infinity;
        expect(
          attachment.at,
          `request ${attachment.seq} attached while job ${post.jobId} ran`,
        ).toBeGreaterThanOrEqual(endsAt);
      } else if (post.requestClass === 'delete') {
        expect(
          attachment.at - post.at,
          `ms between a deletion of unknown fate and request ${attachment.seq}`,
        ).toBeGreaterThanOrEqual(VERIFY_MS);
      } else if (denied || kindTold(activity) !== 'refused') {
        expect(
          attachment.at - post.at,
          `ms between an attachment of unknown fate and request ${attachment.seq}`,
        ).toBeGreaterThanOrEqual(2 * SETTLE_MS);
      }
    }
  }
}

function attachesNoMoreThanThrice({ attachments, played }: UndoTruth): void {
  const times = new Map<string, number>();
  for (const { nicIds } of attachments.filter((it) => it.accepted === true))
    for (const id of nicIds ?? []) times.set(id, (times.get(id) ?? 0) + 1);
  for (const [id, count] of times)
    expect(count, `attachments of ${id} by ${played.runIds[0]}`).toBeLessThanOrEqual(3);
}

/** A NIC that a job may yet take keeps the flag that saves its port. */
function setsFlagsBackLast(truth: UndoTruth): void {
  const { ownEffects } = truth;
  const jobs = new Map(truth.jobs.map((job) => [job.jobId, job]));
  for (const effect of ownEffects) {
    if (effect.kind !== 'flag-changed' || effect.value !== true || effect.requestSeq === undefined) continue;
    const { at, portId } = effect;
    for (const { post, activity } of heard(truth, 'deleteNics')) {
      if (post.at > at || !mayBeAtWork(post) || !(post.nicIds ?? []).includes(portId)) continue;
      if (isKnown({ activity }))
        expect(at, `the flag of ${portId} was set back while a job could take it`).toBeGreaterThanOrEqual(
          jobs.get(post.jobId ?? '')?.endsAt ?? Infinity,
        );
      else
        expect(
          at - post.at,
          `ms between a deletion of unknown fate and the flag of ${portId}`,
        ).toBeGreaterThanOrEqual(VERIFY_MS);
    }
    // Put back after a deletion of unknown fate, it keeps the flag for a horizon more: what comes late takes the same port.
    const doubtful = heard(truth, 'deleteNics').some(
      (it) => it.post.at <= at && mayBeAtWork(it.post) && !isKnown(it),
    );
    const back = ownEffects.findLast(
      (it) => it.kind === 'nic-attached' && it.portId === portId && it.at <= at,
    );
    if (doubtful && back !== undefined)
      expect(at - back.at, `ms between putting ${portId} back and its flag`).toBeGreaterThanOrEqual(
        VERIFY_MS,
      );
    const taken = ownEffects.find(
      (later) => later.kind === 'nic-detached' && later.portId === portId && later.at > at,
    );
    expect(taken, `NIC ${portId} was taken after its flag was set back`).toBeUndefined();
  }
}

function deletesOnlyWhatItKept(truth: UndoTruth): void {
  const { ownEffects, before, deletion, disturbed, told, restore } = truth;
  const deleted = ownEffects.filter(({ kind, jobId }) => kind === 'port-deleted' && jobId === undefined);
  if (restore !== null || deletion?.keepPort === true) expect(deleted, 'ports deleted').toEqual([]);
  const calls = activitiesOf(truth, 'deletePorts');
  const lastFailed = calls.some((call) => call === calls.at(-1) && kindTold(call) === 'failed');
  for (const { portId } of deleted) {
    const nic = before.state.nics.find(({ id }) => id === portId);
    if (!disturbed && nic !== undefined)
      expect(nic.deleteOnTermination, `flag of NIC ${portId}, whose port was deleted`).toBe(true);
    // Of a run that was terminated the rows may not know it yet.
    if (truth.played.end.kind === 'terminated') continue;
    // A call that deletes some ports and then fails names none of them. If no call has named this one and the last one failed,
    // the run knows that it may have deleted the port, and can't know whether it has.
    const isTold = calls.some((call) => fateTold(call, portId) !== undefined);
    const right = lastFailed && !isTold ? ['deleted', 'unknown'] : ['deleted'];
    const outcome = told.nics.find(({ id }) => id === portId)?.outcome;
    expect(right, `NIC ${portId}, whose port was deleted`).toContain(outcome);
  }
}

function fateTold({ told }: PlayedActivity, portId: string): unknown {
  if (told === undefined || !('result' in told)) return undefined;
  return (told.result as { ports?: Record<string, unknown> }).ports?.[portId];
}

/** After an undo nothing is deleted any more, after a commit nothing is put back. */
function decidesOnce(truth: UndoTruth): void {
  const { told, requests, attachments, played } = truth;
  const decision = (told as typeof told | undefined)?.decision ?? null;
  const deletions = requests.filter(({ requestClass }) => requestClass === 'port-delete');
  if (decision !== null) {
    const at = Date.parse(decision.at);
    const after = (all: LedgerRequest[]) => all.filter((request) => request.at >= at);
    if (decision.what === 'commit') expect(after(attachments), 'attached after a commit').toEqual([]);
    else {
      expect(after(deletions), 'ports deleted after an undo').toEqual([]);
      const sent = activitiesOf(truth, 'deleteNics').filter(({ scheduledAt }) => scheduledAt > at);
      expect(sent, 'deletions decided on after an undo').toEqual([]);
    }
  }
  const { cancelledAt } = played;
  if (cancelledAt === null) return;
  const [first] = activitiesOf(truth, 'deletePorts');
  if (first !== undefined && first.scheduledAt > cancelledAt)
    expect(decision?.what, 'why ports were deleted after a cancellation').toBe('commit');
  const late = activitiesOf(truth, 'deleteNics').filter((it) => it.scheduledAt > cancelledAt);
  expect(late, 'deletions decided on after a cancellation').toEqual([]);
}

/** Nobody having decided, ports are deleted when the window has passed and no sooner. */
function keepsTheWindowOpen(truth: UndoTruth): void {
  const { told, deletion, played } = truth;
  const windowMs = DURATIONS[String(deletion?.undoWindow ?? '0s')] ?? 0;
  const [first] = activitiesOf(truth, 'deletePorts');
  if (windowMs === 0 || first === undefined || (told as typeof told | undefined)?.decision !== null) return;
  const looked = ({ type }: PlayedActivity) => type === 'listNics' || type === 'inspectServer';
  const before = played.activities.slice(0, played.activities.indexOf(first)).findLast(looked);
  // A reset run may have waited as another one.
  if (before === undefined || played.wasReset) return;
  expect(first.scheduledAt - before.scheduledAt, 'ms for which the window was open').toBeGreaterThanOrEqual(
    windowMs,
  );
}

/** A cancellation does not cut the putting back short. */
function goesOnWhenCancelled({ told, played, restore, ownEffects }: UndoTruth): void {
  if (restore === null || played.end.kind !== 'cancelled') return;
  expect(ownEffects, `what a restore has changed that is ${told.outcome}`).toEqual([]);
}

/** Of a restore the POSTs that attach count (docs/contract.md §3.2). */
function countsAttachments({ told, restore, attachments, struck, played }: UndoTruth): void {
  if (restore === null || struck.size > 0 || played.end.kind === 'terminated' || played.wasReset) return;
  const accepted = attachments.filter((post) => post.accepted === true).length;
  expect(told.submissions, 'submissions of a restore').toBeGreaterThanOrEqual(accepted);
}

/** The deadline, the window, and one hour for all else (docs/contract.md §4.2); more only where nobody worked on it. */
function endsInTime({ plan }: UndoCase, { played, deletion }: UndoTruth): void {
  if (played.wasReset) return;
  const sum = (all: [number, number][]) => all.reduce((total, [, ms]) => total + ms + 60_000, 0);
  const awayMs =
    (plan.away?.ms ?? 0) +
    sum(plan.silentMs) +
    sum(plan.frozenMs) +
    sum(plan.queueMs) +
    90_000 * played.crashes;
  // A restore has forty minutes to find out what it can do, and as long to do it (docs/undo.md).
  const deadlineMs = deletion === null ? 2_400_000 : (DURATIONS[String(deletion.deadline)] ?? HOUR_MS);
  const windowMs = DURATIONS[String(deletion?.undoWindow ?? '0s')] ?? 0;
  expect(played.endedAt - played.startedAt, 'ms from start to end').toBeLessThanOrEqual(
    deadlineMs + windowMs + HOUR_MS + awayMs + 300_000,
  );
}
