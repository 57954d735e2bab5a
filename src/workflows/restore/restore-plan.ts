/** What a later restore can do for each NIC: pure, from the saved result and what is seen now. */
import type { AddressHolder, FindAddressesInput, InspectedNic, Inspection } from '../../contract/activities';
import type { CheckedRestore } from '../../contract/restore-input';
import type { SavedNic } from '../../contract/saved-result';
import type { RestoreGrade } from '../../contract/types';
import { sameIp } from '../../contract/values';
import { isPortFor } from '../undo/port-name';

export interface Planned {
  nic: SavedNic;
  /** The port to attach; `null`: has to be made. */
  portId: string | null;
  grade: RestoreGrade;
  /** Why it can't be put back. */
  why: string | null;
  /** It is on the server already, under this port. */
  there: InspectedNic | null;
  /** Its IP is taken, and another one would be given. */
  newIp: boolean;
}

/** Which NICs are meant; `problems` name those that the saved result can't bring back. */
export function chosen(
  { nics, serverId }: CheckedRestore,
  saved: readonly SavedNic[],
): { nics: SavedNic[]; problems: string[] } {
  const off = saved.filter(({ outcome }) => outcome !== 'untouched' && outcome !== 'still-attached');
  if (nics === 'all') {
    const problems = off.length > 0 ? [] : [`that run took no NIC off server ${serverId}`];
    return { nics: off, problems };
  }
  const found = nics.flatMap((id) => saved.filter((nic) => nic.id === id));
  const missing = nics.filter((id) => !found.some((nic) => nic.id === id));
  return { nics: found, problems: missing.map((id) => `NIC ${id}: that run has no snapshot of it`) };
}

/** IPs that have to be free, or held by a port that was made for the NIC: of those whose own port is gone. */
export function addressesOf(
  nics: readonly SavedNic[],
  seen: Inspection,
): { nic: SavedNic; address: FindAddressesInput['addresses'][number] }[] {
  return nics.flatMap((nic) => {
    const { networkId, fixedIps } = nic.snapshot;
    const v4 = fixedIps.find(({ ip }) => !ip.includes(':'));
    if (networkId === null || v4 === undefined || placeOf(nic, seen) !== null) return [];
    return [{ nic, address: { networkId, ip: v4.ip } }];
  });
}

/** @param holder who has its IP; only of one whose own port is gone */
export function planOf(
  nic: SavedNic,
  seen: Inspection,
  holder: AddressHolder | null,
  { allowNewIp, serverId }: Pick<CheckedRestore, 'allowNewIp' | 'serverId'>,
): Planned {
  const planned = (grade: RestoreGrade, more: Partial<Planned> = {}): Planned => ({
    nic,
    portId: null,
    grade,
    why: null,
    there: null,
    newIp: false,
    ...more,
  });
  const place = placeOf(nic, seen);
  if (place !== null) {
    const there = seen.nics.find(({ id }) => id === nic.id) ?? null;
    const elsewhere = place !== '' && place !== serverId;
    return elsewhere
      ? planned('no', { why: `its port is attached to ${place}; it has to be free` })
      : planned('exact', { portId: nic.id, there });
  }
  const { networkId, fixedIps } = nic.snapshot;
  if (networkId === null) return planned('no', { why: 'its network is not known' });
  // Put back before, by whomever: a second one would not be the same.
  const twin = seen.nics.find(
    ({ snapshot, ips }) =>
      snapshot.networkId === networkId && fixedIps.some(({ ip }) => ips.some((other) => sameIp(ip, other))),
  );
  if (twin !== undefined) return planned('new-mac', { portId: twin.id, there: twin });
  if (holder === null) return planned(fixedIps.length > 0 ? 'new-mac' : 'new-ip-and-mac');
  // What an earlier attempt has made and not attached.
  const ours = holder.deviceId === '' && (isPortFor(nic.id, holder.name) || holder.portId === nic.replacedBy);
  if (ours) return planned('new-mac', { portId: holder.portId });
  if (allowNewIp) return planned('new-ip-and-mac', { newIp: true });
  const ip = fixedIps[0]?.ip ?? '';
  return planned('no', {
    why: `its IP ${ip} is taken by port ${holder.portId}; another one has to be allowed`,
    newIp: true,
  });
}

/** What is left to be done for one that is on the server already. */
export function isUnfinished({ nic, there }: Planned): boolean {
  if (there === null) return false;
  const wanted = nic.snapshot.deleteOnTermination;
  const flagged = wanted === null || there.snapshot.deleteOnTermination === wanted;
  return !flagged || isPortFor(nic.id, there.snapshot.name);
}

/** Where its own port is: a server, or nowhere (empty); `null`: it is gone. */
function placeOf(nic: SavedNic, seen: Inspection): string | null {
  if (seen.nics.some(({ id }) => id === nic.id)) return '';
  const port = seen.absent.find(({ id }) => id === nic.id)?.port;
  if (port?.state === 'attached') return port.deviceId;
  return port?.state === 'free' ? '' : null;
}
