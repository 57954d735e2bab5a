/**
 * Decides the next step of putting NICs back, from one observation. The only effects are on the records of the NICs and
 * on `looksDue`. Every step follows from what is seen, so a step that any actor has done already is not repeated.
 */
import type { InspectedNic, Inspection, UpdatePortInput } from '../../activities/agreement';
import { elasticIpsOf } from '../../contract/types';
import { sameIp } from '../../contract/values';
import { flagToSet, pairsOf } from './differences';
import { isIdle, primaryOf, serverViolations } from './guards';
import type { PutBack, Returning } from './undo-log';
import { isHere } from './verdict';
import { STATE_WAIT_MS } from './poll-schedule';

export type Step =
  /** `firm`: no message ends the wait early. */
  | { do: 'wait'; ms: number; why: string; firm?: true }
  | { do: 'create'; nic: Returning }
  | { do: 'attach'; nics: Returning[] }
  | { do: 'flags'; flags: Record<string, boolean> }
  | { do: 'update'; nic: Returning; changes: UpdatePortInput['changes'] }
  | { do: 'bind'; nic: Returning; address: string }
  | { do: 'done' };

export interface Circumstances {
  serverId: string;
  now: number;
  settleMs: number;
  /** How long a NIC must have been on the server before its flag is set back; 0: nothing can take it any more. */
  horizonMs: number;
  /** Until when the NIC list may lag behind the last job. */
  lagUntil: number;
  /** From when on an absent NIC counts as not put back, whatever the last job says. */
  verdictAt: number;
}

/**
 * Limit for all of it: what has not worked by then needs a person. If no submission is of unknown fate, it fits
 * together with a commit (20 minutes) into the hour that the workflow's time-outs have to leave.
 */
export const PUT_BACK_FOR_MS = 30 * 60_000;

/** Attempts for one NIC, counted for each kind of call: a call that fails three times will not work. */
export const MAX_ATTEMPTS = 3;

/** Refusals for one NIC, with growing pauses: a person has some minutes to make room, for example in a quota. */
const MAX_REFUSALS = 6;

/** The NIC list lags, or a second reading is due. */
export const MOMENT_MS = 2_000;

export function nextStep(back: PutBack, seen: Inspection, at: Circumstances): Step {
  const open = () => back.nics.filter((nic) => nic.problem === null);
  if (seen.server === null) {
    for (const nic of open()) {
      if (nic.attach) fail(nic, null, 'the server does not exist any more');
      // The NIC went with the server, whatever its flag.
      else nic.unseen += 1;
    }
    return { do: 'done' };
  }
  // An incomplete list proves nothing (docs/contract.md §6.3).
  const primary = primaryOf(seen).id;
  if (primary === null || !seen.nics.some(({ id }) => id === primary))
    return { do: 'wait', ms: MOMENT_MS, why: 'the NIC list does not name the primary NIC' };
  for (const nic of back.nics) {
    // The run had given this NIC up, and another actor has put it back.
    if (nic.attach && nic.found === null && listed(nic, seen)?.port.state === 'attached') nic.problem = null;
    if (nic.problem === null) observe(nic, seen, at);
    else if (nic.found === null) nic.port = portOf(nic, seen)?.state ?? nic.port;
    // The document tells what the last look saw, also of a NIC whose flag could not be proven.
    else nic.found = listed(nic, seen)?.snapshot ?? nic.found;
  }
  // NICs that stayed on the server must not delay NICs that have to come back.
  const missing = open().filter((nic) => nic.attach && nic.seen === 0);
  const due = missing.length > 0 ? open().filter(({ attach }) => attach) : open();
  if (due.some(({ disagree }) => disagree))
    return {
      do: 'wait',
      ms: MOMENT_MS,
      why: 'the NIC list and a port disagree about where a NIC is',
    };

  if (due.some(({ unseen }) => unseen === 1))
    return { do: 'wait', ms: MOMENT_MS, why: 'a second reading, since one can be wrong' };
  if (missing.length > 0) {
    const step = bringBack(back, missing, seen, at);
    if (step !== null) return step;
  }
  return finishing(open(), seen, at);
}

