import type { CloudError } from '../errors';
import type { SignedParts } from '../signer';

/** Adds the headers that authenticate a request, just before it is sent. */
export interface CredentialProvider {
  /**
   * Returns the request's headers with the proof added. May take time (it may ask IAM or the metadata service) and must
   * then observe the signal.
   * @param request what will be sent; its headers include `host`, and all of them may be signed
   * @param now epoch ms, the date of the signature
   * @throws CredentialProblem when there are no usable credentials; nothing was sent to the cloud then
   */
  authorize(request: SignedParts, now: number, signal?: AbortSignal): Promise<Record<string, string>>;
  /**
   * The cloud answered 401 to these headers. `true`: newer credentials exist now, and one repeat makes sense. Gets the
   * headers, so that many calls refused at once cause one renewal. Absent: nothing to renew; a repeat would only bring
   * the key closer to being locked for five minutes (docs/cloud-api.md §5.2).
   * @throws CredentialProblem when no newer credentials could be obtained
   */
  renew?(refused: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<boolean>;
  /** The result of a request with these headers; called exactly once for each {@link authorize} that succeeded. */
  settle?(headers: Readonly<Record<string, string>>, outcome: Outcome): void;
  /** One sentence for the operator whose credentials are refused. */
  readonly remedy?: string;
  readonly notices?: Notices;
  close?(): Promise<void>;
}

/**
 * - `accepted`: the cloud accepted the credentials (it may have refused the request)
 * - `unclear`: no answer, or one that says nothing about the credentials
 */
export type Outcome = 'accepted' | 'unclear' | { refused: Refusal };

/** What the breaker keeps of a refusal, for the errors of the calls that it stops afterwards. */
export type Refusal = Pick<CloudError, 'code' | 'meaning' | 'cloudMessage' | 'requestId' | 'hint'>;

export interface ProblemFacts extends Refusal {
  /**
   * - `refused`: until a person repairs something
   * - `throttled`, `unavailable`: IAM or the metadata service asks to wait, or gives no usable answer
   */
  kind: 'refused' | 'throttled' | 'unavailable';
  retryAfterMs: number | null;
}

/** Why a request has no proof. It is certain that nothing was sent to the cloud. Holds no secret. */
export class CredentialProblem extends Error {
  override readonly name = 'CredentialProblem';

  constructor(readonly facts: ProblemFacts) {
    super(facts.meaning);
  }
}

export function problem(
  kind: ProblemFacts['kind'],
  meaning: string,
  hint: string,
  facts: Partial<ProblemFacts> = {},
): CredentialProblem {
  const nothing = { code: null, cloudMessage: null, requestId: null, retryAfterMs: null };
  return new CredentialProblem({ ...nothing, ...facts, kind, meaning, hint });
}

/** Events of the credentials for the worker's log. They hold no secret. */
export class Notices {
  private listener: (level: 'info' | 'warn', message: string) => void = () => {};

  listen(listener: (level: 'info' | 'warn', message: string) => void): void {
    this.listener = listener;
  }

  tell(level: 'info' | 'warn', message: string): void {
    this.listener(level, message);
  }
}
