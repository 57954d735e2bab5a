/** What the readings of the NIC list, taken together, say about each NIC that is to be deleted. */
import type { PortState, Reading } from '../../../activities/agreement';
import type { ResultDocument } from '../../../contract/types';
import { rowOf } from './rows';

/** A gap between two readings may exceed the planned one by this much. Beyond that they belong to different series. */
const SERIES_SLACK_MS = 15_000;

/** What the readings say about one NIC. */
export interface Witness {
  id: string;
  /** Readings in a row. Those that list the NIC also belong to one series; absence may be seen at any distance. */
  absent: number;
  present: number;
  port: PortState | null;
  /** The last answer about ports lacked this one. It is gone if the next answer lacks it, too. */
  missing?: boolean;
}

/** Progress of establishing verdicts. */
export interface Verification {
  /** NICs without a verdict. */
  open: string[];
  startedAt: number;
  look: number;
  /** Pause before this look, in ms. */
  gapMs: number;
  /** Number of series that began after the patience was over, and therefore got one more look. */
  begunLate?: number;
}

export interface Seen {
  witnesses: Witness[];
  primaryId: string | null;
  /** `first`: this reading begins a series. */
  lastReading: { at: number; first?: boolean } | null;
  verification: Verification | null;
  /** For `nics: "all"`: the NICs that the first complete inspection found. */
  all: string[] | null;
}

export function freshSeen(): Seen {
  return { witnesses: [], primaryId: null, lastReading: null, verification: null, all: null };
}

interface State {
  document: ResultDocument;
  seen: Seen;
}

/** The NICs that readings are about from here on. */
export function watch({ seen }: Pick<State, 'seen'>, ids: readonly string[]): void {
  seen.witnesses = ids.map((id) => ({ id, absent: 0, present: 0, port: null }));
}

/** NICs that may still be on the server: not yet absent in two readings in a row. */
export function remaining({ seen }: Pick<State, 'seen'>): string[] {
  return seen.witnesses.filter(({ absent }) => absent < 2).map(({ id }) => id);
}

/**
 * Takes a reading into account. `false`: it proves nothing, since the list does not name the primary NIC.
 * @param plannedGapMs planned time since the previous reading
 */
export function note({ document, seen }: State, reading: Reading, plannedGapMs: number): boolean {
  if (reading.serverExists && (seen.primaryId === null || !reading.listed.includes(seen.primaryId)))
    return false;
  const before = seen.lastReading;
  // A reading from before a restart of the worker, or from long ago, does not count (docs/contract.md §6.8).
  const unbroken =
    before !== null &&
    reading.workerStartedAt <= before.at &&
    reading.at - before.at <= plannedGapMs + SERIES_SLACK_MS;
  seen.lastReading = { at: reading.at, first: !unbroken };
  for (const witness of seen.witnesses) {
    const listed = reading.serverExists && reading.listed.includes(witness.id);
    // A NIC that is gone stays gone. So two readings in a row prove absence, at any distance and in any series.
    witness.absent = listed ? 0 : witness.absent + 1;
    witness.present = listed ? (unbroken ? witness.present : 0) + 1 : 0;
    const port = reading.ports[witness.id];
    if (port !== undefined) witness.port = port;
    witness.missing = reading.missing?.includes(witness.id) === true;
    if (witness.missing) witness.port = null;
    const { evidence, outcome } = rowOf(document, witness.id);
    // A list that shows a NIC whose port is gone lags behind.
    if (outcome !== 'deleted') evidence.list = listed ? 'present' : 'absent';
    if (witness.port !== null) evidence.port = witness.port.state;
  }
  return true;
}

/**
 * What the next reading has to look up. A port that is known to be gone needs no further look: the cloud never uses an id
 * again.
 * @param later ports that are looked at again before they are deleted: one that was free when the list lacked its NIC for
 *   the first time need not be looked at by the second list, too
 */
export function portsToLookUp(
  { seen }: Pick<State, 'seen'>,
  later: readonly string[] = [],
): { ports: string[]; primaryId: string | null; missing?: string[] } {
  const isKept = ({ id, absent, port }: Witness) =>
    absent === 1 && port?.state === 'free' && later.includes(id);
  const ids = (witnesses: Witness[]) => witnesses.map(({ id }) => id);
  return {
    ports: ids(seen.witnesses.filter((each) => each.port?.state !== 'absent' && !isKept(each))),
    primaryId: seen.primaryId,
    ...(seen.lastReading !== null && { missing: ids(seen.witnesses.filter(({ missing }) => missing)) }),
  };
}

/** Begins a new series: readings from before a submission say nothing about what came of it. */
export function forgetReadings({ seen }: Pick<State, 'seen'>): void {
  seen.lastReading = null;
  for (const witness of seen.witnesses) {
    witness.absent = 0;
    witness.present = 0;
  }
}

/** Begins to establish the verdicts of all watched NICs, or continues what the previous run of the chain began. */
export function openVerification({ seen }: Pick<State, 'seen'>): Verification {
  seen.verification ??= {
    open: seen.witnesses.map(({ id }) => id),
    startedAt: Date.now(),
    look: 1,
    gapMs: 0,
  };
  return seen.verification;
}

/** The verdicts of these NICs are established anew, from the next look on. */
export function reopen({ seen }: Pick<State, 'seen'>, open: string[]): void {
  if (seen.verification !== null)
    Object.assign(seen.verification, { open, look: 1, gapMs: 0, startedAt: Date.now() });
}
