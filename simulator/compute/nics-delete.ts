import type { Cloud } from '../simulated-cloud';
import { ecsError } from '../refusals';
import type { Failure, Job } from './jobs';
import type { LedgerRequest } from '../world/ledger';
import { badRequest, findServer, nicsOf, parseNics, refuseByState, refuseRepeated, submit } from './nic-jobs';
import type { Answer, Call } from './operation';
import { jsonOf } from './operation';
import { isUuid } from '../world/random';
import { afterimageOf } from './visibility';
import type { Server } from '../world/world';

const notAttached: Failure = { code: 'Ecs.0507', reason: 'delete nic failed: the server has no such nic' };

/**
 * `POST cloudservers/{id}/nics/delete` (docs/cloud-api.md §1.1): every refusal first, then one job with a step per NIC.
 */
export function deleteNics(cloud: Cloud, call: Call): Answer {
  const ids = parseNics(cloud, call).map(idOf);
  if (!ids.every(isUuid)) throw badRequest('The parameter nics.id is missing or invalid.');
  refuseRepeated(cloud, ids);
  const server = findServer(cloud, call);
  refuseByState(cloud, server, call.now);
  if (!server.onlineRemoval && server.status === 'ACTIVE') {
    throw ecsError(400, 'Ecs.0100', 'The ECS does not support removing a NIC while it runs.');
  }
  refuseByNic(cloud, server, ids);
  const tasks = [...new Set(ids)].map((nicId) => ({
    nicId,
    run: (at: number, job: Job) => detach(cloud, server, nicId, at, job),
  }));
  return submit(cloud, call, server, 'delete', tasks);
}

/** The NICs named and the primary one of that moment, for the rule that no request may name it. */
export function noteTargets(cloud: Cloud, entry: LedgerRequest, body: Buffer): void {
  const ids = nicsOf(jsonOf(body))
    ?.map(idOf)
    .filter((id) => typeof id === 'string');
  const server = cloud.world.servers.get(entry.serverId ?? '');
  const primary = server && cloud.world.primaryOf(server);
  if (ids) entry.nicIds = ids;
  if (primary) entry.primaryId = primary.id;
}

const idOf = (nic: unknown): unknown =>
  typeof nic === 'object' && nic !== null && 'id' in nic ? nic.id : undefined;

function refuseByNic(cloud: Cloud, server: Server, ids: readonly string[]): void {
  const { primaryRefusal, primaryCode, unknownNic } = cloud.knobs;
  const primary = cloud.world.primaryOf(server);
  if (primaryRefusal === 'request' && primary && ids.includes(primary.id)) {
    throw ecsError(403, primaryCode, `The primary NIC ${primary.id} cannot be deleted.`);
  }
  const foreign = ids.find((id) => !server.nics.includes(id));
  if (unknownNic === 'request' && foreign !== undefined) {
    throw ecsError(400, 'Ecs.0085', `The ECS does not have the interface ${foreign}.`);
  }
}

/** The port's fate follows its flag at the moment it comes off (docs/cloud-api.md §1.3). */
function detach(cloud: Cloud, server: Server, nicId: string, at: number, job: Job): Failure | null {
  const { world, knobs } = cloud;
  const port = world.livePort(nicId);
  if (server.deleted) return { code: 'Ecs.0114', reason: 'the server does not exist' };
  if (!port || port.deviceId !== server.id) return notAttached;
  if (port.primary && knobs.primaryRefusal === 'sub-job') {
    return { code: knobs.primaryCode, reason: 'the primary nic cannot be deleted' };
  }
  const cause = { by: 'job', jobId: job.id } as const;
  world.detach(port, at, cause);
  port.afterimage = afterimageOf(cloud, job, server.id, at);
  if (port.deleteOnTermination) world.deletePort(port, at, cause, server.id);
  return null;
}
