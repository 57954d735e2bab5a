import type { CloudError } from '../errors';
import type { Outcome } from './provider';

const PROOFS = ['authorization', 'x-auth-token', 'x-security-token'];

/**
 * Texts that no error message may repeat: the headers that authenticate a request, and the parts of a
 * signature's header.
 */
export function proofsIn(headers: Readonly<Record<string, string>>): string[] {
  const parts = [...(headers['authorization'] ?? '').matchAll(/(?:Access|Signature)=([^,\s]+)/g)];
  return [...PROOFS.map((name) => headers[name] ?? ''), ...parts.map(([, value = '']) => value)];
}

/**
 * What an answer says about the credentials. The gateway's own codes say nothing, because it sends some before it
 * checks the credentials.
 */
export function outcomeOf(error: CloudError): Outcome {
  if (error.httpStatus === 401) return { refused: error };
  const { httpStatus, code } = error;
  const known = httpStatus !== null && httpStatus >= 400 && httpStatus < 500 && httpStatus !== 429;
  return known && code !== null && !/^APIG/i.test(code) ? 'accepted' : 'unclear';
}
