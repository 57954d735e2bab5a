/** From the verdicts of the NICs to the end of the run: pure, in the order that interface.md §3 fixes. */
import type { FailureType } from '../contract/names';
import { FAILURE_TYPE } from '../contract/names';
import type { NicRow, ResultDocument, ResultTotals, RunOutcome } from '../contract/types';

/** `failed: null`: the run completes. */
export interface End {
  outcome: RunOutcome;
  failed: FailureType | null;
}

export function endOf(rows: NicRow[]): End {
  const has = (outcome: NicRow['outcome']) => rows.some((row) => row.outcome === outcome);
  if (has('unknown')) return { outcome: 'outcome-unknown', failed: FAILURE_TYPE.outcomeUnknown };
  if (has('still-attached')) return { outcome: 'not-deleted', failed: FAILURE_TYPE.notDeleted };
  if (has('deleted')) return { outcome: 'deleted', failed: null };
  if (has('detached')) return { outcome: 'detached', failed: null };
  return { outcome: 'nothing-to-do', failed: null };
}

/** A failed run's outcome: its failure type in kebab-case. */
export function outcomeOfFailure(type: FailureType): RunOutcome {
  return type.replace(/(?!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase() as RunOutcome;
}

export function totalsOf(document: ResultDocument): ResultTotals {
  const counts: ResultTotals['counts'] = {};
  for (const { outcome } of document.nics) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return { outcome: document.outcome, counts, submissions: document.submissions };
}

/** One sentence for the failure message, with the cloud's own words where there are any. */
export function failureMessage(rows: NicRow[], type: FailureType): string {
  const concerned = rows.filter((row) =>
    type === FAILURE_TYPE.outcomeUnknown ? row.outcome === 'unknown' : row.outcome === 'still-attached',
  );
  const what =
    type === FAILURE_TYPE.outcomeUnknown
      ? 'could not be established; look at the server before anything else is done to it'
      : 'still attached';
  const each = concerned
    .slice(0, 5)
    .map(
      (row) =>
        `${row.id}${row.errorCode ? ` ${row.errorCode}` : ''}${row.message ? ` (${row.message})` : ''}`,
    );
  const more = concerned.length > 5 ? `, and ${concerned.length - 5} more` : '';
  return `${concerned.length} of ${rows.length} NICs ${what}: ${each.join(', ')}${more}`;
}
