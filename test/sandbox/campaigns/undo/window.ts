/** 3 and 5: a promised window lasts its time whoever took the NIC off, and a port that is deleted is the snapshot's. */
import { expect } from 'vitest';
import type { LedgerEffect } from '../../../../simulator';
import type { UndoTruth } from './truth';

const OF_A_PORT: ReadonlySet<string> = new Set(['port-updated', 'elastic-ip-bound', 'elastic-ip-unbound']);

export function keepsItsWindow(truth: UndoTruth, windowMs: number): void {
  const { ownEffects, effects, deletion, told } = truth;
  if (deletion === null || truth.played.wasReset) return;
  const decided = (told as typeof told | undefined)?.decision?.what;
  const deleted = ownEffects.filter(
    ({ kind, requestSeq }) => kind === 'port-deleted' && requestSeq !== undefined,
  );
  for (const gone of deleted) {
    const { portId, at } = gone;
    const off = effects.findLast((it) => it.kind === 'nic-detached' && it.portId === portId && it.at <= at);
    if (decided !== 'commit' && windowMs > 0)
      expect(at - (off?.at ?? 0), `ms for which the port of NIC ${portId} was kept`).toBeGreaterThanOrEqual(
        windowMs,
      );
    isTheSnapshots(truth, gone);
  }
}

/** What others have made of it before the run's last look at it keeps it from being deleted. */
function isTheSnapshots({ effects, requests, ownEffects, played }: UndoTruth, gone: LedgerEffect): void {
  const { portId } = gone;
  const looks = requests.filter(
    (it) => it.reads(portId) && it.status === 200 && it.seq < (gone.requestSeq ?? 0),
  );
  const last = looks.at(-1);
  // A set shows what was so then: the lag of the cloud's sets is none of the run's.
  const lookedAt = last?.shows ?? last?.at ?? -Infinity;
  // What was so at the last inspection before anything was sent is the snapshot.
  const firstSent = requests.find(({ requestClass }) => requestClass === 'delete')?.at ?? Infinity;
  const inspected = played.activities.findLast(
    ({ type, told, scheduledAt }) =>
      type === 'inspectServer' && told !== undefined && 'result' in told && scheduledAt <= firstSent,
  );
  const foreign = effects.filter(
    (it) =>
      OF_A_PORT.has(it.kind) &&
      it.portId === portId &&
      !ownEffects.includes(it) &&
      it.at > (inspected?.scheduledAt ?? Infinity) + 60_000 &&
      it.at < lookedAt,
  );
  expect(foreign, `what others had made of port ${portId}, which was deleted`).toEqual([]);
}
