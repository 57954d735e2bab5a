import { Context } from '@temporalio/activity';
import type { ListNicsInput, Reading } from '../contract/activities';
import { CloudError } from '../ecs/errors';
import type { CallOptions } from '../ecs/cloud';
import type { Dependencies } from './dependencies';
import { findServer, stateOfServer } from './inspect-server';
import { portStates } from './ports';

export function listNics(dependencies: Dependencies, input: ListNicsInput): Promise<Reading> {
  return readNics(dependencies, input, { signal: Context.current().cancellationSignal });
}

/** One reading: the NIC list, and ports and server when asked. */
export async function readNics(
  { cloud, clock, workerStartedAt }: Dependencies,
  { serverId, ports, server: wanted }: ListNicsInput,
  options: CallOptions,
): Promise<Reading> {
  let detail = wanted ? await findServer(cloud, serverId, options) : undefined;
  let listed: string[] = [];
  if (detail !== null) {
    try {
      listed = (await cloud.listInterfaces(serverId, options)).map(({ portId }) => portId);
    } catch (error) {
      // A deleted server's list answers 400 Ecs.0307, which may also be a passing trouble: the detail decides.
      if (!(error instanceof CloudError) || (error.action !== 'observe' && error.action !== 'absent'))
        throw error;
      detail = await findServer(cloud, serverId, options);
      if (detail !== null) throw error;
    }
  }
  const at = clock.now();
  const states = await portStates(cloud, ports, options);
  return {
    kind: 'reading',
    at,
    workerStartedAt,
    serverExists: detail !== null,
    server: detail ? stateOfServer(detail) : null,
    listed,
    ports: states,
  };
}
