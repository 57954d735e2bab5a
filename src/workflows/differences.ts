/** What is not as it was, field by field: pure. */
import { sameIp } from '../contract/values';
import type { Difference, NicSnapshot } from '../contract/types';

/** Fields whose order means nothing; that of security groups does. */
const UNORDERED: ReadonlySet<keyof NicSnapshot> = new Set([
  'fixedIps',
  'allowedAddressPairs',
  'dhcpOptions',
] as const);

/** A field that was not known before can't be compared. */
export function differences(before: NicSnapshot, after: NicSnapshot): Difference[] {
  return (Object.keys(before) as (keyof NicSnapshot)[]).flatMap((field) =>
    before[field] === null || same(field, before[field], after[field])
      ? []
      : [{ field, before: before[field], after: after[field] }],
  );
}

function same(field: keyof NicSnapshot, before: unknown, after: unknown): boolean {
  if (field === 'fixedIps') return sameAddresses(before, after);
  return canonical(field, before) === canonical(field, after);
}

/** Subnets that one of the two does not tell are no difference. */
function sameAddresses(before: unknown, after: unknown): boolean {
  const left = before as NicSnapshot['fixedIps'];
  const right = after as NicSnapshot['fixedIps'];
  return left.length === right.length && left.every(({ ip }) => right.some((other) => sameIp(ip, other.ip)));
}

function canonical(field: keyof NicSnapshot, value: unknown): string {
  const text = (item: unknown) => JSON.stringify(item ?? null).toLowerCase();
  return Array.isArray(value) && UNORDERED.has(field) ? value.map(text).sort().join() : text(value);
}
