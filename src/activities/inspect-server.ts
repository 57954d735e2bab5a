import type { InspectedNic, Inspection, InspectServerInput, ServerState } from './agreement';
import { GONE_STATES } from './agreement';
import type { NicSnapshot } from '../contract/types';
import { sameIp } from '../contract/values';
import type { CallOptions, ElasticIp, NicAddress, Port, ServerDetail, ServerInterface } from '../ecs/cloud';
import { CloudError } from '../ecs/errors';
import { reading } from './support/attempt';
import { isAbsent } from './support/boundary';
import type { Dependencies } from './support/dependencies';
import type { JobTimes } from './support/job-times';
import { findPort, findPorts, forEachOf, stateOf } from './support/ports';

/**
 * Reads everything that guard and snapshot need: server, NIC list, and the port of every NIC concerned. For a plan detail and ports
 * may stand for the list.
 */
export async function inspectServer(
  dependencies: Dependencies,
  jobTimes: JobTimes,
  { serverId, nicIds, previousRunOf, alone = false, tags = false, bySets = false }: InspectServerInput,
): Promise<Inspection> {
  const { cloud, sets, namespace } = dependencies;
  const options = reading(dependencies);
  const previous = previousRunOf === null ? null : await namespace.previousOpenRun(previousRunOf);
  const inspection: Inspection = {
    kind: 'inspection',
    projectId: cloud.projectId,
    region: cloud.region,
    endpoints: cloud.endpoints,
    previous: previous?.run ?? null,
    previousNotLooked: previous?.notLooked ?? null,
    server: null,
    nics: [],
    primary: { detail: [], ports: [], portsDeny: [] },
    absent: [],
    longJobMs: jobTimes.long(),
  };
  let isOfSet = true;
  const showAlone = () => {
    isOfSet = false;
    return cloud.showServer(serverId, options);
  };
  const detail = await existing(() => sets.server(serverId, showAlone, options));
  if (detail === null) return inspection;

  // Before what cannot be shared: of many runs that begin at once those calls leave one after the other, and this list is one for all.
  const bound = await findElasticIps(dependencies, options);
  const told = bySets && isOfSet ? await nicsOfSets(dependencies, detail, serverId, nicIds, options) : null;
  const listed = told?.listed ?? (await cloud.listInterfaces(serverId, options));
  // Every port is asked, also those that stay: one of them may claim to be the primary NIC.
  const ids = listed.map(({ portId }) => portId);
  const ports =
    told?.ports ??
    (alone
      ? await forEachOf(ids, (id) => findPort(cloud, id, options))
      : await portsWithPrimary(dependencies, ids, detail.primaryPortIds, options));
  const listedIds = new Set(listed.map(({ portId }) => portId));
  const missing = nicIds.filter((id) => !listedIds.has(id));
  const portIdsWhere = (says: boolean) =>
    ports.flatMap((port, index) =>
      port?.primaryInterface === says ? [listed[index]?.portId ?? port.id] : [],
    );

  return {
    ...inspection,
    server: { ...stateOfServer(detail), ...(tags ? { tags: detail.tags } : {}) },
    nics: listed.map((nic, position) =>
      inspected(nic, ports[position] ?? null, elasticIpsAt(nic.portId, detail, bound.list ?? []), position),
    ),
    ...(told === null ? {} : { flagsUnread: true as const }),
    ...(bound.unread === null ? {} : { elasticIpsUnread: bound.unread }),
    primary: { detail: detail.primaryPortIds, ports: portIdsWhere(true), portsDeny: portIdsWhere(false) },
    absent: await forEachOf(missing, async (id) => ({
      id,
      port: stateOf(await findPort(cloud, id, options)),
    })),
  };
}

/**
 * The ports in the order of their ids. Perhaps lists do not tell which port is the primary NIC's (docs/cloud-api.md §4.2): then
 * the port that the detail names is asked for by itself, or all of them where it names none.
 */
async function portsWithPrimary(
  dependencies: Dependencies,
  ids: readonly string[],
  primaryIds: readonly string[],
  options: CallOptions,
): Promise<(Port | null)[]> {
  const { found, bySet } = await findPorts(dependencies, ids, options);
  if (bySet && ![...found.values()].some((port) => port?.primaryInterface != null)) {
    const untold = primaryIds.length === 0 ? ids : ids.filter((id) => primaryIds.includes(id));
    const told = await forEachOf(untold, (id) => findPort(dependencies.cloud, id, options));
    untold.forEach((id, index) => found.set(id, told[index] ?? null));
  }
  return ids.map((id) => found.get(id) ?? null);
}

/** NICs of a server without a reading of its list, and their ports, in the same order. */
interface Told {
  listed: ServerInterface[];
  ports: Port[];
}

/**
 * The compute service's word is the server's detail, the network's are the ports: they are enough where they tell the same of every
 * NIC, and every NIC that is asked for is among them. `null`: the server's own list decides.
 */
