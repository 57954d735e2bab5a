/** Thrown by a step that knows how the run ends. Steps after it have nothing to do. */
import type { FailureType } from '../../contract/names';

export class RunEnd extends Error {
  private constructor(
    /** `null`: by an undo that was asked for before anything was sent. */
    readonly type: FailureType | null,
    message: string,
  ) {
    super(message);
  }

  static undone(): RunEnd {
    return new RunEnd(null, 'undone before anything was sent');
  }

  static failed(type: FailureType, message: string): RunEnd {
    return new RunEnd(type, message);
  }
}
