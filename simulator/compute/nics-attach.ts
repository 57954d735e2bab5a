import { z } from 'zod';
import type { Cloud } from '../simulated-cloud';
import { ecsError } from '../refusals';
import type { Failure, Job, SubJob } from './jobs';
import type { LedgerRequest } from '../world/ledger';
import type { Task } from './nic-jobs';
import { badRequest, findServer, nicsOf, parseNics, refuseByState, refuseRepeated, submit } from './nic-jobs';
import type { Subnet } from '../network/network';
import type { Answer, Call } from './operation';
import { jsonOf } from './operation';
import { isUuid } from '../world/random';
import { afterimageOf } from './visibility';
import type { Port, Server } from '../world/world';
import { MAX_NICS } from '../world/world';

/** An empty text counts as absent (docs/cloud-api.md §4.1). */
const Text = z
  .string()
  .optional()
  .transform((text) => text || undefined);
const ByPort = z.object({ port_id: z.string().min(1) });
const BySubnet = z.object({
  subnet_id: z.string().min(1),
  ip_address: Text,
  security_groups: z.array(z.object({ id: z.string().min(1) })).optional(),
});

interface NewNic {
  subnet: Subnet;
  ip: string | undefined;
  securityGroups: string[] | undefined;
}

type Wish = { portId: string } | NewNic;

/** `POST cloudservers/{id}/nics` (docs/cloud-api.md §4.1): every refusal first, then one job with a step per NIC. */
export function attachNics(cloud: Cloud, call: Call): Answer {
  const wishes = merged(
    cloud,
    parseNics(cloud, call).map((nic) => wishOf(cloud, nic)),
  );
  const server = findServer(cloud, call);
  refuseByState(cloud, server, call.now);
  if (wishes.length > cloud.world.freeNics(server)) {
    throw ecsError(400, 'Ecs.0050', `The ECS can have at most ${MAX_NICS} NICs.`);
  }
  refuseByAddress(cloud, wishes);
  for (const wish of wishes) if ('portId' in wish) refuseByPort(cloud, wish.portId);
  return submit(
    cloud,
    call,
    server,
    'attach',
    wishes.map((wish) => task(cloud, server, wish)),
  );
}

/** The ports named, whatever becomes of the request. */
export function notePorts(_cloud: Cloud, entry: LedgerRequest, body: Buffer): void {
  const ports = nicsOf(jsonOf(body))?.flatMap((nic) => ByPort.safeParse(nic).data?.port_id ?? []);
  if (ports) entry.nicIds = ports;
}

/** `port_id` wins over `subnet_id`; group and address are ignored then (docs/cloud-api.md §4.1). */
function wishOf(cloud: Cloud, nic: unknown): Wish {
  const byPort = ByPort.safeParse(nic).data;
  if (byPort) {
    if (!isUuid(byPort.port_id)) throw badRequest('The parameter nics.port_id is invalid.');
    return { portId: byPort.port_id };
  }
  const bySubnet = BySubnet.safeParse(nic).data;
  if (!bySubnet) throw badRequest('Neither nics.port_id nor nics.subnet_id is valid.');
  const subnet = cloud.world.network.subnet(bySubnet.subnet_id);
  if (!subnet) throw ecsError(400, 'Ecs.0038', `The subnet ${bySubnet.subnet_id} does not exist.`);
  const ip = bySubnet.ip_address;
  if (ip !== undefined && !z.ipv4().safeParse(ip).success) {
    throw badRequest('The parameter nics.ip_address is invalid.');
  }
  if (ip !== undefined && cloud.world.network.subnetOf(ip) !== subnet) {
    throw ecsError(400, 'Ecs.0039', `The IP address ${ip} is not in the subnet ${subnet.networkId}.`);
  }
  return { subnet, ip, securityGroups: bySubnet.security_groups?.map(({ id }) => id) };
}

