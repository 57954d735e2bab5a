/** What a server that was run more than once has come to: each run knows its own doings alone. Pure. */
import type { NicRow, ResultDocument } from '../../../contract/types';
import { endOf } from '../outcome';

/** A second run of a server knows nothing of what the first one took off: rows of both are needed for the way back. */
export function merged(before: ResultDocument | null, after: ResultDocument): ResultDocument {
  if (before === null) return after;
  const nics = after.nics.map((row) =>
    mergedRow(
      before.nics.find(({ id }) => id === row.id),
      row,
    ),
  );
  const outcome = after.outcome === 'nothing-to-do' ? endOf(nics).outcome : after.outcome;
  return { ...after, outcome, jobs: [...before.jobs, ...after.jobs], nics };
}

function mergedRow(before: NicRow | undefined, now: NicRow): NicRow {
  if (before === undefined || before.outcome === 'untouched' || before.outcome === 'already-absent')
    return now;
  // The further run has done nothing: what the first one has done stands.
  if (now.outcome === 'untouched') return before;
  if (now.outcome !== 'already-absent') return { ...now, snapshot: before.snapshot ?? now.snapshot };
  if (before.outcome === 'deleted') return before;
  const { port } = now.evidence;
  if (port !== 'absent' && port !== 'free') return before.outcome === 'detached' ? before : now;
  // What the first run had sent has taken it after all, or had taken it before.
  const outcome = port === 'absent' ? 'deleted' : 'detached';
  return { ...before, outcome, evidence: now.evidence, errorCode: null, message: null };
}

/** Of a further run nobody knows what it has done; what was gone before it is gone. */
export function doubted(document: ResultDocument): ResultDocument {
  const nics = document.nics.map((row) =>
    row.outcome === 'deleted' || row.outcome === 'detached' ? row : { ...row, outcome: 'unknown' as const },
  );
  return { ...document, nics };
}
