/** Thrown by a step that knows how the run ends. Steps after it have nothing to do. */
import type { FailureType } from '../contract/names';

export class RunEnd extends Error {
  private constructor(
    readonly type: FailureType,
    message: string,
    readonly code: string | null,
  ) {
    super(message);
  }

  /** @param code the cloud's error code, when the cloud said no */
  static failed(type: FailureType, message: string, code: string | null = null): RunEnd {
    return new RunEnd(type, message, code);
  }
}
