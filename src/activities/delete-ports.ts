import type { DeletePortsInput, DeletePortsResult, PortFate } from '../contract/activities';
import { isAbsent } from './boundary';
import type { Dependencies } from './dependencies';
import { refusedBy, writeEach, writingAtBoundary } from './writes';

/** The cloud itself refuses to delete a port that is in use (ecs-api.md §4.2): nothing is looked at before. */
export function deletePorts(dependencies: Dependencies, input: DeletePortsInput): Promise<DeletePortsResult> {
  const { cloud, log } = dependencies;
  const { serverId, portIds } = input;
  return writingAtBoundary(dependencies, input, async (options) => {
    const refused = await writeEach(portIds, async (id) => {
      try {
        await cloud.deletePort(id, options);
        log.info('port deleted', { serverId, portId: id });
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
    });
    const fateOf = (id: string): PortFate => {
      const error = refused.get(id);
      if (error === undefined) return { fate: 'gone' };
      return { fate: error.sign === 'port-in-use' ? 'in-use' : 'refused', ...refusedBy(error) };
    };
    return { kind: 'ports', ports: Object.fromEntries(portIds.map((id) => [id, fateOf(id)])) };
  });
}
