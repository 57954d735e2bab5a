/** What a run promises to be able to take back, and what it has changed so far: pure, over request, log and rows. */
import type { CheckedRequest } from '../../contract/input';
import type { NicRow, NicSnapshot, RestoreGrade } from '../../contract/types';
import type { Change, PutBack, PutBackReason, Returning } from '../state';

/** The caller wants the ports kept, for good or for long enough to take everything back. */
export function promisesUndo({ keepPort, undoWindowMs, onFailure, onCancel }: CheckedRequest): boolean {
  return keepPort || undoWindowMs > 0 || onFailure === 'restore' || onCancel === 'restore';
}

/** How well a NIC could be put back (interface.md §3). @param kept its port is, or will be, still there */
export function gradeOf({ networkId, fixedIps }: NicSnapshot, kept: boolean): RestoreGrade {
  if (kept) return 'exact';
  if (networkId === null) return 'no';
  return fixedIps.length > 0 ? 'new-mac' : 'new-ip-and-mac';
}

export function log(undoLog: Change[], what: Change['what'], ids: readonly string[]): void {
  for (const id of ids) {
    if (!undoLog.some((change) => change.what === what && change.id === id)) undoLog.push({ what, id });
  }
}

/** Reads the log from its end: what has to be put back to undo it, and in which old order. */
export function toPutBack(
  reason: PutBackReason,
  rows: readonly NicRow[],
  undoLog: readonly Change[],
  touched: boolean,
): PutBack {
  const changed = (what: Change['what'], id: string) =>
    undoLog.some((change) => change.what === what && change.id === id);
  const nics = rows.flatMap((row): Returning[] => {
    if (row.snapshot === null) return [];
    const gone = row.outcome === 'detached' || row.outcome === 'deleted';
    // Nothing was accepted: whoever took a NIC off, this run did not.
    const attach = reason !== 'flags' && touched && gone && changed('detach', row.id);
    const ours = changed('flag', row.id);
    // While something may yet take the NIC, the flag that saves its port stays (interface.md §6.7).
    const flag = attach || (ours && !gone && row.outcome !== 'unknown');
    return attach || flag ? [returning(row.id, row.snapshot, { attach, flag })] : [];
  });
  return putBackOf(reason, nics);
}

export function putBackOf(reason: PutBackReason, nics: Returning[], allowNewIp = false): PutBack {
  return {
    reason,
    allowNewIp,
    nics: nics.sort((a, b) => a.snapshot.position - b.snapshot.position),
    batch: [],
    submissions: 0,
    looksDue: 0,
    oneByOne: false,
    setbacks: 0,
    moments: 0,
    quietAt: null,
    hindered: null,
    incomplete: false,
    done: false,
  };
}

export function returning(
  id: string,
  snapshot: NicSnapshot,
  { attach, flag }: { attach: boolean; flag: boolean },
): Returning {
  return {
    id,
    snapshot,
    attach,
    flag,
    portId: id,
    created: false,
    unclear: false,
    newIp: false,
    seen: 0,
    unseen: 0,
    seenSince: null,
    found: null,
    disagree: false,
    pending: 'nothing',
    attempts: { attach: 0, refused: 0, create: 0, update: 0, bind: 0 },
    problem: null,
    said: null,
  };
}
