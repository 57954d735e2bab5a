/** The effects, one object in, one object out; their dependencies come by closure. */
import type { CloudActivities } from '../contract/activities';
import { readingAtBoundary } from './boundary';
import { deleteNics } from './delete-nics';
import type { Dependencies } from './dependencies';
import { getJobStatus } from './get-job-status';
import { inspectServer } from './inspect-server';
import { listNics } from './list-nics';

export function createActivities(dependencies: Dependencies): CloudActivities {
  return {
    inspectServer: (input) => readingAtBoundary(() => inspectServer(dependencies, input)),
    deleteNics: (input) => deleteNics(dependencies, input),
    getJobStatus: (input) => readingAtBoundary(() => getJobStatus(dependencies, input)),
    listNics: (input) => readingAtBoundary(() => listNics(dependencies, input)),
  };
}
