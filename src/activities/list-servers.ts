import type { ListServersActivityInput, ServersPage } from './agreement';
import { readTag } from '../contract/decommission/tags';
import type { FoundServer } from '../contract/server-list';
import type { ServerDetail } from '../ecs/cloud';
import { existing } from './inspect-server';
import { reading } from './support/attempt';
import type { Dependencies } from './support/dependencies';
import { forEachOf } from './support/ports';

/** Servers of one page: with ten NICs each its answer stays below 256 KB. */
const PAGE = 100;

/**
 * One page of the project's servers, those that fit. The filter is applied here: what the cloud's own filters mean is known only for some of
 * them (docs/cloud-api.md §3.6), and a server that should not be on the list is worse than a page that was read in vain.
 */
export async function listServers(
  dependencies: Dependencies,
  { after, ...filter }: ListServersActivityInput,
): Promise<ServersPage> {
  const { cloud } = dependencies;
  const options = reading(dependencies);
  const { servers, last } = await cloud.listServers({ after, limit: PAGE }, options);
  const fit = fitting(filter);
  const page: ServersPage = {
    kind: 'servers',
    servers: [],
    bare: 0,
    unclear: [],
    seen: servers.length,
    next: last,
  };
  // Lists perhaps do not tell what the detail of a single server tells.
  const details = await forEachOf(servers.filter(fit), async (listed) =>
    isClear(listed) ? listed : existing(() => cloud.showServer(listed.id, options)),
  );
  for (const detail of details) {
    if (detail === null) continue;
    const found = isClear(detail) ? lineOf(detail) : null;
    if (found === null) page.unclear.push(detail.id);
    else if (found.nics.length === 0) page.bare += 1;
    else page.servers.push(found);
  }
  return page;
}

/** It tells all NICs, and exactly one of them as the primary one. */
function isClear({ portIds, primaryPortIds }: ServerDetail): boolean {
  const [primary, ...others] = primaryPortIds;
  return primary !== undefined && others.length === 0 && portIds?.includes(primary) === true;
}

function lineOf({ id, name, portIds, primaryPortIds, addresses }: ServerDetail): FoundServer {
  const nics = (portIds ?? []).filter((port) => !primaryPortIds.includes(port));
  return {
    serverId: id,
    serverName: name,
    nics: nics.map((port) => {
      const { ips = [], mac = null } = addresses[port] ?? {};
      return { id: port, ...(ips[0] === undefined ? {} : { ip: ips[0] }), ...(mac === null ? {} : { mac }) };
    }),
  };
}

function fitting({ name, status, tags }: Omit<ListServersActivityInput, 'after' | 'place'>) {
  const pattern = name === null ? null : patternOf(name);
  const wanted = tags.map((tag) => ({ ...readTag(tag), isWhole: tag.includes('=') }));
  return (detail: ServerDetail): boolean => {
    if (pattern !== null && !pattern.test(detail.name ?? '')) return false;
    if (status !== null && detail.status.toUpperCase() !== status.toUpperCase()) return false;
    // Of a server whose tags can't be read nobody knows whether it has this one.
    const has = (detail.tags ?? []).map(readTag);
    return wanted.every(({ key, value, isWhole }) =>
      has.some((tag) => tag.key === key && (!isWhole || tag.value === value)),
    );
  };
}

/** `*` stands for any characters, `?` for one; all else for itself. */
function patternOf(name: string): RegExp {
  const parts = [...name].map((letter) =>
    letter === '*' ? '.*' : letter === '?' ? '.' : letter.replace(/[\\^$.|+()[\]{}]/, '\\$&'),
  );
  return new RegExp(`^${parts.join('')}$`, 'su');
}
