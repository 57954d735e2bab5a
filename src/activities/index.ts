/** The effects, one object in, one object out; their dependencies come by closure. */
import type { CloudActivities } from '../contract/activities';
import { readingAtBoundary } from './boundary';
import { deleteNics } from './delete-nics';
import type { Dependencies } from './dependencies';
import { getJobStatus } from './get-job-status';
import { inspectServer } from './inspect-server';
import { JobTimes } from './job-times';
import { listNics } from './list-nics';

export function createActivities(dependencies: Dependencies): CloudActivities {
  const jobTimes = new JobTimes();
  return {
    inspectServer: (input) => readingAtBoundary(() => inspectServer(dependencies, input)),
    deleteNics: (input) => deleteNics(dependencies, jobTimes, input),
    getJobStatus: (input) => readingAtBoundary(() => getJobStatus(dependencies, jobTimes, input)),
    listNics: (input) => readingAtBoundary(() => listNics(dependencies, input)),
  };
}