async function nicsOfSets(
  dependencies: Dependencies,
  detail: ServerDetail,
  serverId: string,
  nicIds: readonly string[],
  options: CallOptions,
): Promise<Told | null> {
  const { portIds, primaryPortIds, addresses } = detail;
  const [primaryId, second] = primaryPortIds;
  if (portIds === null || primaryId === undefined || second !== undefined) return null;
  if (![primaryId, ...nicIds].every((id) => portIds.includes(id))) return null;
  // Only the list says that there is nothing to delete.
  if (portIds.length < 2) return null;
  const found = await portsWithPrimary(dependencies, portIds, primaryPortIds, options);
  const ports = found.filter((port) => port !== null);
  if (ports.length < found.length) return null;
  const agrees = (id: string, port: Port) => {
    const isPrimary = id === primaryId;
    const address = addresses[id];
    return (
      port.deviceId === serverId &&
      // A port that says nothing of it contradicts nothing.
      (port.primaryInterface ?? isPrimary) === isPrimary &&
      address !== undefined &&
      sameAddress(address, port)
    );
  };
  if (!ports.every((port, index) => agrees(portIds[index] ?? '', port))) return null;
  const listed = ports.map(({ networkId, mac, fixedIps }, index): ServerInterface => ({
    portId: portIds[index] ?? '',
    portState: null,
    networkId,
    mac,
    fixedIps,
    deleteOnTermination: null,
  }));
  return { listed, ports };
}

/** Both tell the MAC, and the same IPs in any order. */
function sameAddress({ ips, mac }: NicAddress, { fixedIps, mac: portMac }: Port): boolean {
  const portIps = fixedIps.map(({ ip }) => ip);
  const among = (others: readonly string[]) => (ip: string) => others.some((other) => sameIp(ip, other));
  return (
    mac !== null &&
    mac.toLowerCase() === portMac?.toLowerCase() &&
    ips.length > 0 &&
    ips.every(among(portIps)) &&
    portIps.every(among(ips))
  );
}

/** `null`: the server does not exist. */
export async function existing(show: () => Promise<ServerDetail>): Promise<ServerDetail | null> {
  try {
    const detail = await show();
    return GONE_STATES.has(detail.status) ? null : detail;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

export function stateOfServer(detail: ServerDetail): ServerState {
  const { name, status, taskState, locked, frozen, addressesTold } = detail;
  return { name, status, taskState, locked, frozen, addressesTold };
}

/**
 * The detail lags behind a binding, so this list is the second witness. A worker that may not read it says so:
 * a guard can refuse then, and a restore does without.
 */
export async function findElasticIps(
  { sets }: Pick<Dependencies, 'sets'>,
  options: CallOptions,
): Promise<{ list: ElasticIp[] | null; unread: string | null }> {
  try {
    return { list: await sets.elasticIps(options), unread: null };
  } catch (error) {
    if (!(error instanceof CloudError) || error.httpStatus !== 403 || error.action !== 'credentials')
      throw error;
    return { list: null, unread: error.message };
  }
}

/** Elastic IPs that either of the two witnesses names. */
function elasticIpsAt(portId: string, detail: ServerDetail, bound: readonly ElasticIp[]): string[] {
  const listed = bound.filter((each) => each.portId === portId).flatMap(({ address }) => address ?? []);
  const told = detail.elasticIps[portId] ?? [];
  return [...told, ...listed.filter((ip) => !told.some((other) => sameIp(ip, other)))];
}

function inspected(
  nic: ServerInterface,
  port: Port | null,
  elasticIps: string[],
  position: number,
): InspectedNic {
  const elasticIp = elasticIps[0] ?? null;
  const fixedIps = nic.fixedIps.length > 0 ? nic.fixedIps : (port?.fixedIps ?? []);
  const snapshot: NicSnapshot = {
    // The network id is what a re-creation asks for; the subnet id inside fixed IPs is another UUID
    // (docs/cloud-api.md §3.4).
    networkId: nic.networkId ?? port?.networkId ?? null,
    fixedIps,
    mac: nic.mac ?? port?.mac ?? null,
    deleteOnTermination: nic.deleteOnTermination,
    name: port?.name ?? null,
    securityGroups: port?.securityGroups ?? null,
    allowedAddressPairs: port?.allowedAddressPairs ?? null,
    dhcpOptions: port?.dhcpOptions ?? null,
    portSecurityEnabled: port?.portSecurityEnabled ?? null,
    elasticIp,
    ...(elasticIps.length > 1 ? { elasticIps } : {}),
    position,
  };
  return {
    id: nic.portId,
    ips: fixedIps.map(({ ip }) => ip),
    mac: snapshot.mac,
    elasticIp,
    snapshot,
    port: stateOf(port),
  };
}