function observe(nic: Returning, seen: Inspection, { serverId, now, lagUntil }: Circumstances): void {
  const found = listed(nic, seen);
  const port = portOf(nic, seen);
  // The NIC list alone is no proof (docs/contract.md §6.3): a list that lags may still show a NIC that was taken off,
  // or not yet show one that another actor has put back.
  nic.disagree =
    found === undefined
      ? !nic.attach && isHere(port, serverId)
      : nic.attach && found.port.state !== 'attached';
  if (found !== undefined && !nic.disagree) {
    nic.seen += 1;
    nic.unseen = 0;
    nic.seenSince ??= now;
    nic.found = found.snapshot;
    nic.pending = 'nothing';
    return;
  }
  nic.seen = 0;
  nic.seenSince = null;
  nic.found = null;
  if (nic.disagree) return;
  // Its job is at rest, and the NIC list would show what the job attached.
  if (nic.pending === 'job' && now >= lagUntil) nic.pending = 'nothing';
  nic.port = port?.state;
  nic.unseen = !nic.attach || port?.state === 'absent' ? nic.unseen + 1 : 0;
  if (!nic.attach) return;
  if (port?.state === 'absent') {
    // One look is not enough to give up a port with which the NIC could come back exactly.
    if (nic.unseen < 2) return;
    nic.portId = null;
    nic.created = false;
    nic.pending = 'nothing';
  } else if (port?.state === 'attached' && port.deviceId !== serverId) {
    nic.pending = 'nothing';
    fail(nic, null, `its port ${nic.portId ?? ''} is attached to ${port.deviceId}`);
  }
}

/** `null`: nothing more can be done for the missing NICs. */
function bringBack(
  back: PutBack,
  missing: Returning[],
  seen: Inspection,
  { serverId, now, settleMs, lagUntil, verdictAt }: Circumstances,
): Step | null {
  const creatable = missing.filter((nic) => nic.problem === null && nic.portId === null);
  for (const nic of creatable) {
    if (nic.snapshot.networkId === null) fail(nic, null, 'its network is not known');
    else if (nic.attempts.create >= MAX_ATTEMPTS) exhausted(nic, 'create');
    else return { do: 'create', nic };
  }
  const waiting = missing.filter((nic) => nic.problem === null && nic.portId !== null);
  if (waiting.length === 0) return null;
  if (waiting.some((nic) => isHere(portOf(nic, seen), serverId)))
    return {
      do: 'wait',
      ms: MOMENT_MS,
      why: 'a port says that it is attached, and the NIC list does not show it yet',
    };
  if (back.looksDue > 0) {
    back.looksDue -= 1;
    return {
      do: 'wait',
      ms: settleMs,
      firm: true,
      why: 'it is not known whether the last POST was accepted',
    };
  }
  if (now < lagUntil)
    return { do: 'wait', ms: MOMENT_MS, why: 'the job has ended, and the NIC list may lag behind it' };
  const able = waiting.filter(
    ({ attempts }) => attempts.attach < MAX_ATTEMPTS && attempts.refused < MAX_REFUSALS,
  );
  if (able.length === 0) {
    if (now < verdictAt) return { do: 'wait', ms: MOMENT_MS, why: 'what the last job did may show later' };
    for (const nic of waiting) exhausted(nic, 'attach');
    return null;
  }
  const { server } = seen;
  if (server !== null && !isIdle(server)) {
    return {
      do: 'wait',
      ms: STATE_WAIT_MS,
      why: `the server is ${server.status}, ${server.taskState ?? 'idle'}`,
    };
  }
  const violations = server === null ? [] : serverViolations(server);
  if (violations.length > 0) return { do: 'wait', ms: STATE_WAIT_MS, why: violations.join('; ') };
  return { do: 'attach', nics: back.oneByOne ? able.slice(0, 1) : able };
}

