/** Looks up which ports an earlier run has kept, and what is left of them, before one is deleted. */
import type { Inspection, PortState } from '../../activities/agreement';
import { GONE_STATES } from '../../activities/agreement';
import type { CheckedNics } from '../../contract/earlier-run';
import type { SavedNic } from '../../contract/saved-result';
import { primaryOf } from '../policy/guards';
import { gradeOf } from '../policy/undo-log';
import { label, nics as countOf } from '../run/details';
import type { Release } from '../run/kinds';
import { keep } from '../run/state/undo';
import { refused, rowsOf, savedNics } from './earlier-run';
import { inspectOnce, ready, recordServer } from './inspect';
import { lookAtPorts } from './look';

/** Ends the run if a NIC is not one whose port that run has kept. Otherwise the run holds the ports that are still there. */
export async function planRelease(run: Release): Promise<void> {
  const { request, document, state } = run;
  run.enter('inspecting');
  const { nics: saved, heldBy } = await savedNics(run);
  const { nics, problems } = keptBy(saved, request);
  if (heldBy !== null)
    problems.unshift(
      `decommission run ${heldBy} is open, and keeps these ports for its undo window: commit it`,
    );
  if (problems.length > 0) throw refused(problems);
  document.nics = rowsOf(nics);
  const ids = nics.map(({ id }) => id);
  const seen = await lookAtServer(run, ids);
  const ports = await portsOf(run, seen, ids);
  for (const row of document.nics) {
    const port = ports.get(row.id);
    const isListed = seen.nics.some(({ id }) => id === row.id);
    row.evidence = {
      ...row.evidence,
      list: isListed ? 'present' : 'absent',
      port: port?.state ?? 'unknown',
    };
    if (row.snapshot !== null)
      row.restore = gradeOf(row.snapshot, !request.dryRun && port?.state !== 'absent');
    if (port?.state === 'absent') row.outcome = 'already-absent';
    else if (request.dryRun) row.message = forecastOf(port, request.serverId);
    else row.outcome = 'detached';
  }
  if (request.dryRun) return;
  keep(
    state,
    document.nics.filter(({ outcome }) => outcome === 'detached').map(({ id }) => id),
  );
  // From here on the run comes to its own end.
  run.touch();
}

/** The NICs that the request means; `problems` name those whose port that run has not kept. Pure. */
export function keptBy(
  saved: readonly SavedNic[],
  { nics, serverId }: Pick<CheckedNics, 'nics' | 'serverId'>,
): { nics: SavedNic[]; problems: string[] } {
  const isKept = ({ outcome, mayBeLeft }: SavedNic) => outcome === 'detached' || mayBeLeft;
  if (nics === 'all') {
    // What may only have been left over has to be named.
    const kept = saved.filter(({ outcome }) => outcome === 'detached');
    const problems = kept.length > 0 ? [] : [`that run has kept no port of server ${serverId}`];
    return { nics: kept, problems };
  }
  const problems = nics.flatMap((id) => {
    const nic = saved.find((one) => one.id === id);
    if (nic === undefined) return [`NIC ${id}: that run has no snapshot of it`];
    return isKept(nic) ? [] : [`NIC ${id}: that run has not kept its port (${nic.outcome})`];
  });
  return { nics: saved.filter((nic) => isKept(nic) && nics.includes(nic.id)), problems };
}

/** A port is deleted whatever state the server is in, and also when the server is gone. */
async function lookAtServer(run: Release, ids: string[]): Promise<Inspection> {
  const { request } = run;
  for (;;) {
    const seen = await inspectOnce(run, ids, `ports of ${countOf(ids.length)} to delete`);
    if (request.projectId !== null && request.projectId !== seen.projectId)
      throw refused([`project ${request.projectId} is not this worker's (${seen.projectId})`]);
    const there = seen.server !== null && !GONE_STATES.has(seen.server.status);
    const primary = there ? primaryOf(seen) : { id: null, problem: null };
    recordServer(run, seen, primary.id);
    const problems = primary.problem === null ? [] : [primary.problem];
    if (primary.id !== null && ids.includes(primary.id))
      problems.push(`NIC ${primary.id} is the primary NIC, which is never touched`);
    if (problems.length > 0) throw refused(problems);
    // What a run before this one has left open may attach one of these ports.
    if (request.dryRun || (await ready(run, null, true, seen.server))) return seen;
  }
}

/** Of a server that is gone the inspection reads no ports. */
async function portsOf(run: Release, seen: Inspection, ids: string[]): Promise<Map<string, PortState>> {
  if (seen.server !== null) {
    const there = seen.nics.map(({ id, port }) => [id, port] as const);
    return new Map([...there, ...seen.absent.map(({ id, port }) => [id, port] as const)]);
  }
  const ports = await lookAtPorts(run, label(`the ports of ${countOf(ids.length)}`), ids);
  return new Map(Object.entries(ports));
}

/** Whether a free port was changed shows only at the look before its deletion. */
function forecastOf(port: PortState | undefined, serverId: string): string | null {
  if (port?.state === 'free') return null;
  if (port?.state !== 'attached') return 'its port could not be read: a real run would look again';
  return port.deviceId === serverId
    ? 'would be left: it is on the server'
    : `would be left: its port is in use by ${port.deviceId}`;
}
