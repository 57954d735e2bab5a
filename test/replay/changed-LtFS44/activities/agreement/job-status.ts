/** One poll of a job. */
import type { Placed } from './every-call';
import type { Throttled } from './failures';
import type { ListNicsInput, Reading } from './reads';

export interface GetJobStatusInput extends Placed {
  jobId: string;
  /** NICs whose sub-jobs are wanted; absent: all. */
  nicIds?: string[];
  /** If the job has ended, read the NIC list in the same attempt: the verdicts need it soon. */
  thenList?: ListNicsInput;
}

/** The cloud's words for a job that has ended. Any other word, also an unknown one, means that it still runs. */
export const ENDED_STATUSES: ReadonlySet<string> = new Set(['SUCCESS', 'FAIL']);

export interface SubJob {
  nicId: string | null;
  status: string;
  errorCode: string | null;
  message: string | null;
}

export interface JobAnswer {
  kind: 'job';
  /** The cloud's own word, see {@link ENDED_STATUSES}. */
  status: string;
  /** RFC 3339, from the job itself; `null` when it is unreadable, `endedAt` also while it runs. */
  beganAt: string | null;
  endedAt: string | null;
  errorCode: string | null;
  message: string | null;
  subJobs: SubJob[];
}

export type GetJobStatusResult =
  | (JobAnswer & {
      /** `null`: the job runs, no reading was asked for, or the list could not be read. */
      reading: Reading | null;
      /** How long the cloud asks to wait before the next list, in ms. */
      listAfterMs: number;
    })
  /** The cloud does not know the job (any more). */
  | { kind: 'gone'; code: string | null }
  | Throttled;
