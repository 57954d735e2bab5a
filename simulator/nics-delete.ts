import type { Cloud } from './cloud';
import { ecsError, serverMissing } from './errors';
import type { Fault } from './faults';
import { allOf, firstOf } from './faults';
import type { Bend, Failure, Job, Step } from './jobs';
import type { LedgerRequest } from './ledger';
import type { Answer, Call } from './operation';
import { ok } from './operation';
import { isUuid } from './random';
import { afterimageOf } from './visibility';
import type { Server } from './world';

const badRequest = (message: string) => ecsError(400, 'Ecs.0005', message);
const notAttached: Failure = { code: 'Ecs.0507', reason: 'delete nic failed: the server has no such nic' };

/** `POST cloudservers/{id}/nics/delete` (ecs-api.md §1): every refusal first, then one job with a step per NIC. */
export function deleteNics(cloud: Cloud, call: Call): Answer {
  const ids = parse(cloud, call);
  const server = cloud.world.servers.get(call.params['serverId'] ?? '');
  if (!server || server.deleted) throw serverMissing(call.params['serverId'] ?? '');
  refuseByState(cloud, server, call.now);
  refuseByNic(cloud, server, ids);
  const { knobs } = cloud;
  if (firstOf(call.faults, 'busy')) throw busy(knobs.whenBusy);
  const targets = [...new Set(ids)];
  const steps = targets.map((id, i) => step(cloud, server, id, i, call.faults));
  const job = cloud.jobs.accept(server, steps, call.now, bend(call.faults));
  call.entry.accepted = true;
  call.entry.jobId = job.id;
  return ok({ job_id: job.id });
}

/** The NICs named and the primary one of that moment, for the rule that no request may name it. */
export function noteTargets(cloud: Cloud, entry: LedgerRequest, body: Buffer): void {
  const ids = idsOf(jsonOf(body))?.filter((id): id is string => typeof id === 'string');
  const server = cloud.world.servers.get(entry.serverId ?? '');
  const primary = server && cloud.world.primaryOf(server);
  if (ids) entry.nicIds = ids;
  if (primary) entry.primaryId = primary.id;
}

/** Undefined: not JSON. */
function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The `id` of every entry of `nics`, whatever it is; undefined: there is no such list. */
function idsOf(body: unknown): unknown[] | undefined {
  const nics: unknown = typeof body === 'object' && body !== null && 'nics' in body ? body.nics : undefined;
  if (!Array.isArray(nics)) return undefined;
  return nics.map((nic: unknown) =>
    typeof nic === 'object' && nic !== null && 'id' in nic ? nic.id : undefined,
  );
}

/** The ids as sent; what can be wrong with a body is undocumented (ecs-api.md §1). */
function parse(cloud: Cloud, call: Call): string[] {
  const { emptyBodyCode, duplicateNics } = cloud.knobs;
  const empty = (what: string) => ecsError(400, emptyBodyCode, `${what} is empty.`);
  if (call.body.length === 0) throw empty('The request body');
  const body = jsonOf(call.body);
  if (body === undefined) throw badRequest('The request body is not JSON.');
  const ids = idsOf(body);
  if (!ids) throw badRequest('The parameter nics is missing or invalid.');
  if (ids.length === 0) throw empty('The parameter nics');
  if (!ids.every(isUuid)) throw badRequest('The parameter nics.id is missing or invalid.');
  if (duplicateNics === 'refuse' && new Set(ids).size !== ids.length) {
    throw badRequest('The parameter nics holds an id twice.');
  }
  return ids;
}

function busy(code: Cloud['knobs']['whenBusy']) {
  return code === 'Ecs.0100'
    ? ecsError(400, 'Ecs.0100', 'The status of the ECS does not allow the operation.')
    : ecsError(
        501,
        'Ecs.0603',
        'Another command is being executed on the ECS. Please try again 1 minute later.',
      );
}

function refuseByState(cloud: Cloud, server: Server, now: number): void {
  if (server.frozen) throw ecsError(400, 'Ecs.0030', 'The ECS is frozen.');
  if (server.locked) throw ecsError(400, 'Ecs.0605', 'The ECS is locked.');
  if (now < server.busyUntil && cloud.knobs.whenBusy !== 'accept') throw busy(cloud.knobs.whenBusy);
  if (!['ACTIVE', 'SHUTOFF'].includes(server.status) || server.taskState !== null) {
    throw ecsError(
      400,
      'Ecs.0100',
      `The ECS status ${server.status} (${server.taskState ?? 'no task'}) does not allow the operation.`,
    );
  }
  if (!server.onlineRemoval && server.status === 'ACTIVE') {
    throw ecsError(400, 'Ecs.0100', 'The ECS does not support removing a NIC while it runs.');
  }
}

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

/** What one sub-job does, and says it did: the two differ when a fault has it so. */
function step(cloud: Cloud, server: Server, nicId: string, index: number, faults: readonly Fault[]): Step {
  const names = (nics: readonly (string | number)[] | undefined) =>
    nics === undefined || nics.includes(nicId) || nics.includes(index);
  const failing = allOf(faults, 'partial-failure').find((what) => names(what.nics));
  const lying = allOf(faults, 'lying-job').find((what) => names(what.nics));
  const denying = allOf(faults, 'false-failure').find((what) => names(what.nics));
  const late = failing?.lateMs ?? lying?.lateMs;
  const takeOff = (at: number, job: Job) => detach(cloud, server, nicId, at, job);
  return {
    nicId,
    carryOut: (at, job) => {
      if (late !== undefined) cloud.world.agenda.schedule(job.endsAt + late, (then) => takeOff(then, job));
      if (failing) return { code: failing.code, reason: failing.reason };
      if (lying) return null;
      const failure = takeOff(at, job);
      return denying ? { code: denying.code, reason: denying.reason } : failure;
    },
  };
}

function bend(faults: readonly Fault[]): Bend {
  const stuck = firstOf(faults, 'job-stuck');
  const parent = faults
    .map(({ what }) =>
      what.kind === 'partial-failure' || what.kind === 'false-failure' ? what.parent : undefined,
    )
    .find((value) => value !== undefined);
  return {
    seconds: firstOf(faults, 'job-seconds')?.seconds,
    stuck: stuck && { stepsDone: stuck.nicsGo },
    goneAfterMs: firstOf(faults, 'job-gone')?.afterMs,
    onFailure: parent,
  };
}

/** The port's fate follows its flag at the moment it comes off (ecs-api.md §1, "What happens to the port"). */
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
  port.afterimage = afterimageOf(cloud, job, at);
  if (port.deleteOnTermination) world.deletePort(port, at, cause, server.id);
  return null;
}
