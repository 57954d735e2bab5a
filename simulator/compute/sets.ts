import type { Cloud } from '../simulated-cloud';
import type { Call, Operation } from './operation';
import { Stream, fraction } from '../world/random';
import { serverConcerned } from './visibility';

/** What reads of servers and of ports by sets have in common (docs/cloud-api.md §3.6, §4.2). */

/** Which of several ids are honoured; null: the call is refused. */
export function honoured(
  ids: readonly string[],
  which: 'all' | 'first' | 'last' | 'refused',
): string[] | null {
  const distinct = [...new Set(ids)];
  if (distinct.length <= 1) return distinct;
  switch (which) {
    case 'all':
      return distinct;
    case 'first':
      return distinct.slice(0, 1);
    case 'last':
      return distinct.slice(-1);
    case 'refused':
      return null;
  }
}

/** Parameters of that name that say something: an empty filter is none. */
export const given = (query: URLSearchParams, name: string) =>
  query.getAll(name).filter((value) => value !== '');

/** The instant whose state a set read shows. */
export function seenAt(cloud: Cloud, what: 'servers' | 'ports', { now, entry }: Call): number {
  const { setLagIn, setLagSeconds } = cloud.knobs;
  if (setLagSeconds === 0 || !setLagIn.includes(what)) return now;
  entry.shows = now - setLagSeconds * 1000;
  return entry.shows;
}

/** For the ledger: the ids asked for that these rows say nothing of. */
export function noteMissing({ entry }: Call, rows: readonly { id: string; exists: boolean }[]): void {
  const told = new Set(rows.filter(({ exists }) => exists).map(({ id }) => id));
  const missing = [...new Set(entry.asked)].filter((id) => !told.has(id));
  if (missing.length > 0) entry.missing = missing;
}

/** The rows of a set answer without those that faults take out of it; a fault that finds nothing to take has not struck. */
export function withoutLost<T extends { id: string; exists: boolean }>(
  cloud: Cloud,
  call: Call,
  rows: readonly T[],
): T[] {
  let left = [...rows];
  for (const fault of call.faults) {
    const { what } = fault;
    if (what.kind !== 'lost-entry') continue;
    const candidates = left.filter(({ id, exists }) => exists && (what.entry ?? id) === id);
    const chance = fraction(cloud.settings.seed, Stream.lost, call.entry.seq);
    const lost = candidates[Math.floor(chance * candidates.length)];
    if (lost) left = left.filter((row) => row !== lost);
    else fault.struck -= 1;
  }
  return left;
}

/** The server ids a read asks for, in either form, whatever the cloud makes of them. */
export const noteServers: Operation['note'] = (cloud, entry, _body, _params, query) => {
  const ids = given(query, 'server_id').flatMap((value) => value.split(','));
  if (ids.length === 0) return;
  // The world's own copies, so that the ledger does not keep one per request.
  entry.asked = ids.map((id) => cloud.world.servers.get(id)?.id ?? id);
  entry.serverIds = [...new Set(entry.asked)];
};

/** The port ids a read asks for, and the servers they and `device_id` are about. */
export const notePortIds: Operation['note'] = (cloud, entry, _body, _params, query) => {
  const { world } = cloud;
  const ports = given(query, 'id').map((id) => world.ports.get(id)?.id ?? id);
  const devices = given(query, 'device_id').map((id) => world.servers.get(id)?.id ?? id);
  const servers = [...ports.map((id) => serverConcerned(cloud, id)), ...devices];
  const known = servers.filter((id) => id !== undefined);
  if (ports.length > 0) entry.asked = ports;
  if (known.length > 0) entry.serverIds = [...new Set(known)];
};
