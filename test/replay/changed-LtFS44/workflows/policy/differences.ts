/** Compares a NIC with its snapshot, field by field. Pure. */
import { sameIp } from '../../contract/values';
import type { Difference, NicSnapshot } from '../../contract/types';

/** Fields whose order has no meaning. The order of security groups has one. */
const UNORDERED: ReadonlySet<keyof NicSnapshot> = new Set([
  'fixedIps',
  'allowedAddressPairs',
  'dhcpOptions',
] as const);

/**
 * The address pairs, with `null` for the port's own MAC: the cloud fills it in where a pair was created without a MAC.
 */
export function pairsOf({ allowedAddressPairs, mac: own }: NicSnapshot): NicSnapshot['allowedAddressPairs'] {
  const isOwn = (mac: string | null) => mac !== null && mac.toLowerCase() === own?.toLowerCase();
  return allowedAddressPairs?.map(({ ip, mac }) => ({ ip, mac: isOwn(mac) ? null : mac })) ?? null;
}

/** The value that the flag had in the snapshot, if it differs now; `null`: there is nothing to set back. */
export function flagToSet(before: NicSnapshot, now: NicSnapshot | null): boolean | null {
  const wanted = before.deleteOnTermination;
  return wanted !== null && now?.deleteOnTermination !== wanted ? wanted : null;
}

/** Skips fields that the snapshot does not know. */
export function differences(before: NicSnapshot, after: NicSnapshot): Difference[] {
  // A pair with the port's own MAC changes with that MAC, so it is no difference of its own.
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

/** Compares the IPs only: one of the two may lack the subnet. */
function sameAddresses(before: unknown, after: unknown): boolean {
  const left = before as NicSnapshot['fixedIps'];
  const right = after as NicSnapshot['fixedIps'];
  return left.length === right.length && left.every(({ ip }) => right.some((other) => sameIp(ip, other.ip)));
}

function canonical(field: keyof NicSnapshot, value: unknown): string {
  const text = (item: unknown) => {
    const json = JSON.stringify(item ?? null);
    // The cloud writes MAC addresses in upper or lower case.
    return field === 'mac' || field === 'allowedAddressPairs' ? json.toLowerCase() : json;
  };
  return Array.isArray(value) && UNORDERED.has(field) ? value.map(text).sort().join() : text(value);
}
