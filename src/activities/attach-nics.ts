import type { AttachNicsInput, SubmissionResult } from './agreement';
import type { Dependencies } from './support/dependencies';
import type { JobTimes } from './support/job-times';
import { submit } from './support/submission';

/** As little idempotent as a deletion, so it follows the same protocol. */
export function attachNics(
  dependencies: Dependencies,
  jobTimes: JobTimes,
  input: AttachNicsInput,
): Promise<SubmissionResult> {
  return submit(dependencies, jobTimes, input, {
    what: 'attachment',
    nics: input.portIds.length,
    send: (options) => dependencies.cloud.attachNics(input.serverId, input.portIds, options),
  });
}
