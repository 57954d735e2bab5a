import type { SetFlagsInput, SetFlagsResult } from './agreement';
import type { Dependencies } from './dependencies';
import { findInterfaces } from './list-nics';
import { refusedBy, writeEach, writingAtBoundary } from './writes';

/** One write a NIC, whatever its flag is now, and one list that tells of all of them what came of it. */
export function setPortFlags(dependencies: Dependencies, input: SetFlagsInput): Promise<SetFlagsResult> {
  const { cloud } = dependencies;
  const { serverId, flags } = input;
  return writingAtBoundary(dependencies, input, async (options) => {
    const refused = await writeEach(Object.keys(flags), (id) =>
      cloud.setDeleteOnTermination(serverId, id, flags[id] === true, options),
    );
    // However late: reading does no harm, and the writes are only worth what it tells.
    const nics = (await findInterfaces(cloud, serverId, {})) ?? [];
    return {
      kind: 'flags',
      read: Object.fromEntries(
        nics
          .filter(({ portId }) => Object.hasOwn(flags, portId))
          .map((nic) => [nic.portId, nic.deleteOnTermination]),
      ),
      refused: Object.fromEntries([...refused].map(([id, error]) => [id, refusedBy(error)])),
    };
  });
}
