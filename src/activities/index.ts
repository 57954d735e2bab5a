/** The effects, one object in, one object out; their dependencies come by closure. */
import type { CloudActivities } from '../contract/activities';
import { attachNics } from './attach-nics';
import { bindElasticIp } from './bind-elastic-ip';
import { readingAtBoundary } from './boundary';
import { createPort } from './create-port';
import { deleteNics } from './delete-nics';
import { deletePorts } from './delete-ports';
import type { Dependencies } from './dependencies';
import { findAddresses } from './find-addresses';
import { getJobStatus } from './get-job-status';
import { inspectServer } from './inspect-server';
import { JobTimes } from './job-times';
import { listNics } from './list-nics';
import { setPortFlags } from './set-port-flags';
import { updatePort } from './update-port';

export function createActivities(dependencies: Dependencies): CloudActivities {
  const jobTimes = new JobTimes();
  return {
    inspectServer: (input) => readingAtBoundary(() => inspectServer(dependencies, jobTimes, input)),
    deleteNics: (input) => deleteNics(dependencies, jobTimes, input),
    getJobStatus: (input) => readingAtBoundary(() => getJobStatus(dependencies, jobTimes, input)),
    listNics: (input) => readingAtBoundary(() => listNics(dependencies, input)),
    setPortFlags: (input) => setPortFlags(dependencies, input),
    deletePorts: (input) => deletePorts(dependencies, input),
    attachNics: (input) => attachNics(dependencies, jobTimes, input),
    createPort: (input) => createPort(dependencies, input),
    updatePort: (input) => updatePort(dependencies, input),
    bindElasticIp: (input) => bindElasticIp(dependencies, input),
    findAddresses: (input) => readingAtBoundary(() => findAddresses(dependencies, input)),
    readRun: (input) => dependencies.namespace.readRun(input),
  };
}
