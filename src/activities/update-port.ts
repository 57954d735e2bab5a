import type { UpdatePortInput, UpdatePortResult } from './agreement';
import type { Dependencies } from './support/dependencies';
import { tell } from './support/tell';
import { certainNo, refusedBy, writingAtBoundary } from './support/writes';

/** What could not be read when the snapshot was made (`null`) stays as it is. */
export function updatePort(dependencies: Dependencies, input: UpdatePortInput): Promise<UpdatePortResult> {
  const { portId, changes } = input;
  const known = Object.entries(changes).filter(([, value]) => value !== null && value !== undefined);
  return writingAtBoundary(dependencies, input, async (options) => {
    if (known.length === 0) return { kind: 'updated' };
    tell(dependencies.log, 'port.changed', { nic: portId, what: known.map(([field]) => field).join(', ') });
    try {
      await dependencies.cloud.updatePort(portId, Object.fromEntries(known), options);
      return { kind: 'updated' };
    } catch (error) {
      const no = certainNo(error);
      if (no === null) throw error;
      return { kind: 'refused', ...refusedBy(no) };
    }
  });
}
