import type { FindAddressesInput, FindAddressesResult } from './agreement';
import { sameIp } from '../contract/values';
import type { Port } from '../ecs/cloud';
import { reading } from './support/attempt';
import type { Dependencies } from './support/dependencies';
import { forEachOf } from './support/ports';

/** Every network is listed once, however many of its addresses are asked for. */
export async function findAddresses(
  dependencies: Dependencies,
  { addresses }: FindAddressesInput,
): Promise<FindAddressesResult> {
  const { cloud } = dependencies;
  const options = reading(dependencies);
  const networks = [...new Set(addresses.map(({ networkId }) => networkId))];
  const lists = await forEachOf(networks, (networkId) => cloud.listPorts({ networkId }, options));
  const portsOf = new Map<string, Port[]>(networks.map((id, index) => [id, lists[index] ?? []]));
  const holders = addresses.map(({ networkId, ip, madeAs }) => {
    const ports = portsOf.get(networkId) ?? [];
    const holder =
      ports.find(({ name }) => name?.startsWith(madeAs) === true) ??
      ports.find((port) => ip !== null && port.fixedIps.some((each) => sameIp(each.ip, ip)));
    return holder === undefined ? null : { portId: holder.id, deviceId: holder.deviceId, name: holder.name };
  });
  return { kind: 'addresses', holders };
}
