import { Secret } from './secret';
import { sdkDate, sign } from './signer';
import type { SignedParts } from './signer';

/** Headers that prove who asks, added to a request just before it is sent. */
export interface CredentialProvider {
  /**
   * The request's headers with the proof added. May take its time (a source that renews itself asks IAM or the
   * metadata service here) and must then observe the signal.
   *
   * @param request what will be sent; its headers include `host`, and all of them may be signed
   * @param now epoch ms, the date of the signature
   */
  authorize(request: SignedParts, now: number, signal?: AbortSignal): Promise<Record<string, string>>;
  /**
   * The cloud answered 401 to these headers. `true`: there is something newer now, and one repeat makes sense. Gets
   * the headers, so that many calls refused at once renew once. Absent: nothing to renew; a repeat would only bring
   * the key closer to being locked for five minutes (ecs-api.md §6.2).
   */
  renew?(refused: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<boolean>;
}

/**
 * Access keys; with a security token: temporary ones, whose token is signed along.
 *
 * @throws Error naming the part that cannot be used, never its value
 */
export function accessKeys(keys: { ak: string; sk: string; securityToken?: string }): CredentialProvider {
  const ak = new Secret('the access key', keys.ak);
  const sk = new Secret('the secret key', keys.sk);
  const token =
    keys.securityToken === undefined ? null : new Secret('the security token', keys.securityToken);
  return {
    authorize: async (request, now) => {
      const headers: Record<string, string> = { ...request.headers, 'x-sdk-date': sdkDate(now) };
      if (token !== null) headers['x-security-token'] = token.reveal();
      return { ...headers, authorization: sign({ ...request, headers }, ak.reveal(), sk.reveal()) };
    },
  };
}

/**
 * A ready IAM token. It is valid for 24 hours at most and cannot be renewed here.
 *
 * @throws Error when it cannot be used, without its value
 */
export function authToken(value: string): CredentialProvider {
  const token = new Secret('the token', value);
  return { authorize: async (request) => ({ ...request.headers, 'x-auth-token': token.reveal() }) };
}
