import type { CloudError } from './errors';
import { gatewayError } from './errors';
import type { Knobs } from './knobs';
import type { ReceivedRequest } from './signature';
import { headerValue, parseAuthorization, parseSdkDate, signatureMatches } from './signature';

export interface AccessKey {
  ak: string;
  sk: string;
  /** Temporary keys: requests must carry it as `X-Security-Token`. */
  securityToken?: string;
  /** Milliseconds since 1970. */
  expiresAt?: number;
}

export interface Token {
  token: string;
  /** Milliseconds since 1970. */
  expiresAt?: number;
}

/** Requests with an older or newer date are refused (ecs-api.md §6.2). */
const MAX_SKEW_MS = 15 * 60_000;
/** That many wrong signatures in a row lock the key (ecs-api.md §6.2) … */
const MAX_FAILURES = 5;
/** … for so long. */
const LOCK_MS = 5 * 60_000;

const refused = (why: string) =>
  gatewayError(401, '0301', `Incorrect IAM authentication information: ${why}`);

/** What the API gateway checks before a request reaches a service. */
export class Gatekeeper {
  private readonly failures = new Map<string, { count: number; lockedUntil: number }>();

  constructor(
    private readonly keys: AccessKey[],
    private readonly tokens: Token[],
    private readonly knobs: () => Knobs,
  ) {}

  /**
   * Throws the gateway's answer when the request is not authentic.
   * @param now the simulated time: for the lock and for expiry
   * @param wallClock the time the caller signs with: a caller knows nothing of a scaled clock
   */
  check(request: ReceivedRequest, now: number, wallClock: number): void {
    const authorization = headerValue(request, 'authorization');
    const token = headerValue(request, 'x-auth-token');
    if (authorization) this.checkSignature(request, authorization, now, wallClock);
    else if (token) this.checkToken(token, now);
    else throw refused('x-auth-token not found');
  }

  addToken(token: Token): void {
    this.revoke(token.token);
    this.tokens.push(token);
  }

  revoke(token: string): void {
    const at = this.tokens.findIndex((known) => known.token === token);
    if (at >= 0) this.tokens.splice(at, 1);
  }

  clear(): void {
    this.failures.clear();
  }

  private checkToken(token: string, now: number): void {
    const known = this.tokens.find((candidate) => candidate.token === token);
    if (!known) throw refused('decrypt token fail');
    if (known.expiresAt !== undefined && known.expiresAt <= now) {
      throw gatewayError(401, '0307', 'The token must be updated.');
    }
  }

  private checkSignature(request: ReceivedRequest, header: string, now: number, wallClock: number): void {
    const given = parseAuthorization(header);
    if (!given) throw refused('authorization header is malformed');
    const key = this.keys.find((candidate) => candidate.ak === given.accessKey);
    if (!key) throw refused(`Get secretKey failed,ak:${given.accessKey},err:ak not exist`);
    const state = this.failures.get(key.ak) ?? { count: 0, lockedUntil: 0 };
    if (now < state.lockedUntil) throw refused('AK access failed to reach the limit, forbidden.');
    if (!given.signedHeaders.includes('x-sdk-date')) throw refused('x-sdk-date is not signed');
    const date = parseSdkDate(headerValue(request, 'x-sdk-date'));
    if (Number.isNaN(date)) throw refused('x-sdk-date is malformed');
    if (Math.abs(wallClock - date) > MAX_SKEW_MS) throw this.skewed();
    if (!signatureMatches(request, given, key.sk)) {
      state.count += 1;
      if (state.count >= MAX_FAILURES) {
        state.count = 0;
        state.lockedUntil = now + LOCK_MS;
      }
      this.failures.set(key.ak, state);
      throw refused('verify aksk signature fail');
    }
    this.failures.delete(key.ak);
    if (key.securityToken !== undefined && headerValue(request, 'x-security-token') !== key.securityToken) {
      throw refused('decrypt token fail');
    }
    if (key.expiresAt !== undefined && key.expiresAt <= now) throw refused('the access key has expired');
  }

  private skewed(): CloudError {
    return gatewayError(
      401,
      this.knobs().clockSkewCode,
      'Incorrect IAM authentication information: x-sdk-date is outside the allowed 15 minutes',
    );
  }
}
