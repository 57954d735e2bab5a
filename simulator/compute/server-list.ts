import type { Cloud } from '../simulated-cloud';
import { badRequest } from './nic-jobs';
import type { Answer, Call } from './operation';
import { ok } from './operation';
import { given, honoured, noteMissing, seenAt, withoutLost } from './sets';
import { detailBody, unknownServer } from '../shapes';
import type { Server } from '../world/world';

/** A page of the server list (docs/cloud-api.md §3.6). */
const PAGE = 25;
const MAX_PAGE = 1000;

interface Row {
  id: string;
  /** Null: there is none of that id. */
  server: Server | null;
  exists: boolean;
}

/** `GET cloudservers/detail`: the servers named, else all of the project (docs/cloud-api.md §3.6). */
export function listServers(cloud: Cloud, call: Call): Answer {
  const when = seenAt(cloud, 'servers', call);
  const ids = askedFor(cloud, call.query);
  const isSet = ids.length > 0;
  const rows = isSet ? named(cloud, ids, when) : all(cloud, call.query, when);
  const paged = isSet && !cloud.knobs.serverSetPages ? rows : page(cloud, rows, call.query, isSet);
  const shown = withoutLost(cloud, call, paged);
  noteMissing(call, shown);
  return ok({
    count: rows.length - (paged.length - shown.length),
    servers: shown.map(({ id, server }) =>
      server ? detailBody(cloud, server, when, 'servers') : unknownServer(id, when),
    ),
  });
}

/** In the form that the knob has the cloud understand. */
function askedFor(cloud: Cloud, query: URLSearchParams): string[] {
  const { serverIdsForm, serverIdsHonoured } = cloud.knobs;
  const values = given(query, 'server_id');
  const taken = serverIdsForm === 'comma' ? values.slice(0, 1) : values;
  const ids = serverIdsForm === 'repeated' ? taken : taken.flatMap((value) => value.split(','));
  const result = honoured(
    ids.filter((id) => id !== ''),
    serverIdsHonoured,
  );
  if (!result) throw badRequest('The parameter server_id is invalid.');
  return result;
}

const rowOf = (id: string, server: Server | null): Row => ({ id, server, exists: server !== null });

/** All other filters are ignored beside ids. Their order is that of the ids, so that nothing can rely on the caller's order. */
function named(cloud: Cloud, ids: readonly string[], when: number): Row[] {
  return [...ids].sort().map((id) => rowOf(id, existing(cloud, cloud.world.servers.get(id), when)));
}

function all(cloud: Cloud, query: URLSearchParams, when: number): Row[] {
  const name = query.get('name') ?? '';
  const status = query.get('status') ?? '';
  return [...cloud.world.servers.values()]
    .map((server) => existing(cloud, server, when))
    .filter((server) => server !== null)
    .filter((server) => server.name.includes(name) && (status === '' || server.status === status))
    .map((server) => rowOf(server.id, server));
}

function existing(cloud: Cloud, server: Server | undefined, when: number): Server | null {
  const then = server ? cloud.world.past.at(server, when) : null;
  return then?.deleted === false ? then : null;
}

/** `marker` is the last id of the page before; `offset` is discarded (docs/cloud-api.md §3.6). */
function page(cloud: Cloud, rows: readonly Row[], query: URLSearchParams, isSet: boolean): Row[] {
  const limit = Math.min(Math.max(Number(query.get('limit') ?? PAGE) || PAGE, 1), MAX_PAGE);
  const marker = query.get('marker') ?? '';
  if (marker === '' || (!isSet && !cloud.knobs.serverListMarker)) return rows.slice(0, limit);
  if (isSet) return rows.filter(({ id }) => id > marker).slice(0, limit);
  // The walk goes on behind a server that has been deleted since.
  const ids = [...cloud.world.servers.keys()];
  const at = ids.indexOf(marker);
  if (at < 0) throw badRequest(`The marker ${marker} does not exist.`);
  const before = new Set(ids.slice(0, at + 1));
  return rows.filter(({ id }) => !before.has(id)).slice(0, limit);
}
