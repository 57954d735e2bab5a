import { z } from 'zod';
import type { Cloud } from '../simulated-cloud';
import { ecsError, flatError } from '../refusals';
import { allOf, firstOf } from '../world/faults';
import { jobBody } from './jobs';
import { badRequest, findServer } from './nic-jobs';
import { attachNics, notePorts } from './nics-attach';
import { deleteNics, noteTargets } from './nics-delete';
import type { Answer, Call, Operation } from './operation';
import { jsonOf, noContent, ok } from './operation';
import { detailBody, interfaceRow } from '../shapes';
import { listServers } from './server-list';
import { noteServers } from './sets';
import { shownNics } from './visibility';
import type { Port, Server } from '../world/world';

const byServer: Operation['serverOf'] = (cloud, params) =>
  // The world's own copy of the id, so that the ledger does not keep one per request.
  cloud.world.servers.get(params['serverId'] ?? '')?.id ?? params['serverId'];

function detail(cloud: Cloud, call: Call): Answer {
  return ok({ server: detailBody(cloud, findServer(cloud, call), call.now, 'detail') });
}

/** A server that is gone is 400 here, not 404 (docs/cloud-api.md §3.1). */
function listNics(cloud: Cloud, call: Call): Answer {
  const server = cloud.world.servers.get(call.params['serverId'] ?? '');
  if (!server || server.deleted) throw ecsError(400, 'Ecs.0307', 'Failed to query the port.');
  const stale = firstOf(call.faults, 'stale-list');
  const shown = shownNics(cloud, server, 'list', call.now);
  const listed = stale ? withFormer(cloud, server, shown, stale.nics) : shown;
  const hidden = allOf(call.faults, 'hide-nics').flatMap((what) => what.nics);
  const rows = listed.filter(
    (port, i) =>
      !hidden.includes(port.id) && !hidden.includes(i) && !(port.primary && hidden.includes('primary')),
  );
  return ok({
    attachableQuantity: { free_nic: cloud.world.freeNics(server), free_efi_nic: 0 },
    interfaceAttachments: rows.map((port) => interfaceRow(cloud, port)),
  });
}

function withFormer(cloud: Cloud, server: Server, shown: readonly Port[], only?: readonly string[]): Port[] {
  const former = server.history
    .map((id) => cloud.world.ports.get(id))
    .filter((port) => port !== undefined)
    .filter((port) => port.detachedBy !== null && !shown.includes(port) && (!only || only.includes(port.id)));
  return [...shown, ...former].sort((a, b) => a.attachedSeq - b.attachedSeq);
}

function showJob(cloud: Cloud, call: Call): Answer {
  const job = cloud.jobs.find(call.params['jobId'] ?? '', call.now);
  if (!job) throw flatError(400, 'Common.0011', 'Failed to query system tasks.');
  call.entry.jobId = job.id;
  return ok(jobBody(job, call.now, cloud.knobs));
}

/** `PUT os-interface/{port}` with `{"interface_attachment":{"delete_on_termination":…}}` (docs/cloud-api.md §1.3). */
function setFlag(cloud: Cloud, call: Call): Answer {
  const server = findServer(cloud, call);
  const port = cloud.world.livePort(call.params['portId'] ?? '');
  call.entry.portId = call.params['portId'];
  const body = Flag.safeParse(jsonOf(call.body)).data;
  if (!body) throw badRequest('The request body is invalid.');
  if (server.locked) throw ecsError(400, 'Ecs.0605', 'The ECS is locked.');
  if (!port || port.deviceId !== server.id) {
    throw ecsError(400, 'Ecs.0085', `The ECS does not have the interface ${call.params['portId'] ?? ''}.`);
  }
  if (!firstOf(call.faults, 'ignored')) {
    const value = body.interface_attachment.delete_on_termination;
    cloud.world.setDeleteOnTermination(port, value, call.now, { by: 'request', requestSeq: call.entry.seq });
  }
  call.entry.accepted = true;
  return noContent;
}

const Flag = z.object({ interface_attachment: z.object({ delete_on_termination: z.boolean() }) });

const ecs = (operation: Omit<Operation, 'service'>): Operation => ({ service: 'ecs', ...operation });

export const ecsOperations: readonly Operation[] = [
  ecs({
    requestClass: 'delete',
    method: 'POST',
    path: '/cloudservers/:serverId/nics/delete',
    action: 'ecs:cloudServerNics:delete',
    serverOf: byServer,
    note: noteTargets,
    handle: deleteNics,
  }),
  ecs({
    requestClass: 'attach',
    method: 'POST',
    path: '/cloudservers/:serverId/nics',
    action: 'ecs:cloudServers:addNics',
    serverOf: byServer,
    note: notePorts,
    handle: attachNics,
  }),
  ecs({
    requestClass: 'list',
    method: 'GET',
    path: '/cloudservers/:serverId/os-interface',
    action: 'ecs:cloudServers:listServerInterfaces',
    serverOf: byServer,
    handle: listNics,
  }),
  ecs({
    requestClass: 'flag',
    method: 'PUT',
    path: '/cloudservers/:serverId/os-interface/:portId',
    action: 'ecs:cloudServers:updateServerInterface',
    serverOf: byServer,
    handle: setFlag,
  }),
  ecs({
    requestClass: 'detail',
    method: 'GET',
    path: '/cloudservers/:serverId',
    action: 'ecs:cloudServers:showServer',
    serverOf: byServer,
    handle: detail,
  }),
  ecs({
    requestClass: 'tags',
    method: 'GET',
    path: '/cloudservers/:serverId/tags',
    action: 'ecs:cloudServers:showServerTags',
    serverOf: byServer,
    handle: (cloud, call) => ok({ tags: findServer(cloud, call).tags }),
  }),
  ecs({
    requestClass: 'servers',
    method: 'GET',
    path: '/cloudservers/detail',
    action: 'ecs:cloudServers:listServersDetails',
    note: noteServers,
    handle: listServers,
  }),
  ecs({
    requestClass: 'job',
    method: 'GET',
    path: '/jobs/:jobId',
    action: 'ecs:cloudServers:showJob',
    serverOf: (cloud, params) => cloud.jobs.serverIdOf(params['jobId'] ?? ''),
    handle: showJob,
  }),
];
