/** What a later restore can do for each NIC: pure, from the saved result and what is seen now. */
import type { FindAddressesInput, Inspection } from '../contract/activities';
import type { CheckedRestore } from '../contract/restore-input';
import type { SavedNic } from '../contract/saved-result';
import type { RestoreGrade } from '../contract/types';
import { sameIp } from '../contract/values';

export interface Planned {
  nic: SavedNic;
  /** The port to attach; `null`: has to be made. */
  portId: string | null;
  grade: RestoreGrade;
  /** `null`: it can be put back as its grade says. */
  why: string | null;
  /** It is on the server already, under this port. */
  there: string | null;
}

export type Holder = { portId: string; deviceId: string } | null;

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

/** Ports that may still be there: the old ones, and those made in their place. */
export function portsOf(nics: readonly SavedNic[]): string[] {
  return nics.flatMap(({ id, replacedBy }) => (replacedBy === null ? [id] : [id, replacedBy]));
}

/** IPs that have to be free: of NICs of which no port is left. */
export function addressesOf(
  nics: readonly SavedNic[],
  seen: Inspection,
  serverId: string,
): { nic: SavedNic; address: FindAddressesInput['addresses'][number] }[] {
  return nics.flatMap((nic) => {
    const { networkId, fixedIps } = nic.snapshot;
    const v4 = fixedIps.find(({ ip }) => !ip.includes(':'));
    if (networkId === null || v4 === undefined || placeOf(nic, seen, serverId) !== null) return [];
    return [{ nic, address: { networkId, ip: v4.ip } }];
  });
}

export function planOf(
  nic: SavedNic,
  seen: Inspection,
  holder: Holder,
  { allowNewIp, serverId }: Pick<CheckedRestore, 'allowNewIp' | 'serverId'>,
): Planned {
  const place = placeOf(nic, seen, serverId);
  const planned = (grade: RestoreGrade, more: Partial<Planned> = {}): Planned => ({
    nic,
    portId: place?.portId ?? null,
    grade,
    why: null,
    there: null,
    ...more,
  });
  if (place !== null) {
    const grade: RestoreGrade = place.portId === nic.id ? 'exact' : 'new-mac';
    if (place.on === serverId) return planned(grade, { there: place.portId });
    if (place.on !== '') return planned('no', { why: `its port ${place.portId} is attached to ${place.on}` });
    return planned(grade);
  }
  const { networkId, fixedIps } = nic.snapshot;
  if (networkId === null) return planned('no', { why: 'its network is not known' });
  // Put back before, by somebody who did not tell: a second one would not be the same.
  const twin = seen.nics.find(
    ({ snapshot, ips }) =>
      snapshot.networkId === networkId && fixedIps.some(({ ip }) => ips.some((other) => sameIp(ip, other))),
  );
  if (twin !== undefined) return planned('new-mac', { portId: twin.id, there: twin.id });
  if (holder === null) return planned(fixedIps.length > 0 ? 'new-mac' : 'new-ip-and-mac');
  if (allowNewIp) return planned('new-ip-and-mac');
  const ip = fixedIps[0]?.ip ?? '';
  return planned('no', {
    why: `its IP ${ip} is taken by port ${holder.portId}; another one has to be allowed`,
  });
}

/** Where its port is, if there is one left; `on`: a server, or empty. */
function placeOf(nic: SavedNic, seen: Inspection, serverId: string): { portId: string; on: string } | null {
  for (const portId of portsOf([nic])) {
    if (seen.nics.some(({ id }) => id === portId)) return { portId, on: serverId };
    const port = seen.absent.find(({ id }) => id === portId)?.port;
    if (port?.state === 'free') return { portId, on: '' };
    if (port?.state === 'attached') return { portId, on: port.deviceId };
  }
  return null;
}
