import { z } from 'zod';
import { MAX_NICS } from '../world/world';

/** What control calls may say about servers, NICs and ports. Everything is optional; what is left out comes from the seed. */

const Id = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'must be a lower-case UUID');
const Seconds = z.union([z.number().min(0), z.tuple([z.number().min(0), z.number().min(0)])]);

const Attributes = {
  name: z.string().optional(),
  securityGroups: z.array(z.string()).optional(),
  allowedAddressPairs: z
    .array(z.strictObject({ ip_address: z.string(), mac_address: z.string().optional() }))
    .optional(),
  extraDhcpOpts: z.array(z.strictObject({ opt_name: z.string(), opt_value: z.string() })).optional(),
  /** Default: true. */
  portSecurity: z.boolean().optional(),
};

export const PortSpec = z.strictObject({
  id: Id.optional(),
  /** A subnet's network id (`net_id`); default: the subnets in turn. */
  networkId: Id.optional(),
  ip: z.ipv4().optional(),
  /** Fixed IPs beside the first one. */
  furtherIps: z.array(z.ipv4()).optional(),
  ipv6: z.ipv6().optional(),
  mac: z.string().optional(),
  deleteOnTermination: z.boolean().optional(),
  /** True: some address; a text: that address; a list: several on the one port. */
  elasticIp: z.union([z.boolean(), z.ipv4(), z.array(z.ipv4()).min(1)]).optional(),
  ...Attributes,
  /** What the port says while attached; `DOWN` for SR-IOV. */
  attachedStatus: z.string().optional(),
});

export const NicSpec = PortSpec.extend({ primary: z.boolean().optional() });

const Mutable = {
  name: z.string().optional(),
  status: z.string().optional(),
  taskState: z.string().nullable().optional(),
  locked: z.boolean().optional(),
  frozen: z.boolean().optional(),
  onlineRemoval: z.boolean().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  tags: z.array(z.strictObject({ key: z.string(), value: z.string() })).optional(),
  jobSeconds: Seconds.nullable().optional(),
};

export const ServerSpec = z.strictObject({
  ...Mutable,
  id: Id.optional(),
  nics: z.union([z.int().min(0).max(MAX_NICS), z.array(NicSpec).max(MAX_NICS)]).optional(),
});

export const ServerPatch = z.strictObject(Mutable);

export const PortPatch = z.strictObject({
  ...Attributes,
  /** As an administrator may change it. */
  mac: z.string().optional(),
  primary: z.boolean().optional(),
  deleteOnTermination: z.boolean().optional(),
  attachedStatus: z.string().optional(),
});

export const ElasticIpSpec = z.strictObject({ address: z.ipv4().optional() });

export const FleetSpec = z.strictObject({
  servers: z.int().min(1).max(100_000),
  nicsPerServer: z.int().min(1).max(MAX_NICS).optional(),
  prefix: z.string().optional(),
  /** Ids are drawn from this seed instead of the simulator's. */
  seed: z.int().optional(),
  status: z.string().optional(),
  jobSeconds: Seconds.optional(),
});

export const KeySpec = z.strictObject({
  ak: z.string().min(1),
  sk: z.string().min(1),
  securityToken: z.string().optional(),
  /** Milliseconds since 1970. */
  expiresAt: z.number().optional(),
});

export const UserSpec = z.strictObject({ domain: z.string(), name: z.string(), password: z.string() });

export type PortSpec = z.infer<typeof PortSpec>;
export type NicSpec = z.infer<typeof NicSpec>;
export type ServerSpec = z.infer<typeof ServerSpec>;
export type ServerPatch = z.infer<typeof ServerPatch>;
export type PortPatch = z.infer<typeof PortPatch>;
export type ElasticIpSpec = z.infer<typeof ElasticIpSpec>;
export type FleetSpec = z.infer<typeof FleetSpec>;
