import type { DeleteNicsInput, DeleteNicsResult } from './agreement';
import { writing } from './support/attempt';
import type { Dependencies } from './support/dependencies';
import type { JobTimes } from './support/job-times';
import { findInterfaces } from './list-nics';
import { submit } from './support/submission';

export function deleteNics(
  dependencies: Dependencies,
  jobTimes: JobTimes,
  input: DeleteNicsInput,
): Promise<DeleteNicsResult> {
  const { cloud } = dependencies;
  const { serverId, nicIds, keep = [] } = input;
  return submit(dependencies, jobTimes, input, {
    what: 'deletion',
    nics: nicIds.length,
    before: async () => {
      const nicIds = await unkept();
      return nicIds.length === 0 ? null : { kind: 'unkept' as const, nicIds };
    },
    send: (options) => cloud.deleteNics(serverId, nicIds, options),
  });

  /** Another user may have set a flag since it was read last; the deletion would then delete the port, too. */
  async function unkept(): Promise<string[]> {
    if (keep.length === 0) return [];
    const listed = await findInterfaces(cloud, serverId, writing(dependencies));
    const flags = new Map(listed?.map(({ portId, deleteOnTermination }) => [portId, deleteOnTermination]));
    return keep.filter((id) => flags.get(id) !== false);
  }
}
