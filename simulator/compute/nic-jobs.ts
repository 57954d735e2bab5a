import type { Cloud } from '../simulated-cloud';
import { ecsError, serverMissing } from '../refusals';
import type { Fault } from '../world/faults';
import { allOf, firstOf } from '../world/faults';
import type { Bend, Failure, Job, Step, SubJob } from './jobs';
import type { Answer, Call } from './operation';
import { jsonOf, ok } from './operation';
import type { Server } from '../world/world';

/** What deletions and attachments of NICs have in common: a list in, refusals by the server's state, one job out. */

export const badRequest = (message: string) => ecsError(400, 'Ecs.0005', message);

export function findServer(cloud: Cloud, call: Call): Server {
  const id = call.params['serverId'] ?? '';
  const server = cloud.world.servers.get(id);
  if (!server || server.deleted) throw serverMissing(id);
  return server;
}

/** The list `nics` of a body; undefined: there is none. */
export function nicsOf(body: unknown): unknown[] | undefined {
  const nics: unknown = typeof body === 'object' && body !== null && 'nics' in body ? body.nics : undefined;
  return Array.isArray(nics) ? nics : undefined;
}

/** Its elements as sent; what can be wrong with a body is undocumented (docs/cloud-api.md §1.2). */
export function parseNics(cloud: Cloud, call: Call): unknown[] {
  const empty = (what: string) => ecsError(400, cloud.knobs.emptyBodyCode, `${what} is empty.`);
  if (call.body.length === 0) throw empty('The request body');
  const body = jsonOf(call.body);
  if (body === undefined) throw badRequest('The request body is not JSON.');
  const nics = nicsOf(body);
  if (!nics) throw badRequest('The parameter nics is missing or invalid.');
  if (nics.length === 0) throw empty('The parameter nics');
  return nics;
}

export function refuseRepeated(cloud: Cloud, ids: readonly string[]): void {
  if (cloud.knobs.duplicateNics === 'refuse' && new Set(ids).size !== ids.length) {
    throw badRequest('The parameter nics holds an id twice.');
  }
}

export function refuseByState(cloud: Cloud, server: Server, now: number): void {
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

/** What one sub-job does to one NIC. */
export interface Task {
  /** Null: it does not exist yet. */
  nicId: string | null;
  run: (at: number, job: Job, sub: SubJob) => Failure | null;
}

/** Accepts the request as one job with a step per NIC. */
export function submit(
  cloud: Cloud,
  call: Call,
  server: Server,
  what: Job['entry']['what'],
  tasks: readonly Task[],
): Answer {
  if (firstOf(call.faults, 'busy')) throw busy(cloud.knobs.whenBusy);
  const steps = tasks.map((task, i) => step(cloud, what, task, i, call.faults));
  const reversed = what === 'attach' && cloud.knobs.addOrder === 'reversed';
  const job = cloud.jobs.accept(server, what, steps, call.now, { ...bend(call.faults), reversed });
  call.entry.accepted = true;
  call.entry.jobId = job.id;
  return ok({ job_id: job.id });
}

/** What a fault says that gives no code of its own (docs/cloud-api.md §6.2). */
const FAILURES: Record<Job['entry']['what'], Failure> = {
  delete: { code: 'Ecs.0507', reason: 'delete nic failed' },
  attach: { code: 'Ecs.0217', reason: 'attach nic failed' },
};

/** What one sub-job does, and what it says that it did: a fault can make the two differ. */
function step(
  cloud: Cloud,
  what: Job['entry']['what'],
  task: Task,
  index: number,
  faults: readonly Fault[],
): Step {
  const names = (nics: readonly (string | number)[] | undefined) =>
    nics === undefined || nics.some((nic) => nic === task.nicId || nic === index);
  const failing = allOf(faults, 'partial-failure').find(({ nics }) => names(nics));
  const lying = allOf(faults, 'lying-job').find(({ nics }) => names(nics));
  const denying = allOf(faults, 'false-failure').find(({ nics }) => names(nics));
  const late = failing?.lateMs ?? lying?.lateMs;
  const failure = (given: Partial<Failure>): Failure => ({
    code: given.code ?? FAILURES[what].code,
    reason: given.reason ?? FAILURES[what].reason,
  });
  return {
    nicId: task.nicId,
    carryOut: (at, job, sub) => {
      if (late !== undefined) {
        cloud.world.agenda.schedule(job.endsAt + late, (then) => task.run(then, job, sub));
      }
      if (failing) return failure(failing);
      if (lying) return null;
      const outcome = task.run(at, job, sub);
      return denying ? failure(denying) : outcome;
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
