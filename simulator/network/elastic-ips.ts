import { z } from 'zod';
import type { Cloud } from '../simulated-cloud';
import { flatError } from '../refusals';
import { firstOf } from '../world/faults';
import type { Answer, Call, Operation } from '../compute/operation';
import { jsonOf, ok } from '../compute/operation';
import { elasticIpBody } from '../shapes';
import { serverConcerned } from '../compute/visibility';
import type { ElasticIp } from '../world/world';

/**
 * Elastic IPs (docs/cloud-api.md §4.3). Codes of refusals are those of the vendor's list of error codes
 * (VPC.0504, 0510, 0511), but for a missing port's, which is an assumption.
 */

/** Elastic IPs a page. Assumption: as ports. */
const PAGE = 2000;

/** A port that is missing, empty or null unbinds. */
const Binding = z.object({ publicip: z.object({ port_id: z.string().nullish() }) });

function find(cloud: Cloud, call: Call): ElasticIp {
  const id = call.params['elasticIpId'] ?? '';
  const elasticIp = cloud.world.elasticIps.get(id);
  if (!elasticIp) throw flatError(404, 'VPC.0504', `Elastic IP ${id} could not be found.`);
  return elasticIp;
}

function show(cloud: Cloud, call: Call): Answer {
  return ok({ publicip: elasticIpBody(cloud, find(cloud, call)) });
}

/** `marker` is the last id of the page before, as with ports (docs/cloud-api.md §4.2). */
function list(cloud: Cloud, call: Call): Answer {
  const text = (name: string) => call.query.get(name);
  const limit = Math.min(Math.max(Number(text('limit') ?? PAGE) || PAGE, 1), PAGE);
  const marker = text('marker');
  const portId = cloud.knobs.elasticIpFilter ? text('port_id') : null;
  const rows = [...cloud.world.elasticIps.values()]
    .filter(({ id }) => marker === null || id > marker)
    .filter((elasticIp) => portId === null || elasticIp.portId === portId)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, limit);
  return ok({ publicips: rows.map((elasticIp) => elasticIpBody(cloud, elasticIp)) });
}

/** The trap: without a port id the call succeeds and unbinds (docs/cloud-api.md §4.3). */
function bind(cloud: Cloud, call: Call): Answer {
  const elasticIp = find(cloud, call);
  const body = Binding.safeParse(jsonOf(call.body)).data;
  if (!body) throw flatError(400, 'VPC.0002', 'The request body is invalid.');
  const portId = body.publicip.port_id ?? '';
  const port = cloud.world.livePort(portId);
  if (portId !== '' && !port) throw flatError(400, 'VPC.0517', `Port ${portId} could not be found.`);
  if (port && cloud.world.elasticIpOf(port)) {
    throw flatError(409, 'VPC.0511', `Port ${portId} has an elastic IP already.`);
  }
  if (port && elasticIp.portId !== '') {
    throw flatError(409, 'VPC.0510', `Elastic IP ${elasticIp.id} is bound to port ${elasticIp.portId}.`);
  }
  const cause = { by: 'request', requestSeq: call.entry.seq } as const;
  if (!firstOf(call.faults, 'ignored')) {
    if (port) cloud.world.bind(elasticIp, port, call.now, cause);
    else cloud.world.unbind(elasticIp, call.now, cause);
  }
  call.entry.accepted = true;
  return ok({ publicip: elasticIpBody(cloud, elasticIp) });
}

/** The port named, for the rule that no request may unbind. */
const noteBinding: Operation['note'] = (cloud, entry, body, params) => {
  if (params['elasticIpId'] !== undefined) entry.elasticIpId = params['elasticIpId'];
  const portId = Binding.safeParse(jsonOf(body)).data?.publicip.port_id;
  if (!portId) return;
  entry.portId = portId;
  const serverId = serverConcerned(cloud, portId);
  if (serverId !== undefined) entry.serverId = serverId;
};

const vpc = (operation: Omit<Operation, 'service'>): Operation => ({ service: 'vpc', ...operation });

export const elasticIpOperations: readonly Operation[] = [
  vpc({
    requestClass: 'elastic-ips',
    method: 'GET',
    path: '/publicips',
    action: 'vpc:publicIps:list',
    serverOf: (cloud, _params, query) => serverConcerned(cloud, query.get('port_id') ?? ''),
    handle: list,
  }),
  vpc({
    requestClass: 'elastic-ip',
    method: 'GET',
    path: '/publicips/:elasticIpId',
    action: 'vpc:publicIps:get',
    handle: show,
  }),
  vpc({
    requestClass: 'elastic-ip-bind',
    method: 'PUT',
    path: '/publicips/:elasticIpId',
    action: 'vpc:publicIps:update',
    note: noteBinding,
    handle: bind,
  }),
];
