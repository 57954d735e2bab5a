/** What a value from outside is, and how it may stand in a message. */
import { bounded, masked } from './text';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

export function isIp(value: unknown): value is string {
  return typeof value === 'string' && (IPV4.test(value) || expandIpv6(value) !== null);
}

/** Equality of addresses, whatever the spelling (`FE80::1` = `fe80:0:0:0:0:0:0:1`). */
export function sameIp(a: string, b: string): boolean {
  if (a === b) return true;
  const left = expandIpv6(a);
  return left !== null && left === expandIpv6(b);
}

function expandIpv6(text: string): string | null {
  if (!/^[0-9a-f:]{2,39}$/i.test(text) || !text.includes(':')) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const groups = head ?? [];
  if (halves.length === 2) {
    const missing = 8 - groups.length - (tail?.length ?? 0);
    if (missing < 1) return null;
    groups.push(...Array<string>(missing).fill('0'), ...(tail ?? []));
  }
  if (groups.length !== 8 || groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return null;
  return groups.map((group) => parseInt(group, 16).toString(16)).join(':');
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  if (ArrayBuffer.isView(value)) return 'binary data';
  return isRecord(value) ? 'an object' : `a ${typeof value}`;
}

/** A value as it may stand in a message: bounded, on one line. */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return kindOf(value);
  // Of a text of a megabyte the beginning will do; JSON has no word for numbers such as 1e999.
  const part = typeof value === 'string' ? value.slice(0, 100) : value;
  return bounded(masked(typeof part === 'number' ? String(part) : safeJson(part)), 60);
}

/** Lists nested so deeply that they have no JSON have no text either. */
export function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return kindOf(value);
  }
}
