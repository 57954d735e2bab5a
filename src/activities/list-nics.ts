import type { ListNicsInput, PortState, Reading } from './agreement';
import { CloudError } from '../ecs/errors';
import type { CallOptions, Cloud, ServerDetail, ServerInterface } from '../ecs/cloud';
import { reading } from './support/attempt';
import type { Dependencies } from './support/dependencies';
import { existing, stateOfServer } from './inspect-server';
import { portStates } from './support/ports';

export function listNics(dependencies: Dependencies, input: ListNicsInput): Promise<Reading> {
  return readNics(dependencies, input, reading(dependencies));
}

/** What the compute service says of the NICs. */
type Seen = Pick<Reading, 'at' | 'serverExists' | 'server' | 'listed'>;

/** One reading: the NIC list, and ports and server when asked. */
export async function readNics(
  dependencies: Dependencies,
  input: ListNicsInput,
  options: CallOptions,
): Promise<Reading> {
  const { sets, clock, workerStartedAt } = dependencies;
  const alone = () => seenAlone(dependencies, input, options);
  const first = input.nics === undefined ? await alone() : await sets.server(input.serverId, alone, options);
  const at = clock.now();
  const { states, missing } = await portStates(dependencies, input, options);
  let seen: Seen;
  if ('listed' in first) seen = first;
  else if (showsThemGone(first, input, states))
    seen = { at, serverExists: true, server: null, listed: first.portIds ?? [] };
  else seen = await alone();
  return { kind: 'reading', workerStartedAt, ...seen, ports: states, ...(missing.length > 0 && { missing }) };
}

/** By the server's own NIC list. */
async function seenAlone(
  { cloud, clock }: Pick<Dependencies, 'cloud' | 'clock'>,
  { serverId, server: wanted }: ListNicsInput,
  options: CallOptions,
): Promise<Seen> {
  const detail = wanted ? await findServer(cloud, serverId, options) : undefined;
  const nics = detail === null ? null : await findInterfaces(cloud, serverId, options);
  return {
    at: clock.now(),
    serverExists: nics !== null,
    server: detail && nics !== null ? stateOfServer(detail) : null,
    listed: (nics ?? []).map(({ portId }) => portId),
  };
}

/**
 * The server's detail, which came with those of other servers, is enough where it shows that the NICs are gone, and every port
 * agrees. Whatever else it shows, the server's own list decides.
 */
function showsThemGone(
  { portIds }: ServerDetail,
  { serverId, primaryId, nics = [] }: ListNicsInput,
  ports: Record<string, PortState>,
): boolean {
  if (portIds === null || primaryId == null || !portIds.includes(primaryId)) return false;
  const agrees = (port: PortState) =>
    port.state !== 'unknown' && !(port.state === 'attached' && port.deviceId === serverId);
  return !nics.some((id) => portIds.includes(id)) && Object.values(ports).every(agrees);
}

/** `null`: the server does not exist. */
function findServer(cloud: Cloud, serverId: string, options: CallOptions): Promise<ServerDetail | null> {
  return existing(() => cloud.showServer(serverId, options));
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
