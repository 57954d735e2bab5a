/** Determines what a later restore can do for each NIC, from the saved result and what is seen now. Pure. */
import type { AddressHolder, FindAddressesInput, InspectedNic, Inspection } from '../../activities/agreement';
import type { CheckedRestore } from '../../contract/restore-input';
import type { SavedNic } from '../../contract/saved-result';
import type { PortEvidence, RestoreGrade } from '../../contract/types';
import { sameIp } from '../../contract/values';
import { flagToSet } from './differences';
import { isPortFor, portPrefix } from './port-name';
import { gradeOf } from './undo-log';

export interface Planned {
  nic: SavedNic;
  /** The port to attach; `null`: it has to be created. */
  portId: string | null;
  grade: RestoreGrade;
  /** What is seen of the NIC's own port. */
  port: PortEvidence;
  /** Why the NIC can't be put back. */
  why: string | null;
  /** The NIC on the server that is this one already, or takes its place. */
  there: InspectedNic | null;
  /** The NIC's IP is taken: the new port gets, or would get, another one. */
  newIp: boolean;
}

/** The NICs that the request means; `problems` name those that the saved result can't bring back. */
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

/** The addresses of NICs whose own port is gone. Each must be free, or held by a port that was made for the NIC. */
export function addressesOf(
  nics: readonly SavedNic[],
  seen: Inspection,
): { nic: SavedNic; address: FindAddressesInput['addresses'][number] }[] {
  return nics.flatMap((nic) => {
    const { networkId, fixedIps } = nic.snapshot;
    if (networkId === null || stateOf(nic, seen) !== 'absent') return [];
    const ip = fixedIps.find((each) => !each.ip.includes(':'))?.ip ?? null;
    return [{ nic, address: { networkId, ip, madeAs: portPrefix(nic.id) } }];
  });
}

/** @param holder the port that holds the NIC's IP, or was made for it; looked up only if the NIC's own port is gone */
export function planOf(
  nic: SavedNic,
  seen: Inspection,
  holder: AddressHolder | null,
  { allowNewIp, serverId }: Pick<CheckedRestore, 'allowNewIp' | 'serverId'>,
): Planned {
  const planned = (grade: RestoreGrade, port: PortEvidence, more: Partial<Planned> = {}): Planned => ({
    nic,
    portId: null,
    grade,
    port,
    why: null,
    there: null,
    newIp: false,
    ...more,
  });
  const own = seen.nics.find(({ id }) => id === nic.id);
  // The NIC list alone is no proof.
  if (own !== undefined) {
    const there = own.port.state === 'attached' ? own : null;
    return planned('exact', there === null ? 'free' : 'attached', { portId: nic.id, there });
  }
  const port = seen.absent.find(({ id }) => id === nic.id)?.port;
  if (port?.state === 'free') return planned('exact', 'free', { portId: nic.id });
  if (port?.state === 'attached') {
    return port.deviceId === serverId
      ? planned('exact', 'attached', { portId: nic.id })
      : planned('no', 'attached', { why: `its port is attached to ${port.deviceId}; it has to be free` });
  }
  const { networkId, fixedIps } = nic.snapshot;
  if (networkId === null) return planned('no', 'absent', { why: 'its network is not known' });
  const sameIps = (ips: readonly string[]) =>
    fixedIps.length > 0 && fixedIps.every(({ ip }) => ips.some((other) => sameIp(ip, other)));
  // The NIC was put back before, under a port that an earlier run made, or another NIC has its IP. A second port would
  // not be the same NIC.
  const there =
    seen.nics.find(({ id, snapshot }) => isPortFor(nic.id, snapshot.name) || id === nic.replacedBy) ??
    seen.nics.find(
      ({ snapshot, ips }) =>
        snapshot.networkId === networkId && fixedIps.some(({ ip }) => ips.some((other) => sameIp(ip, other))),
    );
  if (there !== undefined)
    return planned(sameIps(there.ips) ? 'new-mac' : 'new-ip-and-mac', 'absent', { portId: there.id, there });
  const grade = gradeOf(nic.snapshot, false);
  if (holder === null) return planned(grade, 'absent');
  const ours = holder.deviceId === '' && (isPortFor(nic.id, holder.name) || holder.portId === nic.replacedBy);
  if (ours) return planned(grade, 'absent', { portId: holder.portId });
  if (allowNewIp) return planned('new-ip-and-mac', 'absent', { newIp: true });
  return planned('no', 'absent', {
    why: `its IP ${fixedIps[0]?.ip ?? ''} is taken by port ${holder.portId}; another one has to be allowed`,
    newIp: true,
  });
}

/** Something is left to do for a NIC that is on the server already. Only if it is certain that it is this NIC. */
export function isUnfinished({ nic, there }: Planned): boolean {
  if (there === null) return false;
  const made = isPortFor(nic.id, there.snapshot.name);
  if (there.id !== nic.id && there.id !== nic.replacedBy) return made;
  return made || flagToSet(nic.snapshot, there.snapshot) !== null;
}

/** State of the NIC's own port. */
function stateOf(nic: SavedNic, seen: Inspection): 'here' | 'absent' | 'there' {
  if (seen.nics.some(({ id }) => id === nic.id)) return 'here';
  const port = seen.absent.find(({ id }) => id === nic.id)?.port;
  return port === undefined || port.state === 'absent' ? 'absent' : 'there';
}
