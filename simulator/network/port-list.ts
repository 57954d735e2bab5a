import type { Cloud } from '../simulated-cloud';
import { flatError, vpcV3Error } from '../refusals';
import type { Answer, Call } from '../compute/operation';
import { ok } from '../compute/operation';
import { given, honoured, noteMissing, seenAt, withoutLost } from '../compute/sets';
import { portBody, portBodyV3 } from '../shapes';
import { shownDevice } from '../compute/visibility';
import type { Port } from '../world/world';

/** Ports a page (docs/cloud-api.md §4.2). */
const PAGE = 2000;

/** What a list is asked for; null: that filter is not set. */
interface Filter {
  ids: readonly string[] | null;
  devices: readonly string[] | null;
  names: readonly string[] | null;
  networks: readonly string[] | null;
}

interface Row {
  id: string;
  exists: true;
  port: Port;
  device: string;
}

/** `GET /v1/{project}/ports`: only `id` may come several times (docs/cloud-api.md §4.2). */
export function listPorts(cloud: Cloud, call: Call): Answer {
  const single = (name: string) => {
    const value = call.query.get(name);
    return value === null ? null : [value];
  };
  const filter: Filter = {
    ids: several(cloud, call, 'id', flatError),
    devices: single('device_id'),
    names: single('name'),
    networks: single('network_id'),
  };
  const rows = find(cloud, call, filter);
  return ok({ ports: rows.map(({ port, device }) => portBody(cloud, port, device, 'list')) });
}

/** `GET /v3/{project}/ports`: all four filters may come several times (docs/cloud-api.md §4.2). */
export function listPortsV3(cloud: Cloud, call: Call): Answer {
  const filter: Filter = {
    ids: several(cloud, call, 'id', vpcV3Error),
    devices: several(cloud, call, 'device_id', vpcV3Error),
    names: orNull(given(call.query, 'name')),
    networks: orNull(given(call.query, 'virsubnet_id')),
  };
  const rows = find(cloud, call, filter);
  const [first, last] = [rows[0], rows.at(-1)];
  return ok({
    request_id: call.entry.requestId,
    ports: rows.map(({ port, device }) => portBodyV3(cloud, port, device)),
    page_info: {
      current_count: rows.length,
      ...(first ? { previous_marker: first.id } : {}),
      ...(last && rows.length === limitOf(call) ? { next_marker: last.id } : {}),
    },
  });
}

function several(cloud: Cloud, call: Call, name: string, error: typeof flatError): string[] | null {
  const ids = honoured(given(call.query, name), cloud.knobs.portIdsHonoured);
  if (!ids) throw error(400, 'VPC.0002', `The parameter ${name} is invalid.`);
  return orNull(ids);
}

const orNull = (values: string[]) => (values.length === 0 ? null : values);

/** 0 and no number count as not given: the documented range begins with 0, and says nothing of its meaning. */
function limitOf({ query }: Call): number {
  return Math.min(Math.max(Number(query.get('limit') ?? PAGE) || PAGE, 1), PAGE);
}

/** `marker` is the last id of the page before (docs/cloud-api.md §4.2). */
function find(cloud: Cloud, call: Call, filter: Filter): Row[] {
  const { ids, devices, names, networks } = filter;
  const isSet = ids !== null || devices !== null;
  // Only sets lag: a search by name is no set (docs/cloud-api.md §3.5).
  const when = isSet ? seenAt(cloud, 'ports', call) : call.now;
  const limit = limitOf(call);
  const marker = call.query.get('marker');
  const rows: Row[] = [];
  for (const candidate of candidates(cloud, filter)) {
    if (rows.length === limit) break;
    if (marker !== null && candidate.id <= marker) continue;
    const port = cloud.world.past.at(candidate, when);
    if (!port) continue;
    if (names && !names.includes(port.name)) continue;
    if (networks && !networks.includes(port.networkId)) continue;
    const device = shownDevice(cloud, port, when);
    if (device === undefined) continue;
    if (devices && !devices.includes(device)) continue;
    rows.push({ id: port.id, exists: true, port, device });
  }
  if (!isSet) {
    withoutLost(cloud, call, []);
    return rows;
  }
  const shown = withoutLost(cloud, call, rows);
  noteMissing(call, shown);
  return shown;
}

/** In the order of their ids, so that a marker is meaningful. */
function candidates(cloud: Cloud, { ids, devices }: Filter): Port[] {
  const { ports, servers } = cloud.world;
  // An empty device is that of free ports, which no server remembers.
  const ofDevices = devices?.every((id) => servers.has(id))
    ? devices.flatMap((id) => servers.get(id)?.history ?? [])
    : null;
  const wanted = ids ?? (ofDevices && [...new Set(ofDevices)]);
  const found = wanted ? wanted.map((id) => ports.get(id)) : [...ports.values()];
  return found.filter((port) => port !== undefined).sort((a, b) => (a.id < b.id ? -1 : 1));
}
