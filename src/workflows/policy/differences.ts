/** What is not as it was, field by field: pure. */
import { sameIp } from '../../contract/values';
import type { Difference, NicSnapshot } from '../../contract/types';

/** Fields whose order means nothing; that of security groups does. */
const UNORDERED: ReadonlySet<keyof NicSnapshot> = new Set([
  'fixedIps',
  'allowedAddressPairs',
  'dhcpOptions',
] as const);

/** Pairs whose MAC is the port's own, as a port gets them that is given none: they name no MAC. */
export function pairsOf({ allowedAddressPairs, mac: own }: NicSnapshot): NicSnapshot['allowedAddressPairs'] {
  const isOwn = (mac: string | null) => mac !== null && mac.toLowerCase() === own?.toLowerCase();
  return allowedAddressPairs?.map(({ ip, mac }) => ({ ip, mac: isOwn(mac) ? null : mac })) ?? null;
}

/** The flag that its snapshot tells, where it differs now; `null`: nothing is to be set back. */
export function flagToSet(before: NicSnapshot, now: NicSnapshot | null): boolean | null {
  const wanted = before.deleteOnTermination;
  return wanted !== null && now?.deleteOnTermination !== wanted ? wanted : null;
}

/** A field that was not known before can't be compared. */
export function differences(before: NicSnapshot, after: NicSnapshot): Difference[] {
  // A pair that follows its port's own MAC goes with it.
  const compared = [before, after].map((it) => ({ ...it, allowedAddressPairs: pairsOf(it) }));
  const [was, is] = compared as [NicSnapshot, NicSnapshot];
  return (Object.keys(before) as (keyof NicSnapshot)[]).flatMap((field) =>
    was[field] === null || same(field, was[field], is[field])
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
  const text = (item: unknown) => {
    const json = JSON.stringify(item ?? null);
    // MAC addresses are written either way.
    return field === 'mac' || field === 'allowedAddressPairs' ? json.toLowerCase() : json;
  };
  return Array.isArray(value) && UNORDERED.has(field) ? value.map(text).sort().join() : text(value);
}
