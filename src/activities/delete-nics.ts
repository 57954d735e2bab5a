import type { DeleteNicsInput, SubmissionResult } from '../contract/activities';
import type { Dependencies } from './dependencies';
import type { JobTimes } from './job-times';
import { submit } from './submission';

export function deleteNics(
  dependencies: Dependencies,
  jobTimes: JobTimes,
  input: DeleteNicsInput,
): Promise<SubmissionResult> {
  return submit(dependencies, jobTimes, input, 'deletion', (options) =>
    dependencies.cloud.deleteNics(input.serverId, input.nicIds, options),
  );
}
