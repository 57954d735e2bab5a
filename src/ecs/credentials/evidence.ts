import type { CloudError } from '../errors';
import type { Outcome } from './provider';

const PROOFS = ['authorization', 'x-auth-token', 'x-security-token'];

/** What must not come back in an error's text: the headers that prove who asks, and the parts of a signature's. */
export function proofsIn(headers: Readonly<Record<string, string>>): string[] {
  const parts = [...(headers['authorization'] ?? '').matchAll(/(?:Access|Signature)=([^,\s]+)/g)];
  return [...PROOFS.map((name) => headers[name] ?? ''), ...parts.map(([, value = '']) => value)];
}

/** What an answer says about who asked. The gateway's own codes say nothing: some come before it looks. */
export function outcomeOf(error: CloudError): Outcome {
  if (error.httpStatus === 401) return { refused: error };
  const { httpStatus, code } = error;
  const known = httpStatus !== null && httpStatus >= 400 && httpStatus < 500 && httpStatus !== 429;
  return known && code !== null && !/^APIG/i.test(code) ? 'accepted' : 'unclear';
}
