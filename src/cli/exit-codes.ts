/** The starter's exit codes, and how the end of a run maps to one of them. */
import type { NicOutcome, NicRow, ResultDocument } from '../contract';
import { FAILURE_TYPE } from '../contract';
import type { Ending } from '../client/ending';

export const EXIT = {
  done: 0,
  /** The starter failed: Temporal not reachable, no worker, internal error. */
  starterFailed: 1,
  badInput: 2,
  notDeleted: 3,
  refused: 4,
  putBack: 5,
  needsPerson: 6,
  cancelled: 7,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_FAILURE: Record<string, ExitCode> = {
  [FAILURE_TYPE.invalidInput]: EXIT.badInput,
  [FAILURE_TYPE.refused]: EXIT.refused,
  [FAILURE_TYPE.cloudRefused]: EXIT.refused,
  [FAILURE_TYPE.notDeleted]: EXIT.notDeleted,
  [FAILURE_TYPE.rolledBack]: EXIT.putBack,
  [FAILURE_TYPE.restoreIncomplete]: EXIT.needsPerson,
  [FAILURE_TYPE.outcomeUnknown]: EXIT.needsPerson,
};

export function exitCodeOf(ending: Ending): ExitCode {
  switch (ending.kind) {
    case 'completed':
      return EXIT.done;
    case 'failed':
      // An unknown failure type says nothing about the NICs, so a person has to look.
      return BY_FAILURE[ending.type] ?? EXIT.needsPerson;
    case 'cancelled':
      return ending.document?.nics.some(isLeftToPerson) ? EXIT.needsPerson : ofCancelled(ending.counts);
    case 'ended-from-outside':
      // Terminated or timed out: a deletion may have been under way, and no run observed its end.
      return EXIT.needsPerson;
  }
}

/** For a run whose verdicts stand and that continues: an undo window is open. */
export function exitCodeInWindow({ outcome }: ResultDocument): ExitCode {
  const failure = Object.keys(BY_FAILURE).find((type) => kebab(type) === outcome);
  return failure === undefined ? EXIT.done : (BY_FAILURE[failure] ?? EXIT.needsPerson);
}

/** Writes a failure type like an outcome of a failed run. */
function kebab(type: string): string {
  return type.replace(/(?!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}

/** The run could not put the NIC back, and tells a person how to do it. */
function isLeftToPerson({ outcome, remedy }: NicRow): boolean {
  return Boolean(remedy) && outcome !== 'restored' && outcome !== 'recreated';
}

function ofCancelled(counts: Partial<Record<NicOutcome, number>> | null): ExitCode {
  if (counts === null) return EXIT.needsPerson;
  const count = (outcome: NicOutcome) => counts[outcome] ?? 0;
  if (count('unknown') > 0) return EXIT.needsPerson;
  const putBack = count('restored') + count('recreated');
  const gone = count('deleted') + count('detached');
  // A restore stops half-way only at something that it could not do.
  if (putBack > 0 && gone > 0) return EXIT.needsPerson;
  return putBack > 0 ? EXIT.putBack : EXIT.cancelled;
}
