/** What the undo of a decommission run brings back, and what a server has come to after it. Pure. */
import type { NicRow, ResultDocument } from '../../../contract/types';

/** NICs that a server's run has taken off, or may have. */
export function takenOff({ nics }: ResultDocument): NicRow[] {
  return nics.filter(
    ({ outcome, snapshot }) =>
      snapshot !== null && (outcome === 'detached' || outcome === 'deleted' || outcome === 'unknown'),
  );
}

/** Nobody knows what a restore has done that was ended from outside. */
export function inDoubt(document: ResultDocument): ResultDocument {
  const off = takenOff(document);
  return {
    ...document,
    nics: document.nics.map((row) => (off.includes(row) ? { ...row, outcome: 'unknown' as const } : row)),
  };
}

/** Rows of the deletion, where the restore has nothing else to say of them; the snapshots are those from before the deletion. */
export function broughtBack(before: ResultDocument, restore: ResultDocument): ResultDocument {
  const nics = before.nics.map((row) => {
    const now = restore.nics.find(({ id }) => id === row.id);
    if (now === undefined) return row;
    const isBack = now.outcome === 'restored' || now.outcome === 'recreated';
    if (isBack) return { ...now, snapshot: row.snapshot };
    const { evidence, errorCode, message, remedy, replacedBy } = now;
    const outcome = now.outcome === 'unknown' ? now.outcome : row.outcome;
    const seen = { ...row, outcome, evidence, errorCode, message, remedy, replacedBy };
    // It was there already: it never went, or somebody else has put it back, perhaps by another port.
    if (now.outcome !== 'untouched' || remedy !== null) return seen;
    if (replacedBy !== null) return { ...seen, outcome: 'recreated' as const };
    return evidence.list === 'present' ? { ...seen, outcome: 'restored' as const } : seen;
  });
  return { ...before, nics, jobs: [...before.jobs, ...restore.jobs] };
}
