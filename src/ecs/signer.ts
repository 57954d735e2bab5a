/**
 * `SDK-HMAC-SHA256`, the cloud's request signature (docs/cloud-api.md §5.2): a pure function of the exact bytes sent.
 */
import { createHash, createHmac } from 'node:crypto';

export const ALGORITHM = 'SDK-HMAC-SHA256';

export interface SignedParts {
  method: string;
  /** Path and query exactly as in the request line. */
  path: string;
  /** Every header given here is signed; `host` and `x-sdk-date` must be among them. */
  headers: Readonly<Record<string, string>>;
  body: Uint8Array | null;
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** RFC 3986: `encodeURIComponent` leaves five reserved characters that the signature requires escaped. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** A stray `%` stays as it is, as in the vendor's signers. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Ends with a slash only here, never in the URL that is sent. */
export function canonicalUri(sentPath: string): string {
  const uri = decode(sentPath).split('/').map(encode).join('/');
  return uri.endsWith('/') ? uri : `${uri}/`;
}

/** Sorted by decoded key, then decoded value. */
export function canonicalQuery(sentQuery: string): string {
  return sentQuery
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [key = '', ...value] = pair.split('=');
      return [decode(key), decode(value.join('='))] as const;
    })
    .sort(([keyA, valueA], [keyB, valueB]) => byCodeUnit(keyA, keyB) || byCodeUnit(valueA, valueB))
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .join('&');
}

/** The canonical request, and the names of the signed headers. */
export function canonicalRequest(parts: SignedParts): { text: string; signedHeaders: string } {
  const [path = '', ...query] = parts.path.split('?');
  const headers = Object.entries(parts.headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .sort(([a], [b]) => byCodeUnit(a, b));
  const signedHeaders = headers.map(([name]) => name).join(';');
  const text = [
    parts.method.toUpperCase(),
    canonicalUri(path),
    canonicalQuery(query.join('?')),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '', // every header line ends with a line break, hence an empty line
    signedHeaders,
    sha256(parts.body ?? ''),
  ].join('\n');
  return { text, signedHeaders };
}

/** `YYYYMMDDTHHMMSSZ`, UTC. The cloud refuses dates that are more than 15 minutes off. */
export function sdkDate(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** The value of the `Authorization` header. */
export function sign(parts: SignedParts, accessKey: string, secretKey: string): string {
  const { text, signedHeaders } = canonicalRequest(parts);
  const date = Object.entries(parts.headers).find(([name]) => name.toLowerCase() === 'x-sdk-date')?.[1] ?? '';
  const stringToSign = [ALGORITHM, date, sha256(text)].join('\n');
  const signature = createHmac('sha256', secretKey).update(stringToSign).digest('hex');
  // A space after the algorithm, not a comma.
  return `${ALGORITHM} Access=${accessKey}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}
