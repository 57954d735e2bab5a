import { Secret } from '../secret';
import type { CredentialProvider } from './provider';

/** The header that carries a token of IAM. */
export const TOKEN_HEADER = 'x-auth-token';

/**
 * A ready IAM token. It is valid for 24 hours at most and cannot be renewed here.
 *
 * @throws Error when it cannot be used, without its value
 */
export function authToken(value: string): CredentialProvider {
  const token = new Secret('the token', value);
  return {
    remedy:
      'A ready token is valid for a day at most, and the worker does not renew it: set a new HW_AUTH_TOKEN, and restart the worker.',
    authorize: async (request) => ({ ...request.headers, [TOKEN_HEADER]: token.reveal() }),
  };
}
