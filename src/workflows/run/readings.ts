/** What readings of the NIC list say about each NIC, taken together. */
import type { Reading } from '../../activities/agreement/agreement';
import type { Run } from './run';

/** Readings further apart than planned by more than this don't belong to one series. */
const SERIES_SLACK_MS = 15_000;

/**
 * Takes a reading into account. `false`: it proves nothing, since the list does not name the primary NIC.
 * @param plannedGapMs how long after the reading before it was meant to be made
 */
export function note(run: Run, reading: Reading, plannedGapMs: number): boolean {
  if (reading.serverExists && (run.state.primaryId === null || !reading.listed.includes(run.state.primaryId)))
    return false;
  const before = run.state.lastReading;
  // A reading from before a restart, or long ago, lends no patience to this one (docs/contract.md §6.8).
  const unbroken =
    before !== null &&
    reading.workerStartedAt <= before.at &&
    reading.at - before.at <= plannedGapMs + SERIES_SLACK_MS;
  run.state.lastReading = { at: reading.at, first: !unbroken };
  for (const witness of run.state.witnesses) {
    const listed = reading.serverExists && reading.listed.includes(witness.id);
    // Absence needs no patience, and what is gone stays gone: two readings in a row, however far apart.
    witness.absent = listed ? 0 : witness.absent + 1;
    witness.present = listed ? (unbroken ? witness.present : 0) + 1 : 0;
    const port = reading.ports[witness.id];
    if (port !== undefined) witness.port = port;
    const { evidence } = run.row(witness.id);
    evidence.list = listed ? 'present' : 'absent';
    if (witness.port !== null) evidence.port = witness.port.state;
  }
  return true;
}

/** Ports known to be gone need no second look: ids are never used again. */
export function portsToLookUp(run: Run): string[] {
  return run.state.witnesses.filter(({ port }) => port?.state !== 'absent').map(({ id }) => id);
}

/** A series of readings starts anew: what was seen before a submission says nothing about what came of it. */
export function forgetReadings(run: Run): void {
  run.state.lastReading = null;
  for (const witness of run.state.witnesses) {
    witness.absent = 0;
    witness.present = 0;
  }
}
