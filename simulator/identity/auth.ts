import type { CloudError } from '../refusals';
import { gatewayError } from '../refusals';
import type { Knobs } from '../knobs';
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
  /** The project it is for; `null`: none; left out: any. */
  projectId?: string | null;
  /** Whose it is; its tokens go when the password changes. */
  user?: string;
}

/** The project that a caller may ask for; `null`: none; `undefined`: any. */
export type Scope = string | null | undefined;

export interface KeyState {
  ak: string;
  temporary: boolean;
  /** Wrong signatures in a row. */
  failures: number;
  locked: boolean;
  /** How often it was locked since the start. */
  locks: number;
}

/** Requests with an older or newer date are refused (docs/cloud-api.md §5.2). */
const MAX_SKEW_MS = 15 * 60_000;
/** That many wrong signatures in a row lock the key (docs/cloud-api.md §5.2) … */
const MAX_FAILURES = 5;
/** … for so long. */
const LOCK_MS = 5 * 60_000;

const refused = (why: string) =>
  gatewayError(401, '0301', `Incorrect IAM authentication information: ${why}`);

/** What the API gateway checks before a request reaches a service. */
export class Gatekeeper {
  private readonly failures = new Map<string, { count: number; lockedUntil: number; locks: number }>();
  private readonly revoked = new Set<string>();
  /** All that ever opened anything here: tests look for them where no secret may be. */
  readonly secrets = new Set<string>();

  constructor(
    private readonly keys: AccessKey[],
    private readonly tokens: Token[],
    private readonly knobs: () => Knobs,
  ) {
    for (const key of keys) this.noteKey(key);
    for (const { token } of tokens) this.secrets.add(token);
  }

  /**
   * What the caller may ask for; throws the gateway's answer when the request is not authentic.
   * @param now the simulated time: for the lock and for expiry
   * @param wallClock the time the caller signs with: a caller knows nothing of a scaled clock
   */
  check(request: ReceivedRequest, now: number, wallClock: number): Scope {
    const authorization = headerValue(request, 'authorization');
    const token = headerValue(request, 'x-auth-token');
    if (authorization) {
      this.checkSignature(request, authorization, now, wallClock);
      return undefined;
    }
    if (token) return this.checkToken(token, now);
    throw refused('x-auth-token not found');
  }

  addToken(token: Token): void {
    this.revoke(token.token);
    this.revoked.delete(token.token);
    this.tokens.push(token);
    this.secrets.add(token.token);
  }

  /** Without a token: all of them. */
  revoke(token?: string): void {
    this.revokeIf((known) => token === undefined || known.token === token);
  }

  revokeOf(user: string): void {
    this.revokeIf((known) => known.user === user);
  }

  putKey(key: AccessKey): void {
    this.removeKey(key.ak);
    this.keys.push(key);
    this.noteKey(key);
  }

  private noteKey({ sk, securityToken }: AccessKey): void {
    this.secrets.add(sk);
    if (securityToken !== undefined) this.secrets.add(securityToken);
  }

  removeKey(ak: string): boolean {
    const at = this.keys.findIndex((known) => known.ak === ak);
    if (at >= 0) this.keys.splice(at, 1);
    return at >= 0;
  }

  keyStates(now: number): KeyState[] {
    return this.keys.map(({ ak, securityToken }) => {
      const { count, lockedUntil, locks } = this.failuresOf(ak);
      return {
        ak,
        temporary: securityToken !== undefined,
        failures: count,
        locked: now < lockedUntil,
        locks,
      };
    });
  }

  private failuresOf(ak: string) {
    return this.failures.get(ak) ?? { count: 0, lockedUntil: 0, locks: 0 };
  }

  private revokeIf(goes: (token: Token) => boolean): void {
    for (const { token } of this.tokens.filter(goes)) this.revoked.add(token);
    const kept = this.tokens.filter((token) => !goes(token));
    this.tokens.splice(0, this.tokens.length, ...kept);
  }

  private checkToken(token: string, now: number): Scope {
    if (this.revoked.has(token) && this.knobs().revokedTokenCode === '0307') {
      throw gatewayError(401, '0307', 'The token must be updated.');
    }
    const known = this.tokens.find((candidate) => candidate.token === token);
    if (!known) throw refused('decrypt token fail');
    if (known.expiresAt !== undefined && known.expiresAt <= now) {
      throw gatewayError(401, '0307', 'The token must be updated.');
    }
    return known.projectId;
  }

  private checkSignature(request: ReceivedRequest, header: string, now: number, wallClock: number): void {
    const given = parseAuthorization(header);
    if (!given) throw refused('authorization header is malformed');
    const key = this.keys.find((candidate) => candidate.ak === given.accessKey);
    if (!key) throw refused(`Get secretKey failed,ak:${given.accessKey},err:ak not exist`);
    const state = this.failuresOf(key.ak);
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
        state.locks += 1;
      }
      this.failures.set(key.ak, state);
      throw refused('verify aksk signature fail');
    }
    state.count = 0;
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
