/** The effects, one object in, one object out; their dependencies come by closure. */
import type { CloudActivities, Learned, Placed } from './agreement';
import { attachNics } from './attach-nics';
import { whileAlive } from './support/alive';
import { bindElasticIp } from './bind-elastic-ip';
import { readingAtBoundary } from './support/boundary';
import { bounded } from './support/bounded';
import { createPort } from './create-port';
import { deleteNics } from './delete-nics';
import { deletePorts } from './delete-ports';
import { describeRuns } from './describe-runs';
import type { Dependencies } from './support/dependencies';
import { findAddresses } from './find-addresses';
import { getJobStatus } from './get-job-status';
import { inspectServer } from './inspect-server';
import { inspectServers } from './inspect-servers';
import { JobTimes } from './support/job-times';
import { listNics } from './list-nics';
import { listServers } from './list-servers';
import { declineElsewhere, placeOf } from './support/place';
import { setPortFlags } from './set-port-flags';
import { updatePort } from './update-port';

export function createActivities(dependencies: Dependencies): CloudActivities {
  const jobTimes = new JobTimes();
  const here = placeOf(dependencies.cloud);
  /** Around every activity: it serves this place only, and its answer names the namespace's search attributes. */
  const activity =
    <I extends Placed, R extends object>(work: (input: I) => Promise<R>) =>
    (input: I): Promise<R & Learned> =>
      whileAlive(async () => {
        declineElsewhere(input, here);
        const answer = bounded(await work(input));
        // Last: what the workflow does next relies on it.
        const searchAttributes = await dependencies.namespace.searchAttributes();
        return searchAttributes === null ? answer : { ...answer, searchAttributes };
      });
  const read = <I extends Placed, R extends object>(work: (input: I) => Promise<R>) =>
    activity((input: I) => readingAtBoundary(() => work(input)));
  return {
    inspectServer: read((input) => inspectServer(dependencies, jobTimes, input)),
    inspectServers: read((input) => inspectServers(dependencies, jobTimes, input)),
    deleteNics: activity((input) => deleteNics(dependencies, jobTimes, input)),
    getJobStatus: read((input) => getJobStatus(dependencies, jobTimes, input)),
    listNics: read((input) => listNics(dependencies, input)),
    setPortFlags: activity((input) => setPortFlags(dependencies, input)),
    deletePorts: activity((input) => deletePorts(dependencies, input)),
    attachNics: activity((input) => attachNics(dependencies, jobTimes, input)),
    createPort: activity((input) => createPort(dependencies, input)),
    updatePort: activity((input) => updatePort(dependencies, input)),
    bindElasticIp: activity((input) => bindElasticIp(dependencies, input)),
    findAddresses: read((input) => findAddresses(dependencies, input)),
    listServers: read((input) => listServers(dependencies, input)),
    readRun: activity((input) => dependencies.namespace.readRun(input)),
    describeRuns: activity((input) => describeRuns(dependencies, input)),
    listSearchAttributes: activity(async () => ({ kind: 'learned' as const })),
  };
}
