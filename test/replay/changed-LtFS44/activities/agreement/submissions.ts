/** Activities that start a job of the cloud. */
import type { Effect, Unsent } from './effects';
import type { Throttled } from './failures';
import type { Pace } from './pace';

export interface DeleteNicsInput extends Effect {
  nicIds: string[];
  /**
   * NICs whose ports must outlive them: their flags are read just before the POST, which needs all of them to be false.
   */
  keep?: string[];
}

export interface AttachNicsInput extends Effect {
  /** Free ports, in the order in which the server gets them. */
  portIds: string[];
}

/** What is known of the fate of a POST that starts a job. */
export type SubmissionResult =
  | ({
      kind: 'accepted';
      jobId: string;
      requestId: string | null;
      /** RFC 3339. */
      submittedAt: string;
    } & Pace)
  | {
      kind: 'refused';
      code: string | null;
      httpStatus: number | null;
      requestId: string | null;
      message: string;
      hint: string;
      /**
       * `busy`: another command runs; `state`: wait for a server state; `observe`: look at the NICs, then decide;
       * `never`: final; `credentials`: final, and no further try.
       */
      next: 'busy' | 'state' | 'observe' | 'never' | 'credentials';
    }
  | (Throttled & {
      /** 202 with an error body: look before sending again. */
      look: boolean;
    })
  | { kind: 'unknown'; why: string; code: string | null; httpStatus: number | null; requestId: string | null }
  | Unsent;

/** `unkept`: not sent. The ports of these NICs must be kept, but the NIC list does not show their flags as false. */
export type DeleteNicsResult = SubmissionResult | { kind: 'unkept'; nicIds: string[] };
