import type { Cloud } from '../simulated-cloud';
import { flatError, portMissing } from '../refusals';
import { firstOf } from '../world/faults';
import type { Answer, Call, Operation } from '../compute/operation';
import { noContent, ok } from '../compute/operation';
import { createPort, updatePort } from './port-changes';
import { portBody } from '../shapes';
import { serverConcerned, shownDevice } from '../compute/visibility';
import type { Port } from '../world/world';

/** Ports a page (docs/cloud-api.md §4.2). */
const PAGE = 2000;

const serverOfPort: Operation['serverOf'] = (cloud, params) => serverConcerned(cloud, params['portId'] ?? '');

function showPort(cloud: Cloud, call: Call): Answer {
  const id = call.params['portId'] ?? '';
  const port = cloud.world.ports.get(id);
  call.entry.portId = port?.id ?? id;
  const device = port && shownDevice(cloud, port, call.now);
  if (!port || device === undefined) throw portMissing(id);
  return ok({ port: portBody(cloud, port, device) });
}

/** `marker` is the last id of the page before (docs/cloud-api.md §4.2). */
function listPorts(cloud: Cloud, call: Call): Answer {
  const text = (name: string) => call.query.get(name);
  const limit = Math.min(Math.max(Number(text('limit') ?? PAGE) || PAGE, 1), PAGE);
  const marker = text('marker');
  const rows: unknown[] = [];
  for (const port of candidates(cloud, text('device_id'))) {
    if (rows.length === limit) break;
    if (marker !== null && port.id <= marker) continue;
    if (text('name') !== null && port.name !== text('name')) continue;
    if (text('network_id') !== null && port.networkId !== text('network_id')) continue;
    const device = shownDevice(cloud, port, call.now);
    if (device === undefined) continue;
    if (text('device_id') !== null && device !== text('device_id')) continue;
    rows.push(portBody(cloud, port, device));
  }
  return ok({ ports: rows });
}

/** In the order of their ids, so that a marker is meaningful. */
function candidates(cloud: Cloud, deviceId: string | null): Port[] {
  const server = deviceId === null ? undefined : cloud.world.servers.get(deviceId);
  const ports = server
    ? server.history.map((id) => cloud.world.ports.get(id)).filter((port) => port !== undefined)
    : [...cloud.world.ports.values()];
  return ports.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Only a port that is bound to nothing can be deleted (docs/cloud-api.md §4.2). */
function deletePort(cloud: Cloud, call: Call): Answer {
  const id = call.params['portId'] ?? '';
  call.entry.portId = id;
  const port = cloud.world.livePort(id);
  if (!port) throw portMissing(id);
  if (port.deviceId !== '') throw flatError(400, 'VPC.2500', `Port ${id} is in use: device_id is not empty.`);
  if (!firstOf(call.faults, 'ignored')) {
    const cause = { by: 'request', requestSeq: call.entry.seq } as const;
    cloud.world.deletePort(port, call.now, cause, call.entry.serverId);
  }
  call.entry.accepted = true;
  return noContent;
}

const vpc = (operation: Omit<Operation, 'service'>): Operation => ({ service: 'vpc', ...operation });

export const vpcOperations: readonly Operation[] = [
  vpc({
    requestClass: 'port',
    method: 'GET',
    path: '/ports/:portId',
    action: 'vpc:ports:get',
    serverOf: serverOfPort,
    handle: showPort,
  }),
  vpc({
    requestClass: 'ports',
    method: 'GET',
    path: '/ports',
    action: 'vpc:ports:list',
    serverOf: (cloud, _params, query) => cloud.world.servers.get(query.get('device_id') ?? '')?.id,
    handle: listPorts,
  }),
  vpc({
    requestClass: 'port-create',
    method: 'POST',
    path: '/ports',
    action: 'vpc:ports:create',
    handle: createPort,
  }),
  vpc({
    requestClass: 'port-update',
    method: 'PUT',
    path: '/ports/:portId',
    action: 'vpc:ports:update',
    serverOf: serverOfPort,
    handle: updatePort,
  }),
  vpc({
    requestClass: 'port-delete',
    method: 'DELETE',
    path: '/ports/:portId',
    action: 'vpc:ports:delete',
    serverOf: serverOfPort,
    handle: deletePort,
  }),
];
