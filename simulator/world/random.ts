/**
 * Deterministic numbers and ids: each is a function of (seed, stream, n), so that the n-th server of a seed has the same
 * id in every process, however the requests before it were interleaved.
 */

/** Separate streams, so that asking for one kind of id does not shift another kind. */
export const Stream = {
  server: 1,
  port: 2,
  job: 3,
  request: 4,
  elasticIp: 5,
  duration: 6,
  fault: 7,
  network: 8,
  order: 9,
  token: 10,
  agencyKey: 11,
  metadataToken: 12,
  lost: 13,
} as const;

/** The finaliser of MurmurHash3: a bijection on 32 bits, hence no two n of one stream share a word. */
function mix(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hash(seed: number, stream: number, n: number, part: number): number {
  let h = 0x9e3779b9;
  for (const word of [seed, stream, n, part]) h = (mix(h ^ word) + 0x9e3779b9) | 0;
  return mix(h);
}

/** 32 lower-case hex characters. */
export function hex(seed: number, stream: number, n: number): string {
  let text = '';
  for (let part = 0; part < 4; part++) text += hash(seed, stream, n, part).toString(16).padStart(8, '0');
  return text;
}

/** A lower-case UUID of version 4's shape. */
export function uuid(seed: number, stream: number, n: number): string {
  const h = hex(seed, stream, n);
  const variant = '89ab'.charAt(parseInt(h.charAt(16), 16) & 3);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-${variant}${h.slice(17, 20)}-${h.slice(20)}`;
}

/** A number in [0, 1). */
export function fraction(seed: number, stream: number, n: number): number {
  return hash(seed, stream, n, 0) / 2 ** 32;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text);
}
