/** The calls this product makes, and the IAM permission that each one needs. */

/**
 * Actions with the names of the vendor's permission pages. `null`: no action is documented (docs/cloud-api.md §5.4).
 */
export const PERMISSIONS = {
  showServer: 'ecs:cloudServers:showServer',
  listServers: 'ecs:cloudServers:listServersDetails',
  walkServers: 'ecs:cloudServers:listServersDetails',
  listInterfaces: 'ecs:cloudServers:listServerInterfaces',
  showPort: 'vpc:ports:get',
  showJob: null,
  deleteNics: 'ecs:cloudServerNics:delete',
  attachNics: 'ecs:cloudServers:addNics',
  setDeleteOnTermination: 'ecs:cloudServers:updateServerInterface',
  listPorts: 'vpc:ports:list',
  createPort: 'vpc:ports:create',
  updatePort: 'vpc:ports:update',
  deletePort: 'vpc:ports:delete',
  listElasticIps: 'vpc:publicIps:list',
  bindElasticIp: 'vpc:publicIps:update',
} as const satisfies Record<string, string | null>;

export type Operation = keyof typeof PERMISSIONS;

export const OPERATIONS = Object.keys(PERMISSIONS) as Operation[];

const EFFECTS: ReadonlySet<Operation> = new Set<Operation>(['deleteNics', 'attachNics', 'createPort']);

/** Not idempotent: a repetition may take effect twice, so the fate of each one matters. */
export const isEffect = (operation: Operation): boolean => EFFECTS.has(operation);
