/** What every activity may answer instead of its result, or fail with. */

export const ACTIVITY_FAILURE = {
  /** No usable answer (network, 5xx, a firewall's page, an unreadable body): retried, then looped over on a timer. */
  unavailable: 'CloudUnavailable',
  /** 401, or 403 with a cloud code: never retried by the engine. */
  credentials: 'CredentialsRefused',
  /** A definite no to a read (bad request, wrong project, no such API): never retried. */
  refused: 'ReadRefused',
  /** The worker serves another place than the run is meant for; the run asks again, until the right one takes it. */
  wrongPlace: 'WrongPlace',
} as const;

/** Pause after refused credentials: five bad signatures lock a key for five minutes (docs/cloud-api.md §5.2). */
export const HOLD_MS = 60_000;

/** `details[0]` of every activity failure above. */
export interface CloudFailureDetails {
  httpStatus: number | null;
  code: string | null;
  requestId: string | null;
  hint: string;
}

/** The cloud asked for patience; the workflow waits on a timer, since an effect has no retry to delay. */
export interface Throttled {
  kind: 'throttled';
  /** From the answer, or `null`: back off. */
  retryAfterMs: number | null;
  code: string | null;
  requestId: string | null;
}

/** A certain no. */
export interface Refused {
  code: string | null;
  message: string;
  hint: string;
}
