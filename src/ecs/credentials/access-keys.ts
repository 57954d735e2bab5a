import { Secret } from '../secret';
import { sdkDate, sign } from '../signer';
import type { SignedParts } from '../signer';
import type { CredentialProvider } from './provider';

/** A key pair. With a security token it is a temporary one, and the token is signed, too. */
export class KeyPair {
  private readonly ak: Secret;
  private readonly sk: Secret;
  private readonly token: Secret | null;

  /** @throws Error naming the part that cannot be used, never its value */
  constructor(keys: { ak: string; sk: string; securityToken?: string }) {
    this.ak = new Secret('the access key', keys.ak);
    this.sk = new Secret('the secret key', keys.sk);
    this.token =
      keys.securityToken === undefined ? null : new Secret('the security token', keys.securityToken);
  }

  /** @param now epoch ms */
  sign(request: SignedParts, now: number): Record<string, string> {
    const headers: Record<string, string> = { ...request.headers, 'x-sdk-date': sdkDate(now) };
    if (this.token !== null) headers['x-security-token'] = this.token.reveal();
    return { ...headers, authorization: sign({ ...request, headers }, this.ak.reveal(), this.sk.reveal()) };
  }

  /** Whether these headers were signed with this temporary pair. */
  signed(headers: Readonly<Record<string, string>>): boolean {
    return this.token !== null && headers['x-security-token'] === this.token.reveal();
  }
}

/** @throws Error naming the part that cannot be used, never its value */
export function accessKeys(keys: { ak: string; sk: string; securityToken?: string }): CredentialProvider {
  const pair = new KeyPair(keys);
  return {
    remedy:
      keys.securityToken === undefined
        ? 'Set the right access keys, and restart the worker; five wrong signatures lock a key for five minutes.'
        : 'Temporary keys are valid for a day at most, and the worker does not renew them: set new ones, and restart the worker.',
    authorize: async (request, now) => pair.sign(request, now),
  };
}
