/** Thrown by a step that knows how the run ends. Steps after it have nothing to do. */
import type { FailureType } from '../contract/names';

export class RunEnd extends Error {
  private constructor(
    readonly type: FailureType,
    message: string,
  ) {
    super(message);
  }

  static failed(type: FailureType, message: string): RunEnd {
    return new RunEnd(type, message);
  }
}