/** Every NIC that can come back is on the server: restores port settings and elastic IPs, then sets the flags. */
function finishing(open: Returning[], seen: Inspection, { now, horizonMs }: Circumstances): Step {
  const present = open.flatMap((nic): [Returning, InspectedNic][] => {
    const found = listed(nic, seen);
    return found === undefined ? [] : [[nic, found]];
  });
  for (const [nic, { snapshot }] of present) {
    if (!nic.created) continue;
    const changes = changesTo(nic, snapshot);
    if (Object.keys(changes).length > 0 && nic.attempts.update < MAX_ATTEMPTS)
      return { do: 'update', nic, changes };
    const bound = elasticIpsOf(snapshot);
    const away = [...bound, ...(nic.lost ?? [])];
    const address = elasticIpsOf(nic.snapshot).find((ip) => !away.some((other) => sameIp(ip, other)));
    if (address !== undefined && nic.attempts.bind < MAX_ATTEMPTS) return { do: 'bind', nic, address };
  }
  // A deletion that was sent without an answer may take effect late, and take the same port. Until then the NIC's flag
  // stays.
  const heldUntil = Math.max(
    0,
    ...present.map(([nic]) => (nic.attach ? (nic.seenSince ?? now) + horizonMs : 0)),
  );
  if (now < heldUntil) {
    return { do: 'wait', ms: heldUntil - now, why: 'a deletion that got no answer may still take effect' };
  }
  const flags = present.flatMap(([{ portId, snapshot, flag }, now_]): [string, boolean][] => {
    const wanted = flagToSet(snapshot, now_.snapshot);
    return flag && wanted !== null && portId !== null ? [[portId, wanted]] : [];
  });
  if (flags.length > 0) return { do: 'flags', flags: Object.fromEntries(flags) };
  return present.some(([nic]) => nic.seen < 2)
    ? { do: 'wait', ms: MOMENT_MS, why: 'a second reading, to be sure' }
    : { do: 'done' };
}

/** Applies only to a port that this run has made: a difference on the old port is the work of another actor. */
function changesTo(nic: Returning, now: InspectedNic['snapshot']): UpdatePortInput['changes'] {
  const { name, securityGroups, dhcpOptions } = nic.snapshot;
  const allowedAddressPairs = pairsOf(nic.snapshot);
  const same = (a: unknown, b: unknown) => a === null || JSON.stringify(a) === JSON.stringify(b);
  return {
    // The run created the port under a name by which it can be found.
    ...((name ?? '') === (now.name ?? '') ? {} : { name: name ?? '' }),
    ...(same(securityGroups, now.securityGroups) ? {} : { securityGroups }),
    ...(same(allowedAddressPairs, pairsOf(now)) ? {} : { allowedAddressPairs }),
    ...(same(dhcpOptions, now.dhcpOptions) ? {} : { dhcpOptions }),
  };
}

export function listed(nic: Returning, seen: Inspection): InspectedNic | undefined {
  return seen.nics.find(({ id }) => id === nic.portId);
}

/** Nothing is left to do for this NIC. */
export function isDone({ attach, flag, found, snapshot, created, problem }: Returning): boolean {
  if (problem !== null || (attach && found === null)) return false;
  const flagged = !flag || flagToSet(snapshot, found) === null;
  return flagged && !(created && found !== null && (found.name ?? '') !== (snapshot.name ?? ''));
}

function portOf(nic: Returning, seen: Inspection): Inspection['absent'][number]['port'] | undefined {
  return seen.absent.find(({ id }) => id === nic.portId)?.port;
}

export const FLAG_PROBLEM = 'its flag delete_on_termination could not be set back';

export function fail(nic: Returning, code: string | null, message: string): void {
  nic.problem = { code, message };
}

function exhausted(nic: Returning, what: 'attach' | 'create'): void {
  const said = nic.said === null ? '' : `: ${nic.said.message}`;
  fail(
    nic,
    nic.said?.code ?? null,
    `${what === 'attach' ? 'it could not be attached' : 'its port could not be created'}${said}`,
  );
}
