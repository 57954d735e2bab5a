import type { Cloud } from '../simulated-cloud';
import { flatError, portMissing } from '../refusals';
import { firstOf } from '../world/faults';
import type { Answer, Call, Operation } from '../compute/operation';
import { noContent, ok } from '../compute/operation';
import { createPort, updatePort } from './port-changes';
import { portBody } from '../shapes';
import { notePortIds } from '../compute/sets';
import { listPorts, listPortsV3 } from './port-list';
import { serverConcerned, shownDevice } from '../compute/visibility';

const serverOfPort: Operation['serverOf'] = (cloud, params) => serverConcerned(cloud, params['portId'] ?? '');

const serverOfDevice: Operation['serverOf'] = (cloud, _params, query) =>
  cloud.world.servers.get(query.get('device_id') ?? '')?.id;

function showPort(cloud: Cloud, call: Call): Answer {
  const id = call.params['portId'] ?? '';
  const port = cloud.world.ports.get(id);
  call.entry.portId = port?.id ?? id;
  const device = port && shownDevice(cloud, port, call.now);
  if (!port || device === undefined) throw portMissing(id);
  return ok({ port: portBody(cloud, port, device) });
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
    serverOf: serverOfDevice,
    note: notePortIds,
    handle: listPorts,
  }),
  vpc({
    requestClass: 'ports',
    method: 'GET',
    path: '/ports',
    version: 'v3',
    action: 'vpc:ports:list',
    serverOf: serverOfDevice,
    note: notePortIds,
    handle: listPortsV3,
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
