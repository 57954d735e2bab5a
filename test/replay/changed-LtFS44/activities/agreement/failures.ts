/** What every activity may return instead of its result, or fail with. */

export const ACTIVITY_FAILURE = {
  /** No usable answer (network, 5xx, a firewall's page, an unreadable body): retried, then repeated on a timer. */
  unavailable: 'CloudUnavailable',
  /** 401, or 403 with a cloud code: the engine never retries it. */
  credentials: 'CredentialsRefused',
  /** A definite refusal of a read (bad request, wrong project, no such API): never retried. */
  refused: 'ReadRefused',
  /** The worker serves another place than the run is meant for. The run asks again, until the right one takes it. */
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

/** The cloud asked to wait. The workflow waits on a timer, because an effect has no retry that could be delayed. */
export interface Throttled {
  kind: 'throttled';
  /** From the answer, or `null`: back off. */
  retryAfterMs: number | null;
  code: string | null;
  requestId: string | null;
}

/** A certain refusal. */
export interface Refused {
  code: string | null;
  message: string;
  hint: string;
}
