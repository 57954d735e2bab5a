/** From the verdicts of the NICs to the end of the run: pure, in the order of docs/contract.md §4.1. */
import type { FailureType } from '../../contract/names';
import { FAILURE_TYPE } from '../../contract/names';
import type { NicOutcome, NicRow, ResultDocument, ResultTotals, RunOutcome } from '../../contract/types';
import type { PutBack } from './undo-log';

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

/** The end of a deletion run, which may have put NICs back. */
export function endOfDeletion(rows: NicRow[], back: PutBack | null, cancelled: boolean): End {
  if (back?.incomplete === true) return failedAs(FAILURE_TYPE.restoreIncomplete);
  const asked = back?.reason === 'undo';
  if (asked || back?.reason === 'failure') {
    // Even if the other NICs are back: a NIC without a verdict may still be deleted.
    if (rows.some(({ outcome }) => outcome === 'unknown')) return failedAs(FAILURE_TYPE.outcomeUnknown);
    return asked ? { outcome: 'undone', failed: null } : failedAs(FAILURE_TYPE.rolledBack);
  }
  return cancelled ? { outcome: 'cancelled', failed: null } : endOf(rows);
}

/**
 * The end of a run that was refused after another actor had taken off NICs whose ports it held. The message says so,
 * since `Refused` and `CloudRefused` promise that nothing was changed. `null`: no row is `untouched`, so nothing is
 * left to refuse.
 */
export function endOfRest(
  rows: NicRow[],
  { type, message }: { type: FailureType; message: string },
): { type: FailureType; message: string } | null {
  const isOff = ({ outcome }: NicRow) => outcome === 'deleted' || outcome === 'detached';
  const off = rows.filter(isOff);
  if (!rows.some(({ outcome }) => outcome === 'untouched')) return null;
  const told = off.map(({ id, outcome }) => `NIC ${id}, which somebody else took off, is ${outcome}`);
  const isChanged = off.some(({ outcome }) => outcome === 'deleted');
  return {
    type: isChanged ? FAILURE_TYPE.notDeleted : type,
    message: [
      off.length === 0 ? message : message.replace(/^nothing was changed/, 'nothing was sent'),
      ...told,
    ].join('; '),
  };
}

/** The end of a restore. */
export function endOfRestore(rows: NicRow[], back: PutBack | null): End {
  const has = (outcome: NicOutcome) => rows.some((row) => row.outcome === outcome);
  if (back?.incomplete === true || rows.some((row) => row.remedy !== null))
    return failedAs(FAILURE_TYPE.restoreIncomplete);
  if (has('recreated')) return { outcome: 'recreated', failed: null };
  return { outcome: has('restored') ? 'restored' : 'nothing-to-do', failed: null };
}

/** The end of a release. A port that is left is no success: whoever named it wanted it deleted. */
export function endOfRelease(rows: NicRow[], cancelled: boolean): End {
  if (cancelled) return { outcome: 'cancelled', failed: null };
  const { outcome, failed } = endOf(rows);
  const left = rows.filter((row) => row.outcome === 'detached');
  if (failed !== null || left.length === 0) return { outcome, failed };
  if (outcome === 'deleted') return failedAs(FAILURE_TYPE.notDeleted);
  const isRefused = left.every(({ errorCode, remedy }) => errorCode !== null && remedy !== null);
  return failedAs(isRefused ? FAILURE_TYPE.cloudRefused : FAILURE_TYPE.refused);
}

/** As {@link failureMessage}, of a release: what is wrong with a port that is left stands in its row. */
export function releaseMessage(rows: NicRow[], type: FailureType): string {
  if (type === FAILURE_TYPE.outcomeUnknown) return failureMessage(rows, type);
  const left = rows.filter(({ outcome }) => outcome === 'detached' || outcome === 'still-attached');
  const isChanged = type === FAILURE_TYPE.notDeleted && rows.some(({ outcome }) => outcome === 'deleted');
  const said = listOf(left);
  return `${isChanged ? '' : 'nothing was changed: '}the ports of ${left.length} of ${rows.length} NICs were left: ${said}`;
}

function failedAs(type: FailureType): End {
  return { outcome: outcomeOfFailure(type), failed: type };
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

/** One sentence for the failure message. It quotes the cloud's own message where there is one. */
export function failureMessage(rows: NicRow[], type: FailureType): string {
  const { concerned, what, none } = CONCERNED[type] ?? { concerned: () => false, what: type };
  const each = rows.filter(concerned);
  if (each.length === 0 && none !== undefined) return none;
  return `${each.length} of ${rows.length} NICs ${what}: ${listOf(each)}`;
}

function listOf(rows: NicRow[]): string {
  const more = rows.length > 5 ? `, and ${rows.length - 5} more` : '';
  return `${rows.slice(0, 5).map(saying).join(', ')}${more}`;
}

interface Concern {
  concerned: (row: NicRow) => boolean;
  /** Follows "n of m NICs" in the message. */
  what: string;
  /** The message if no row matches any more. */
  none?: string;
}

const CONCERNED: Partial<Record<FailureType, Concern>> = {
  [FAILURE_TYPE.outcomeUnknown]: {
    concerned: ({ outcome }) => outcome === 'unknown',
    what: 'unknown; look at the server before you change anything on it',
  },
  [FAILURE_TYPE.notDeleted]: {
    concerned: ({ outcome }) => outcome === 'still-attached',
    what: 'still attached',
  },
  [FAILURE_TYPE.rolledBack]: {
    concerned: ({ outcome }) => outcome === 'still-attached',
    what: 'not deleted, so everything was put back',
    // The NICs that had stayed were deleted later, or nothing was sent for them.
    none: 'not every NIC was deleted, so the others were put back',
  },
  [FAILURE_TYPE.restoreIncomplete]: {
    concerned: ({ remedy }) => remedy !== null,
    what: 'not put back as they were',
  },
};

function saying({ id, errorCode, message, remedy }: NicRow): string {
  const code = errorCode === null ? '' : ` ${errorCode}`;
  const said = [message, remedy && `by hand: ${remedy}`].filter(Boolean).join('; ');
  return `${id}${code}${said === '' ? '' : ` (${said})`}`;
}
