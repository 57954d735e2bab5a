/** How a run ends. */
import type { ApplicationFailure } from '@temporalio/workflow';
import type { FailureType } from '../../contract/names';

/** Thrown by a step that knows how the run ends. It skips all later steps. */
export class RunEnd extends Error {
  private constructor(
    /** `null`: an undo was asked for before anything was sent. */
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

/** How a run ended, for the callers that wait for it. */
export interface Ending {
  /** `null`: the run completed or was cancelled, and the document says all. */
  failure: ApplicationFailure | null;
  /** Every NIC has its verdict, even if the run failed. */
  settled: boolean;
}
