/** The servers of a page, each with its plan and its end. */
import type {
  Excluded,
  FailedServer,
  ListedServer,
  PagePlan,
  PageReport,
  PageState,
  PlannedNic,
  ReportNic,
  ReportServer,
  ServerOutcome,
} from '../../../contract/decommission/types';
import { LEFT_ALONE } from '../../../contract/decommission/names';
import type { ByWhom, RestoreGrade, ResultDocument } from '../../../contract/types';
import type { PlanNews } from '../../policy/fleet/agreement';
import { digestOfPage, digestOfServer } from '../../policy/fleet/digest';
import type { ServerEnd } from '../../policy/fleet/endings';
import { bounded, countsAsFailed, isRetried, reportNic } from '../../policy/fleet/endings';
import { takenOff } from '../../policy/fleet/way-back';

/** Failures that a page tells its run. */
const TOLD_FAILURES = 20;
const MESSAGE_MAX = 300;

interface Address {
  id: string;
  ip: string | null;
  mac: string | null;
}

export interface Row {
  readonly listed: ListedServer;
  name: string | null;
  /** What would be deleted; `null`: not inspected yet, or excluded. */
  nics: PlannedNic[] | null;
  excluded: Excluded | null;
  /** NICs of the list that were on the server when it was inspected. */
  seen: readonly Address[];
  /** Of the listed NICs, those that were not on the server when it was inspected. */
  absent: string[];
  running: boolean;
  /** The start of its run is ordered from the server, and nobody can take that back; its answer has not come yet. */
  starting: boolean;
  end: ServerEnd | null;
  /** What its last run came to, of a server that was taken up again. */
  before: ServerEnd | null;
  /** Of its own run, with the snapshots that a restore needs. */
  document: ResultDocument | null;
  /** A person has said to leave it: it is not started, or its failure does not count. */
  skipped: boolean;
  /** A person wants it put back; `isOpen`: that has not been done, or tried in vain. */
  undo: { who: ByWhom; isOpen: boolean } | null;
}

export function rowsOf(servers: readonly ListedServer[]): Row[] {
  return servers.map((listed) => ({
    listed,
    name: null,
    nics: null,
    excluded: null,
    seen: [],
    absent: [],
    running: false,
    starting: false,
    end: null,
    before: null,
    document: null,
    skipped: false,
    undo: null,
  }));
}

/** In the order of the list; waves are ranges of this. */
export function planned(rows: readonly Row[]): (Row & { nics: PlannedNic[] })[] {
  return rows.filter((row): row is Row & { nics: PlannedNic[] } => row.nics !== null);
}

export function inspected(rows: readonly Row[]): number {
  return rows.filter(({ nics, excluded }) => nics !== null || excluded !== null).length;
}

export function failedCount(rows: readonly Row[]): number {
  return rows.filter(({ end, skipped }) => end !== null && !skipped && countsAsFailed(end.outcome)).length;
}

/** Failed and busy servers; a person has said of none of them to leave it. */
export function againCount(rows: readonly Row[]): number {
  return rows.filter(isTakenUpAgain).length;
}

export function isTakenUpAgain({ end, skipped, undo }: Row): boolean {
  return end !== null && !skipped && undo === null && isRetried(end);
}

/** A person wants it put back: it is, once it is at rest, or never begins. What could not be put back is tried again. */
export function wantBack(row: Row, who: ByWhom): void {
  if (row.excluded !== null) return;
  if (!isBegun(row)) row.skipped = true;
  // It may go back this very moment.
  else if (row.undo?.isOpen !== true) row.undo = { who, isOpen: true };
}

export function isBegun(row: Row): boolean {
  return row.running || row.end !== null || hasTaken(row);
}

/** It is at rest, and not all that was taken off is back. */
export function isOwedBack(row: Row): boolean {
  return !row.running && row.undo?.isOpen === true && hasTaken(row);
}

function hasTaken({ document }: Row): boolean {
  return document !== null && takenOff(document).length > 0;
}

/** Servers that are back, or could not be put back wholly. */
export function triedCount(rows: readonly Row[]): number {
  const isBack = ({ end }: Row) => end?.outcome === 'restored' || end?.outcome === 'recreated';
  return rows.filter(
    (row) => row.undo?.isOpen === false && (isBack(row) || row.end?.outcome === 'restore-incomplete'),
  ).length;
}

/** Servers that are to be put back, and are not yet. */
export function toUndoCount(rows: readonly Row[]): number {
  return rows.filter((row) => isOwedBack(row) || (row.running && row.undo?.isOpen === true)).length;
}

export function countsOf(rows: readonly Row[]): Partial<Record<ServerOutcome, number>> {
  const counts: Partial<Record<ServerOutcome, number>> = {};
  for (const { end } of rows) if (end !== null) counts[end.outcome] = (counts[end.outcome] ?? 0) + 1;
  return counts;
}

