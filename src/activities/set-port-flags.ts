import type { SetFlagsInput, SetFlagsResult } from './agreement';
import type { Dependencies } from './support/dependencies';
import { findInterfaces } from './list-nics';
import { tell } from './support/tell';
import { refusedBy, writeEach, writingAtBoundary } from './support/writes';

/**
 * One write for each NIC, whatever its flag is now, and one list that shows the flags of all of them afterwards, unless the
 * deletion reads that list (docs/decisions/0017).
 */
export function setPortFlags(dependencies: Dependencies, input: SetFlagsInput): Promise<SetFlagsResult> {
  const { cloud, log } = dependencies;
  const { serverId, flags, provenLater = false } = input;
  return writingAtBoundary(dependencies, input, async (options) => {
    for (const value of [true, false]) {
      const nics = Object.values(flags).filter((flag) => flag === value).length;
      if (nics > 0) tell(log, 'flags.set', { nics, value });
    }
    const refused = await writeEach(Object.keys(flags), (id) =>
      cloud.setDeleteOnTermination(serverId, id, flags[id] === true, options),
    );
    if (provenLater && refused.size === 0) return { kind: 'flags', read: flags, refused: {} };
    // However late it is: a read does no harm, and only the read proves what the writes did.
    const nics = (await findInterfaces(cloud, serverId, { urgency: options.urgency })) ?? [];
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
