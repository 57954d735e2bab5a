/** What a play on the little server is made of. */
import type { Payload } from '@temporalio/common';
import type { Body } from './execution';
import type { StartRecord } from './record';
import type { Trouble } from './trouble';

export interface FleetOptions {
  seed: number;
  trouble: Trouble;
  /** After so many workflow tasks of a run the server suggests to continue as new. */
  continueAfter: number;
  /** What carries out a run instead of the workflow of that type; `null`: the workflow does. */
  standIn: (start: StartRecord) => Body | null;
}

/** Somebody asks for a run. */
export interface Request {
  workflowId: string;
  type: string;
  input: Payload[];
}