export function failuresOf(rows: readonly Row[]): FailedServer[] {
  return rows
    .flatMap(({ listed, end }) =>
      end !== null && countsAsFailed(end.outcome)
        ? [{ serverId: listed.serverId, errorCode: end.errorCode, message: end.message }]
        : [],
    )
    .slice(0, TOLD_FAILURES);
}

export function end(row: Row, how: ServerEnd): void {
  row.running = false;
  // Left alone this time, it is still what the last time has made of it.
  const isBefore = how.outcome === 'untouched' && row.before !== null;
  const { outcome, errorCode } = isBefore && row.before !== null ? row.before : how;
  const message = isBefore
    ? `${row.before?.message ?? outcome}; taken up again: ${how.message ?? ''}`
    : how.message;
  row.end = { outcome, errorCode, message: message?.slice(0, MESSAGE_MAX) ?? null };
}

export function planNewsOf(rows: readonly Row[]): PlanNews {
  const servers = planned(rows);
  const nics = servers.flatMap((row) => row.nics);
  const byGrade: Partial<Record<RestoreGrade, number>> = {};
  for (const { restore } of nics) byGrade[restore] = (byGrade[restore] ?? 0) + 1;
  return {
    servers: servers.length,
    nics: nics.length,
    elasticIps: nics.filter(({ elasticIp }) => elasticIp !== null).length,
    byGrade,
    excluded: rows.flatMap(({ excluded }) => excluded ?? []),
    digests: digestsOf(rows),
  };
}

/** Of the page's part of the plan, as its run computes it. */
export function planDigestOf(rows: readonly Row[]): string {
  return digestOfPage(digestsOf(rows));
}

function digestsOf(rows: readonly Row[]): string[] {
  return planned(rows).map(({ listed, nics }) => digestOfServer({ serverId: listed.serverId, nics }));
}

export function pagePlanOf(run: string, page: number, rows: readonly Row[]): PagePlan {
  return {
    run,
    page,
    servers: planned(rows).map(({ listed, name, nics }) => ({
      serverId: listed.serverId,
      serverName: name,
      nics,
    })),
    excluded: rows.flatMap(({ excluded }) => excluded ?? []),
  };
}

export function reportOf(run: string, page: number, state: PageState, rows: readonly Row[]): PageReport {
  return { run, page, state, servers: bounded(rows.map(lineOf)) };
}

export function lineOf(row: Row): ReportServer {
  const { listed, name, end: how, document, excluded } = row;
  const line = { serverId: listed.serverId, serverName: name };
  const rest = {
    nics:
      document !== null
        ? document.nics.map((nic) => reportNic(nic, document))
        : (row.nics ?? addressesOf(row)).map((nic) => ({
            ...untouched(nic),
            // Of a run under way nothing is known yet: it may have sent its deletion.
            ...(how?.outcome === 'unknown' || row.running ? { outcome: 'unknown' as const } : {}),
          })),
  };
  const known = new Set(rest.nics.map(({ id }) => id));
  for (const id of row.absent)
    if (!known.has(id)) rest.nics.push({ ...untouched({ id }), outcome: 'already-absent' });
  if (how !== null && !row.running) return { ...line, ...how, ...rest };
  if (excluded !== null) {
    const nothing = excluded.code === 'NothingToDo';
    return {
      ...line,
      outcome: nothing ? 'nothing-to-do' : 'untouched',
      errorCode: nothing ? null : excluded.code,
      message: excluded.reason,
      nics: nothing ? rest.nics.map((nic) => ({ ...nic, outcome: 'already-absent' as const })) : rest.nics,
    };
  }
  return { ...line, outcome: row.running ? 'running' : 'waiting', errorCode: null, message: null, ...rest };
}

/** Of the listed NICs, as far as an inspection has told them. */
function addressesOf({ listed: { nics }, seen }: Row): readonly { id: string }[] {
  return nics === 'all' ? seen : nics.map((nic) => seen.find(({ id }) => id === nic.id) ?? nic);
}

function untouched(nic: {
  id: string;
  ip?: string | null;
  mac?: string | null;
  restore?: RestoreGrade;
}): ReportNic {
  const { id, ip = null, mac = null, restore = 'no' } = nic;
  return {
    ...{ id, ip, mac, restore },
    outcome: 'untouched',
    errorCode: null,
    message: null,
    jobId: null,
    requestId: null,
  };
}

/** Of servers that never began, when nothing more is started. */
export function neverBegun(why: 'skipped' | 'aborted' | 'undone'): ServerEnd {
  return why === 'skipped'
    ? { outcome: 'untouched', errorCode: LEFT_ALONE.skipped, message: 'a person has said to leave it' }
    : { outcome: 'untouched', errorCode: LEFT_ALONE.aborted, message: `the run was ${why} before its turn` };
}