function merged(cloud: Cloud, wishes: readonly Wish[]): Wish[] {
  const ids = wishes.flatMap((wish) => ('portId' in wish ? wish.portId : []));
  refuseRepeated(cloud, ids);
  return wishes.filter(
    (wish, i) =>
      !('portId' in wish) ||
      wishes.findIndex((other) => 'portId' in other && other.portId === wish.portId) === i,
  );
}

function refuseByAddress(cloud: Cloud, wishes: readonly Wish[]): void {
  const ips = wishes.flatMap((wish) => ('portId' in wish ? [] : (wish.ip ?? [])));
  const used = ips.find((ip, i) => cloud.world.network.owner(ip) !== undefined || ips.indexOf(ip) !== i);
  if (used !== undefined) throw ecsError(400, 'Ecs.0010', `The private IP address ${used} is in use.`);
}

function refuseByPort(cloud: Cloud, portId: string): void {
  const { unknownPort } = cloud.knobs;
  const port = cloud.world.livePort(portId);
  if (!port && unknownPort !== 'sub-job') {
    throw ecsError(400, unknownPort, `The port ${portId} does not exist.`);
  }
  if (port && port.deviceId !== '') {
    throw ecsError(400, 'Ecs.0919', `The port ${portId} is attached to ${port.deviceId}.`);
  }
}

function task(cloud: Cloud, server: Server, wish: Wish): Task {
  if ('portId' in wish) {
    const nicId = wish.portId;
    return { nicId, run: (at, job) => attachPort(cloud, server, nicId, at, job) };
  }
  return { nicId: null, run: (at, job, sub) => attachNew(cloud, server, wish, at, job, sub) };
}

/** What has changed since the acceptance makes the sub-job fail. */
function impossible(cloud: Cloud, server: Server): Failure | null {
  if (server.deleted) return { code: 'Ecs.0114', reason: 'the server does not exist' };
  if (cloud.world.freeNics(server) > 0) return null;
  return { code: 'Ecs.0217', reason: 'attach nic failed: the server has too many nics' };
}

function attachPort(cloud: Cloud, server: Server, portId: string, at: number, job: Job): Failure | null {
  const { world, knobs } = cloud;
  const failure = impossible(cloud, server);
  if (failure) return failure;
  const port = world.livePort(portId);
  if (!port) return { code: 'Ecs.0217', reason: 'attach nic failed: the port does not exist' };
  if (port.deviceId !== '') return { code: 'Ecs.0919', reason: 'the port is attached elsewhere' };
  attach(cloud, server, port, at, job);
  const flag = knobs.flagAfterAttachByPort;
  if (flag !== 'kept') world.setDeleteOnTermination(port, flag, at, { by: 'job', jobId: job.id });
  return null;
}

function attachNew(
  cloud: Cloud,
  server: Server,
  { subnet, ip, securityGroups }: NewNic,
  at: number,
  job: Job,
  sub: SubJob,
): Failure | null {
  const failure = impossible(cloud, server);
  if (failure) return failure;
  if (ip !== undefined && cloud.world.network.owner(ip) !== undefined) {
    return { code: 'Ecs.0010', reason: `create port failed: ${ip} is in use` };
  }
  if (!cloud.withinPortQuota()) return { code: 'Ecs.0201', reason: 'create port failed: quota exceeded' };
  const port = cloud.builder.port(
    { networkId: subnet.networkId, ip, securityGroups, deleteOnTermination: true },
    at,
    0,
    { by: 'job', jobId: job.id, serverId: server.id },
  );
  sub.nicId = port.id;
  job.entry.nicIds.push(port.id);
  attach(cloud, server, port, at, job);
  return null;
}

function attach(cloud: Cloud, server: Server, port: Port, at: number, job: Job): void {
  cloud.world.attach(server, port, at, { by: 'job', jobId: job.id });
  port.afterimage = afterimageOf(cloud, job, '', at);
}
