/** What an act relies on is read at the time of the act: only what others did after that look is no fault of the run. */
import { expect } from 'vitest';
import type { NicRow } from '../../../../src/contract';
import type { LedgerEffect, LedgerRequest } from '../../../../simulator';
import { mayBeAtWork, VERIFY_MS } from '../../judges/submissions';
import type { UndoTruth } from './truth';
import { inspectionOf } from '../../judges/heard';
import { activitiesOf, byOthers, fieldsOf, fieldsThatDiffer, foreignTo, snapshotOf } from './truth';

/** A run that has promised an undo has seen to it that its jobs leave every port. */
export function keepsPorts(truth: UndoTruth): void {
  const { ownEffects, deletion, misread } = truth;
  if (deletion === null || misread) return;
  const { keepPort, undoWindow, onFailure, onCancel } = deletion;
  const promised =
    keepPort === true || undoWindow !== '0s' || onFailure === 'restore' || onCancel === 'restore';
  if (!promised) return;
  const foreign = foreignTo(truth, truth.before.at - 1_000);
  const lost = ownEffects.filter((gone) => {
    const { kind, jobId, portId } = gone;
    if (kind !== 'port-deleted' || jobId === undefined || outlivesItsHorizon(truth, gone)) return false;
    const lookedAt = flagsLookedAt(truth, jobId);
    // Who attaches a port by its id may set its flag, too.
    const others = foreign.filter((effect) => effect.portId === portId && effect.at >= lookedAt);
    return !others.some((effect) => effect.kind === 'flag-changed' || effect.kind === 'nic-attached');
  });
  expect(lost, 'ports that went with their NICs').toEqual([]);
}

/**
 * Nobody knows the job of a deletion whose answer was lost. So a later run sets the flag back when the horizon is over, which is
 * 15 minutes at most (docs/architecture.md, glossary; docs/decisions/0009): the flag can't stay false for ever for the sake of a
 * job that may never have been. One that takes longer still takes the port with the NIC. No run can prevent that. What a run can
 * do is wait for its horizon, and that is judged here.
 */
function outlivesItsHorizon({ posts, effects, ownEffects }: UndoTruth, gone: LedgerEffect): boolean {
  const post = posts.find(({ jobId }) => jobId === gone.jobId);
  if (post === undefined || post.status === 200) return false;
  const back = effects.findLast(
    ({ kind, value, portId, at }) =>
      kind === 'flag-changed' && value === true && portId === gone.portId && at <= gone.at,
  );
  return back !== undefined && !ownEffects.includes(back) && back.at - post.at >= VERIFY_MS;
}

/** When the attempt that sent this job has read the NIC list before; without that: when it sent, since it relied on hearsay. */
function flagsLookedAt(truth: UndoTruth, jobId: string): number {
  const post = truth.posts.find((each) => each.jobId === jobId);
  if (post === undefined) return -Infinity;
  const attempts = activitiesOf(truth, 'deleteNics').flatMap(({ requests }) => requests);
  const [from] = attempts.find(([first, end]) => first <= post.seq && post.seq < end) ?? [post.seq];
  const look = truth.lists.findLast(({ seq }) => from <= seq && seq < post.seq);
  return look?.at ?? post.at;
}

/** What was read before anything changed was so, and is as fresh as the last inspection before the deletion. */
export function judgeSnapshot(truth: UndoTruth, row: NicRow): void {
  if (row.snapshot === null || truth.restore !== null) return;
  if (truth.misread || truth.played.wasReset) return;
  const lookedAt = inspectedAt(truth, row.id);
  if (lookedAt === null) return;
  // What happens in the very millisecond of a look may come after it.
  const then = truth.states.findLast(({ at }) => at < lookedAt) ?? truth.before;
  const was = snapshotOf(then.state, row.id);
  if (was === null) return;
  const others = fieldsOf(foreignTo(truth, then === truth.before ? then.at : then.at + 1), row.id);
  // A NIC keeps its place among those that have left meanwhile.
  if (byOthers(truth, row.id).has('position')) others.add('position');
  was.deleteOnTermination = flagAt(truth, row.id, lookedAt) ?? row.snapshot.deleteOnTermination;
  const wrong = fieldsThatDiffer(row.snapshot, was).filter((field) => !others.has(field));
  expect(wrong, `snapshot of NIC ${row.id}, last inspected at ${new Date(lookedAt).toISOString()}`).toEqual(
    [],
  );
}

/** Of inspections that look for what is to be put back: they leave the snapshots as they are. */
const PUT_BACK = 'put back';

/**
 * When the last inspection has begun that showed this NIC before anything was sent. Once the run sets a flag back it has given
 * the deletion up: it then inspects for the flags alone, and the snapshot stays as it was.
 */
function inspectedAt({ played, posts, requests, ownEffects }: UndoTruth, id: string): number | null {
  const isSetBack = ({ kind, value }: LedgerEffect) => kind === 'flag-changed' && value === true;
  const sentAt = posts.find(mayBeAtWork)?.at ?? ownEffects.find(isSetBack)?.at ?? Infinity;
  const last = played.activities.findLast(
    (each) =>
      (each.toldAt ?? Infinity) <= sentAt &&
      !each.summary.includes(PUT_BACK) &&
      inspectionOf(each)?.nics.some((nic) => nic.id === id) === true,
  );
  const [from, end] = last?.requests.at(-1) ?? [0, 0];
  const isOfIt = ({ seq }: LedgerRequest) => from <= seq && seq < end;
  return requests.find(isOfIt)?.at ?? null;
}

/** What its flag was but for what this run itself has done; `null`: it and others have changed it in turn. */
function flagAt(truth: UndoTruth, id: string, at: number): boolean | null {
  const { effects, ownEffects, before } = truth;
  const isFlag = (effect: LedgerEffect) =>
    effect.kind === 'flag-changed' && effect.portId === id && effect.at >= before.at && effect.at < at;
  const changes = effects.filter(isFlag);
  const own = changes.findIndex((effect) => ownEffects.includes(effect));
  const theirs = changes.filter((effect) => !ownEffects.includes(effect));
  // What they had set the run has written, too, which changed nothing: from then on nobody can tell the two apart.
  const since = theirs.at(-1)?.at ?? Infinity;
  const isOwnWrite = ({ requestClass, portId, method, status, at: then }: LedgerRequest) =>
    requestClass === 'flag' &&
    portId === id &&
    method !== 'GET' &&
    status < 300 &&
    then >= since &&
    then < at;
  if (truth.requests.some(isOwnWrite)) return null;
  if (own >= 0 && changes.slice(own).some((effect) => theirs.includes(effect))) return null;
  return theirs.at(-1)?.value ?? snapshotOf(before.state, id)?.deleteOnTermination ?? null;
}
