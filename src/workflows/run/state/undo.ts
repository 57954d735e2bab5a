/** The way back: what the run has changed and holds, and how far undo, commit and putting back have come. */
import type { FailureType } from '../../../contract/names';
import type { Change, PutBack } from '../../policy/undo-log';

export interface Undo {
  /** The inverse of every change that may have to be taken back, written down before the change is made. */
  log: Change[];
  /** NICs whose ports this run has set to be kept, confirmed by a read. */
  kept: string[];
  /** The time for an undo is over, or nobody was given any. */
  windowClosed: boolean;
  /** Kept ports are being deleted. */
  committing: boolean;
  /** Kept ports that a commit has left alone; of these, what says to be on the server again. */
  left: string[];
  returned: string[];
  /** Rounds in which a commit has looked at these. */
  rounds: number;
  /** How the run fails once it has kept its promise about what it holds. */
  refusedAs: { type: FailureType; message: string } | null;
  putBack: PutBack | null;
  /** Patience was given for a job that has to end before anything is put back: once, however often the run is handed on. */
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

/** Their ports outlive them, since this run has seen to it. */
export function keep({ undo }: State, ids: readonly string[]): void {
  undo.kept.push(...ids.filter((id) => !undo.kept.includes(id)));
}

/** Their ports are not kept by this run (any more). */
export function release({ undo }: State, ids: readonly string[]): void {
  undo.kept = undo.kept.filter((id) => !ids.includes(id));
}

/** From here on nothing can be undone: by a commit, a cancellation, or the window's end. */
export function closeWindow({ undo }: State): void {
  undo.windowClosed = true;
}
