import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** `SDK-HMAC-SHA256`, the server's side of docs/cloud-api.md §5.2. */
export const ALGORITHM = 'SDK-HMAC-SHA256';

export interface ReceivedRequest {
  method: string;
  /** Path and query exactly as they stood in the request line. */
  url: string;
  /** Names in lower case. */
  headers: Record<string, string | string[] | undefined>;
  /** The bytes of the body as received. */
  body: Uint8Array;
}

export interface Authorization {
  accessKey: string;
  signedHeaders: string[];
  signature: string;
}

/** Null when the header is not of this algorithm's form: a space after the algorithm, commas between the rest. */
export function parseAuthorization(header: string): Authorization | null {
  const match = /^SDK-HMAC-SHA256 Access=([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]+)$/.exec(
    header.trim(),
  );
  if (!match) return null;
  const [, accessKey, signedHeaders, signature] = match as unknown as [string, string, string, string];
  return { accessKey, signedHeaders: signedHeaders.split(';'), signature };
}

export function canonicalRequest(request: ReceivedRequest, signedHeaders: readonly string[]): string {
  const [path = '/', query = ''] = splitOnce(request.url, '?');
  return [
    request.method.toUpperCase(),
    canonicalPath(path),
    canonicalQuery(query),
    signedHeaders.map((name) => `${name}:${headerValue(request, name)}\n`).join(''),
    signedHeaders.join(';'),
    bodyHash(request),
  ].join('\n');
}

export function signature(secretKey: string, date: string, canonical: string): string {
  const toSign = [ALGORITHM, date, sha256(canonical)].join('\n');
  return createHmac('sha256', secretKey).update(toSign).digest('hex');
}

export function signatureMatches(request: ReceivedRequest, given: Authorization, secretKey: string): boolean {
  const date = headerValue(request, 'x-sdk-date');
  const expected = signature(secretKey, date, canonicalRequest(request, given.signedHeaders));
  return (
    expected.length === given.signature.length &&
    timingSafeEqual(Buffer.from(expected), Buffer.from(given.signature))
  );
}

/** `20260101T000000Z` to milliseconds; NaN for anything else. */
export function parseSdkDate(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return NaN;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

export function headerValue(request: Pick<ReceivedRequest, 'headers'>, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value.join(',') : (value ?? '')).trim();
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/**
 * A client may announce the hash of its body; `UNSIGNED-PAYLOAD` is what the SDKs announce for other than JSON. A hash that
 * is not that of the bytes received must not pass, so it is replaced by the real one and the signature then differs.
 */
function bodyHash(request: ReceivedRequest): string {
  const announced = headerValue(request, 'x-sdk-content-sha256');
  return announced === 'UNSIGNED-PAYLOAD' ? announced : sha256(request.body);
}

/** The slash at the end belongs to the canonical form only, never to the URL sent. */
function canonicalPath(path: string): string {
  const encoded = path
    .split('/')
    .map((segment) => encode(decode(segment)))
    .join('/');
  return encoded.endsWith('/') ? encoded : `${encoded}/`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => splitOnce(pair, '=').map((part) => encode(decode(part))))
    .map(([key = '', value = '']) => [key, value] as const)
    .sort(([aKey, aValue], [bKey, bValue]) => compare(aKey, bKey) || compare(aValue, bValue))
    .map(([key, value]) => `${key}=${value}`)
    .join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** RFC 3986: everything but the unreserved characters, in upper-case escapes. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
