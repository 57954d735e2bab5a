/** What readings of the NIC list say about each NIC that is to go, taken together. */
import type { PortState, Reading } from '../../../activities/agreement';
import type { ResultDocument } from '../../../contract/types';
import { rowOf } from './rows';

/** Readings further apart than planned by more than this don't belong to one series. */
const SERIES_SLACK_MS = 15_000;

/** What the cloud has said about one NIC that is to go. */
export interface Witness {
  id: string;
  /** Readings in a row, all of one unbroken series. */
  absent: number;
  present: number;
  port: PortState | null;
}

/** How far the establishing of verdicts has come. */
export interface Verification {
  /** NICs without a verdict. */
  open: string[];
  startedAt: number;
  look: number;
  /** Pause before this look, in ms. */
  gapMs: number;
  /** Series of readings that began when patience was over, and were given a second one. */
  begunLate?: number;
}

export interface Seen {
  witnesses: Witness[];
  primaryId: string | null;
  /** `first`: no series led up to it, or the one that did was broken. */
  lastReading: { at: number; first?: boolean } | null;
  verification: Verification | null;
  /** Of `nics: "all"`: those that the first complete inspection has found. */
  all: string[] | null;
}

export function freshSeen(): Seen {
  return { witnesses: [], primaryId: null, lastReading: null, verification: null, all: null };
}

interface State {
  document: ResultDocument;
  seen: Seen;
}

/** From here on readings tell of these. */
export function watch({ seen }: Pick<State, 'seen'>, ids: readonly string[]): void {
  seen.witnesses = ids.map((id) => ({ id, absent: 0, present: 0, port: null }));
}

/** NICs that may still be on the server: not yet seen absent twice. */
export function remaining({ seen }: Pick<State, 'seen'>): string[] {
  return seen.witnesses.filter(({ absent }) => absent < 2).map(({ id }) => id);
}

/**
 * Takes a reading into account. `false`: it proves nothing, since the list does not name the primary NIC.
 * @param plannedGapMs how long after the reading before it was meant to be made
 */
export function note({ document, seen }: State, reading: Reading, plannedGapMs: number): boolean {
  if (reading.serverExists && (seen.primaryId === null || !reading.listed.includes(seen.primaryId)))
    return false;
  const before = seen.lastReading;
  // A reading from before a restart, or long ago, does not count towards this one (docs/contract.md §6.8).
  const unbroken =
    before !== null &&
    reading.workerStartedAt <= before.at &&
    reading.at - before.at <= plannedGapMs + SERIES_SLACK_MS;
  seen.lastReading = { at: reading.at, first: !unbroken };
  for (const witness of seen.witnesses) {
    const listed = reading.serverExists && reading.listed.includes(witness.id);
    // Absence needs no patience, and what is gone stays gone: two readings in a row, however far apart.
    witness.absent = listed ? 0 : witness.absent + 1;
    witness.present = listed ? (unbroken ? witness.present : 0) + 1 : 0;
    const port = reading.ports[witness.id];
    if (port !== undefined) witness.port = port;
    const { evidence } = rowOf(document, witness.id);
    evidence.list = listed ? 'present' : 'absent';
    if (witness.port !== null) evidence.port = witness.port.state;
  }
  return true;
}

/** Ports known to be gone need no second look: ids are never used again. */
export function portsToLookUp({ seen }: Pick<State, 'seen'>): string[] {
  return seen.witnesses.filter(({ port }) => port?.state !== 'absent').map(({ id }) => id);
}

/** A series of readings starts anew: what was seen before a submission says nothing about what came of it. */
export function forgetReadings({ seen }: Pick<State, 'seen'>): void {
  seen.lastReading = null;
  for (const witness of seen.witnesses) {
    witness.absent = 0;
    witness.present = 0;
  }
}

/** Verdicts are established of all watched NICs; a run that continues another one goes on where that one was. */
export function openVerification({ seen }: Pick<State, 'seen'>): Verification {
  seen.verification ??= {
    open: seen.witnesses.map(({ id }) => id),
    startedAt: Date.now(),
    look: 1,
    gapMs: 0,
  };
  return seen.verification;
}

/** Verdicts are established anew of these, as soon as somebody looks again. */
export function reopen({ seen }: Pick<State, 'seen'>, open: string[]): void {
  if (seen.verification !== null)
    Object.assign(seen.verification, { open, look: 1, gapMs: 0, startedAt: Date.now() });
}
