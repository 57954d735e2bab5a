import type { Inspection, Inspections, InspectServersInput } from './agreement';
import { CloudError } from '../ecs/errors';
import { inspectServer } from './inspect-server';
import type { Dependencies } from './support/dependencies';
import type { JobTimes } from './support/job-times';

/**
 * What one answer may hold, in bytes: Temporal warns above 256 KB, and ten servers of 12 NICs have some 200 KB. A server for which no
 * room is left is asked for by itself.
 */
const ROOM_BYTES = 150_000;

/**
 * Several servers side by side: what each asks gathers into sets. That one of them can't be read is no trouble of the others; refused
 * credentials are everybody's.
 */
export async function inspectServers(
  dependencies: Dependencies,
  jobTimes: JobTimes,
  { servers }: InspectServersInput,
): Promise<Inspections> {
  let room = ROOM_BYTES;
  const asked = servers.map(async (server): Promise<Inspection | null> => {
    const wishes = { previousRunOf: null, tags: true, bySets: true };
    const inspection = await inspectServer(dependencies, jobTimes, { ...server, ...wishes });
    room -= Buffer.byteLength(JSON.stringify(inspection));
    return room < 0 ? null : inspection;
  });
  const inspections = (await Promise.allSettled(asked)).map((answer) => {
    if (answer.status === 'fulfilled') return answer.value;
    const reason: unknown = answer.reason;
    if (reason instanceof CloudError && reason.action !== 'credentials' && reason.kind !== 'aborted')
      return null;
    throw reason;
  });
  return { kind: 'inspections', inspections };
}
