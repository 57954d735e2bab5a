/** What a run promises to be able to put back, and what it has changed so far. Pure, over request, log and rows. */
import type { PortState } from '../../activities/agreement';
import type { CheckedRequest } from '../../contract/input';
import type { NicRow, NicSnapshot, RestoreGrade } from '../../contract/types';
import { elasticIpsOf } from '../../contract/types';

/** A change that the run made to a NIC. The snapshot tells how to reverse it. */
export interface Change {
  /** `flag`: `delete_on_termination` was set to false · `detach`: the NIC was taken off the server. */
  what: 'flag' | 'detach';
  id: string;
}

/** Why NICs are put back. `flags`: no NIC is put back, only the flags of those that stayed are set back. */
export type PutBackReason = 'failure' | 'cancel' | 'undo' | 'flags' | 'asked';

/** Progress of putting NICs back. */
export interface PutBack {
  reason: PutBackReason;
  allowNewIp: boolean;
  nics: Returning[];
  /** Ports that the last POST named. */
  batch: string[];
  /** POSTs to attach that were accepted, or whose fate is unknown. */
  submissions: number;
  /** Looks to make before another POST to attach: the fate of the last one is not known. */
  looksDue: number;
  /** The cloud refused a POST with several ports. The run now attaches one at a time, which shows the port at fault. */
  oneByOne: boolean;
  /** Calls in a row without a usable answer, and observations in a row after which the run could only wait. */
  setbacks: number;
  moments: number;
  /** From when on nothing that was sent earlier can still take effect; `null`: not determined yet. */
  quietAt: number | null;
  /** What hinders the run at the moment. */
  hindered: string | null;
  /** Something that the run changed is not as it was. */
  incomplete: boolean;
  done: boolean;
}

/** A NIC on its way back. */
export interface Returning {
  /** The old id of the NIC, which is also the id of its row. */
  id: string;
  snapshot: NicSnapshot;
  /** The NIC was taken off and has to come back. Otherwise the run has at most changed its flag. */
  attach: boolean;
  /** The flag has to be set back: the run changed it, or detaching and attaching loses it. */
  flag: boolean;
  /** The port to attach: the old one, or the one that replaces it; `null`: it has to be created. */
  portId: string | null;
  created: boolean;
  /** A port may have been created, but the answer was lost. */
  unclear: boolean;
  /** The old IP is taken: the next port that is created gets another one. */
  newIp: boolean;
  /**
   * Observations in a row that found the NIC on the server; `seenSince`: time of the first; `found`: what the last saw.
   */
  seen: number;
  /** Observations in a row that found neither the NIC nor, if it has to come back, its port. */
  unseen: number;
  seenSince: number | null;
  /** The last known state of its port while the NIC was off the server. */
  port?: PortState['state'];
  found: NicSnapshot | null;
  /** The NIC list and the port contradict each other. */
  disagree: boolean;
  /** What a POST that named the NIC may still bring: `job`: its job is known · `doubt`: its fate is unknown. */
  pending: 'nothing' | 'job' | 'doubt';
  /** Elastic IPs that can't be bound again. */
  lost?: string[];
  attempts: { attach: number; refused: number; create: number; update: number; bind: number };
  /** Why the run gave the NIC up. */
  problem: Problem | null;
  /** The last message of the cloud about this NIC. */
  said: Problem | null;
}

/** Why the run could not do something. */
export interface Problem {
  code: string | null;
  message: string;
}

/** The request wants the ports kept: for good, or for as long as the run may have to put the NICs back. */
export function promisesUndo({ keepPort, undoWindowMs, onFailure, onCancel }: CheckedRequest): boolean {
  return keepPort || undoWindowMs > 0 || onFailure === 'restore' || onCancel === 'restore';
}

/**
 * How well a NIC could be put back (docs/contract.md §3.3).
 * @param kept its port still exists, or will
 */
export function gradeOf(snapshot: NicSnapshot, kept: boolean): RestoreGrade {
  const { networkId, fixedIps } = snapshot;
  if (kept) return 'exact';
  if (networkId === null) return 'no';
  // A port is created with one address at most, and an elastic IP is bound to a port as a whole
  // (docs/cloud-api.md §4.2, §4.3). A NIC with several would keep only one.
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
 * What has to be put back to reverse the log, in the old order of the NICs.
 * @param looksAgain also look at NICs that stayed
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
    // While something that was sent may still take the NIC, its flag stays false and keeps the port
    // (docs/contract.md §6.7).
    const flag = attach || (ours && !gone && row.outcome !== 'unknown');
    // The document says that this NIC is on the server. That has to be true when the run ends, so the run looks again.
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
