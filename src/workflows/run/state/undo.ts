/** The way back: what the run has changed and holds, and the progress of undo, commit and putting back. */
import type { FailureType } from '../../../contract/names';
import type { NicRow } from '../../../contract/types';
import type { Change, PutBack } from '../../policy/undo-log';

export interface Undo {
  /** The inverse of every change that may have to be reversed, noted before the change is made. */
  log: Change[];
  /** NICs whose flag this run has set to false. The deletion that takes them off has proved it (docs/decisions/0017). */
  kept: string[];
  /** The time for an undo is over, or the request gave none. */
  windowClosed: boolean;
  /** The run is deleting held ports. */
  committing: boolean;
  /** `left`: ports that a commit leaves alone. `returned`: those of them that say they are on the server again. */
  left: string[];
  returned: string[];
  /** How often a commit found one of these free again, and began another round. */
  rounds: number;
  /** How the run fails after it has kept its promise about what it holds. */
  refusedAs: { type: FailureType; message: string } | null;
  putBack: PutBack | null;
  /** The run has set a deadline for the job that must end before anything is put back: once per chain. */
  restAwaited: boolean;
}

export function freshUndo(): Undo {
  return {
    log: [],
    kept: [],
    windowClosed: false,
    committing: false,
    left: [],
    returned: [],
    rounds: 0,
    refusedAs: null,
    putBack: null,
    restAwaited: false,
  };
}

interface State {
  undo: Undo;
}

/** The ports of these NICs outlive them, because this run has set the flag. */
export function keep({ undo }: State, ids: readonly string[]): void {
  undo.kept.push(...ids.filter((id) => !undo.kept.includes(id)));
}

/** The ports of these NICs are not kept by this run, or not any more. */
export function release({ undo }: State, ids: readonly string[]): void {
  undo.kept = undo.kept.filter((id) => !ids.includes(id));
}

/** From here on nothing can be undone: after a commit, a cancellation, or the end of the window. */
export function closeWindow({ undo }: State): void {
  undo.windowClosed = true;
}

/** The NIC is off the server, whichever actor took it off, and its port exists because this run has kept it. */
export function isHeld({ undo }: State, { id, outcome }: NicRow): boolean {
  return outcome === 'detached' && undo.kept.includes(id);
}
