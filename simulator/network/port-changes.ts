import { z } from 'zod';
import type { Cloud } from '../simulated-cloud';
import { flatError, portMissing } from '../refusals';
import { firstOf } from '../world/faults';
import type { Answer, Call } from '../compute/operation';
import { jsonOf, ok } from '../compute/operation';
import type { Subnet } from './network';
import { portBody } from '../shapes';
import { shownDevice } from '../compute/visibility';

/**
 * Creating and changing ports (docs/cloud-api.md §4.2). Codes without a source there are assumptions, as is
 * 200 on creation.
 */

const badRequest = (message: string) => flatError(400, 'VPC.0002', message);

/** `0.0.0.0/0` is not allowed; the only DHCP option is the lease time, 51 (docs/cloud-api.md §4.2). */
const Attributes = {
  name: z.string().max(255).optional(),
  security_groups: z.array(z.string().min(1)).optional(),
  allowed_address_pairs: z
    .array(
      z.object({
        ip_address: z.string().refine((ip) => ip !== '0.0.0.0/0'),
        mac_address: z.string().optional(),
      }),
    )
    .optional(),
  extra_dhcp_opts: z.array(z.object({ opt_name: z.literal('51'), opt_value: z.string() })).optional(),
};

const Creation = z.object({
  port: z.object({
    ...Attributes,
    network_id: z.string(),
    fixed_ips: z
      .array(z.object({ subnet_id: z.string().optional(), ip_address: z.ipv4().optional() }))
      .max(1)
      .default([]),
  }),
});
const Update = z.object({ port: z.object(Attributes) });

/** Nothing here is idempotent: the same name twice makes two ports. */
export function createPort(cloud: Cloud, call: Call): Answer {
  const { port: wanted } = parse(Creation, call);
  const { network } = cloud.world;
  const subnet = network.subnet(wanted.network_id);
  if (!subnet) throw flatError(404, 'VPC.0202', `Network ${wanted.network_id} could not be found.`);
  const ip = addressOf(cloud, subnet, wanted.fixed_ips[0] ?? {});
  refuseGroups(wanted.security_groups);
  if (!cloud.withinPortQuota()) throw flatError(409, 'VPC.2504', 'Quota exceeded for resources: port.');
  const spec = { networkId: subnet.networkId, ip, ...attributesOf(wanted) };
  const cause = { by: 'request', requestSeq: call.entry.seq } as const;
  const port = cloud.builder.port(spec, call.now, 0, cause);
  call.entry.portId = port.id;
  call.entry.accepted = true;
  return ok({ port: portBody(cloud, port, '') });
}

export function updatePort(cloud: Cloud, call: Call): Answer {
  const id = call.params['portId'] ?? '';
  call.entry.portId = id;
  const { port: wanted } = parse(Update, call);
  const port = cloud.world.livePort(id);
  if (!port) throw portMissing(id);
  refuseGroups(wanted.security_groups);
  if (!firstOf(call.faults, 'ignored')) {
    const cause = { by: 'request', requestSeq: call.entry.seq } as const;
    cloud.world.updatePort(port, attributesOf(wanted), call.now, cause);
  }
  call.entry.accepted = true;
  return ok({ port: portBody(cloud, port, shownDevice(cloud, port, call.now) ?? '') });
}

function parse<T>(schema: z.ZodType<T>, call: Call): T {
  const parsed = schema.safeParse(jsonOf(call.body));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badRequest(`Bad request: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}

function refuseGroups(groups: readonly string[] | undefined): void {
  if (groups?.length === 0)
    throw flatError(400, 'VPC.2500', 'The security groups of a port can not be empty.');
}

function addressOf(
  cloud: Cloud,
  subnet: Subnet,
  wanted: { subnet_id?: string; ip_address?: string },
): string | undefined {
  const { network } = cloud.world;
  if (wanted.subnet_id !== undefined && wanted.subnet_id !== subnet.subnetId) {
    throw badRequest(`Subnet ${wanted.subnet_id} is not one of network ${subnet.networkId}.`);
  }
  const ip = wanted.ip_address;
  if (ip === undefined) return undefined;
  if (network.subnetOf(ip) !== subnet) throw badRequest(`IP address ${ip} is not valid for the subnet.`);
  if (network.owner(ip) !== undefined) throw flatError(409, 'VPC.0701', `IP address ${ip} is in use.`);
  return ip;
}

function attributesOf(wanted: z.infer<typeof Update>['port']) {
  return {
    name: wanted.name,
    securityGroups: wanted.security_groups,
    allowedAddressPairs: wanted.allowed_address_pairs,
    extraDhcpOpts: wanted.extra_dhcp_opts,
  };
}
