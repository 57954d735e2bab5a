/** What a run promises to be able to take back, and what it has changed so far: pure, over request, log and rows. */
import type { CheckedRequest } from '../../contract/input';
import type { NicRow, NicSnapshot, RestoreGrade } from '../../contract/types';
import { elasticIpsOf } from '../../contract/types';
import type { Deletion } from '../deletion';
import type { Change, PutBack, PutBackReason, Returning } from '../state';

/** The caller wants the ports kept, for good or for long enough to take everything back. */
export function promisesUndo({ keepPort, undoWindowMs, onFailure, onCancel }: CheckedRequest): boolean {
  return keepPort || undoWindowMs > 0 || onFailure === 'restore' || onCancel === 'restore';
}

/** How well a NIC could be put back (interface.md §3). @param kept its port is, or will be, still there */
export function gradeOf(snapshot: NicSnapshot, kept: boolean): RestoreGrade {
  const { networkId, fixedIps } = snapshot;
  if (kept) return 'exact';
  if (networkId === null) return 'no';
  // A port is made with one address at most, and an elastic IP is bound to a port as a whole (ecs-api.md §4.2, §14): of several
  // all but one would be lost.
  return fixedIps.length === 1 && elasticIpsOf(snapshot).length <= 1 ? 'new-mac' : 'new-ip-and-mac';
}

export function log(undoLog: Change[], what: Change['what'], ids: readonly string[]): void {
  for (const id of ids) {
    if (!undoLog.some((change) => change.what === what && change.id === id)) undoLog.push({ what, id });
  }
}

export function isLogged(undoLog: readonly Change[], what: Change['what'], id: string): boolean {
  return undoLog.some((change) => change.what === what && change.id === id);
}

/**
 * Somebody else has taken the NIC off, and its port has outlived it thanks to the flag that this run has set: from here on it
 * is held as if the run had taken it off itself, for as long as it has promised, and an undo brings it back.
 */
export function hold(run: Deletion, row: NicRow): void {
  const { state } = run;
  row.outcome = 'detached';
  if (!state.kept.includes(row.id)) state.kept.push(row.id);
  log(state.undoLog, 'detach', [row.id]);
  run.warn(
    `NIC ${row.id} was taken off by somebody else, and its port is still there since this run kept it`,
  );
}

/**
 * Reads the log from its end: what has to be put back to undo it, and in which old order.
 * @param looksAgain at NICs that stay, too
 */
export function toPutBack(
  reason: PutBackReason,
  rows: readonly NicRow[],
  undoLog: readonly Change[],
  looksAgain: boolean,
): PutBack {
  const nics = rows.flatMap((row): Returning[] => {
    if (row.snapshot === null) return [];
    const gone = row.outcome === 'detached' || row.outcome === 'deleted';
    const attach = reason !== 'flags' && gone && isLogged(undoLog, 'detach', row.id);
    const ours = isLogged(undoLog, 'flag', row.id);
    // While something may yet take the NIC, the flag that saves its port stays (interface.md §6.7).
    const flag = attach || (ours && !gone && row.outcome !== 'unknown');
    // What was told to be there is looked at with the others: it has to be true when the run ends.
    const seen = looksAgain && row.outcome === 'still-attached';
    return attach || flag || seen ? [returning(row.id, row.snapshot, { attach, flag })] : [];
  });
  return putBackOf(reason, nics.some(({ attach, flag }) => attach || flag) ? nics : []);
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
