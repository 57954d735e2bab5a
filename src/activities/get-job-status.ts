import { Context } from '@temporalio/activity';
import type { GetJobStatusInput, GetJobStatusResult, ListNicsInput, Reading } from '../contract/activities';
import { ENDED_STATUSES } from '../contract/activities';
import { CloudError } from '../ecs/errors';
import { isAbsent } from './boundary';
import type { Dependencies } from './dependencies';
import type { JobTimes } from './job-times';
import { readNics } from './list-nics';

/** A list that hangs must not cost what the job said: with one hanging poll (25 s) it fits into an attempt of 45 s. */
const LIST_AT_MOST_MS = 10_000;

/** One poll. A job that the cloud does not know (any more) is a result, not an error. */
export async function getJobStatus(
  dependencies: Dependencies,
  jobTimes: JobTimes,
  { jobId, thenList }: GetJobStatusInput,
): Promise<GetJobStatusResult> {
  const signal = Context.current().cancellationSignal;
  try {
    const job = await dependencies.cloud.showJob(jobId, { signal });
    // Failed ones end at another time than those that do the work.
    if (job.status === 'SUCCESS') jobTimes.add(jobId, job.beginAt, job.endAt);
    const over = ENDED_STATUSES.has(job.status) && thenList !== undefined;
    return {
      kind: 'job',
      status: job.status,
      beganAt: job.beginAt,
      endedAt: job.endAt,
      errorCode: job.errorCode,
      message: job.failReason,
      subJobs: job.subJobs.map(({ nicId, status, errorCode, failReason }) => ({
        nicId,
        status,
        errorCode,
        message: failReason,
      })),
      reading: over ? await readingOrNone(dependencies, thenList, signal) : null,
    };
  } catch (error) {
    if (isAbsent(error)) return { kind: 'gone', code: error.code };
    throw error;
  }
}

/** Whatever hinders it: the workflow will look again, with all the patience that takes. */
async function readingOrNone(
  dependencies: Dependencies,
  input: ListNicsInput,
  signal: AbortSignal,
): Promise<Reading | null> {
  try {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(LIST_AT_MOST_MS)]);
    return await readNics(dependencies, input, { signal: soon });
  } catch (error) {
    if (error instanceof CloudError) return null;
    throw error;
  }
}
