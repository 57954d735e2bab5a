/** What a run promises to be able to take back, and what it has changed so far: pure, over request, log and rows. */
import type { PortState } from '../../activities/agreement';
import type { CheckedRequest } from '../../contract/input';
import type { NicRow, NicSnapshot, RestoreGrade } from '../../contract/types';
import { elasticIpsOf } from '../../contract/types';

/** What was changed about a NIC; how to take it back follows from the snapshot. */
export interface Change {
  /** `flag`: delete-with-server set to false · `detach`: taken off the server. */
  what: 'flag' | 'detach';
  id: string;
}

/** Why NICs are put back. `flags`: none is, but flags are set back on those that stay. */
export type PutBackReason = 'failure' | 'cancel' | 'undo' | 'flags' | 'asked';

/** How far the putting back has come. */
export interface PutBack {
  reason: PutBackReason;
  allowNewIp: boolean;
  nics: Returning[];
  /** Ports that the last POST named. */
  batch: string[];
  /** POSTs to attach that were accepted or are of unknown fate. */
  submissions: number;
  /** Looks to be made before anything is attached again: the fate of the last POST is not known. */
  looksDue: number;
  /** One port of a POST was refused: which one shows when each is tried by itself. */
  oneByOne: boolean;
  /** Answers in a row that asked for patience, and looks in a row that found it too early to act. */
  setbacks: number;
  moments: number;
  /** From then on nothing that was sent before may still be at work; `null`: not known yet. */
  quietAt: number | null;
  /** What hinders it at the moment. */
  hindered: string | null;
  /** Something of ours is not as it was. */
  incomplete: boolean;
  done: boolean;
}

/** A NIC on its way back. */
export interface Returning {
  /** Its old id, which is its row's. */
  id: string;
  snapshot: NicSnapshot;
  /** It was taken off, and has to come back; otherwise at most its flag is ours. */
  attach: boolean;
  /** Its flag was changed, or gets lost on the way. */
  flag: boolean;
  /** The port to attach: the old one, or the one made in its place; `null`: has to be made. */
  portId: string | null;
  created: boolean;
  /** A port may have been made of which nobody heard. */
  unclear: boolean;
  /** Its old IP is taken: the next port gets another one. */
  newIp: boolean;
  /** Observations in a row that found it on the server, when they began, and as what the last one found it. */
  seen: number;
  /** Observations in a row that found neither it nor, where it has to come back, its port. */
  unseen: number;
  seenSince: number | null;
  /** What its port was last seen to be, while it was not on the server. */
  port?: PortState['state'];
  found: NicSnapshot | null;
  /** The NIC list and its port say different things. */
  disagree: boolean;
  /** What a POST that named it may yet bring: `job`: one that is known · `doubt`: nobody knows what came of it. */
  pending: 'nothing' | 'job' | 'doubt';
  /** Elastic IPs that are not to be had any more. */
  lost?: string[];
  attempts: { attach: number; refused: number; create: number; update: number; bind: number };
  /** Why it is not to be had. */
  problem: Problem | null;
  /** The cloud's last word about it. */
  said: Problem | null;
}

/** What the run could not do. */
export interface Problem {
  code: string | null;
  message: string;
}

/** The caller wants the ports kept, for good or for long enough to take everything back. */
export function promisesUndo({ keepPort, undoWindowMs, onFailure, onCancel }: CheckedRequest): boolean {
  return keepPort || undoWindowMs > 0 || onFailure === 'restore' || onCancel === 'restore';
}

/** How well a NIC could be put back (docs/contract.md §3.3). @param kept its port is, or will be, still there */
export function gradeOf(snapshot: NicSnapshot, kept: boolean): RestoreGrade {
  const { networkId, fixedIps } = snapshot;
  if (kept) return 'exact';
  if (networkId === null) return 'no';
  // A port is made with one address at most, and an elastic IP is bound to a port as a whole
  // (docs/cloud-api.md §4.2, §4.3): of several all but one would be lost.
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
    // While something may yet take the NIC, the flag that saves its port stays (docs/contract.md §6.7).
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
