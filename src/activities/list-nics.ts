import type { ListNicsInput, Reading } from './agreement';
import { CloudError } from '../ecs/errors';
import type { CallOptions, Cloud, ServerInterface } from '../ecs/cloud';
import { reading } from './support/attempt';
import type { Dependencies } from './support/dependencies';
import { findServer, stateOfServer } from './inspect-server';
import { portStates } from './support/ports';

export function listNics(dependencies: Dependencies, input: ListNicsInput): Promise<Reading> {
  return readNics(dependencies, input, reading(dependencies));
}

/** One reading: the NIC list, and ports and server when asked. */
export async function readNics(
  { cloud, clock, workerStartedAt }: Dependencies,
  { serverId, ports, server: wanted }: ListNicsInput,
  options: CallOptions,
): Promise<Reading> {
  const detail = wanted ? await findServer(cloud, serverId, options) : undefined;
  const nics = detail === null ? null : await findInterfaces(cloud, serverId, options);
  const at = clock.now();
  const states = await portStates(cloud, ports, options);
  return {
    kind: 'reading',
    at,
    workerStartedAt,
    serverExists: nics !== null,
    server: detail && nics !== null ? stateOfServer(detail) : null,
    listed: (nics ?? []).map(({ portId }) => portId),
    ports: states,
  };
}

/** `null`: the server does not exist. */
export async function findInterfaces(
  cloud: Cloud,
  serverId: string,
  options: CallOptions,
): Promise<ServerInterface[] | null> {
  try {
    return await cloud.listInterfaces(serverId, options);
  } catch (error) {
    // A deleted server's list answers 400 Ecs.0307, which may also be a passing trouble: the detail decides.
    if (!(error instanceof CloudError) || (error.action !== 'observe' && error.action !== 'absent'))
      throw error;
    if ((await findServer(cloud, serverId, options)) !== null) throw error;
    return null;
  }
}
