import { Context } from '@temporalio/activity';
import type { GetJobStatusInput, GetJobStatusResult } from '../contract/activities';
import { isAbsent } from './boundary';
import type { Dependencies } from './dependencies';
import type { JobTimes } from './job-times';

/** One poll. A job that the cloud does not know (any more) is a result, not an error. */
export async function getJobStatus(
  { cloud }: Dependencies,
  jobTimes: JobTimes,
  { jobId }: GetJobStatusInput,
): Promise<GetJobStatusResult> {
  try {
    const job = await cloud.showJob(jobId, { signal: Context.current().cancellationSignal });
    // Failed ones end at another time than those that do the work.
    if (job.status === 'SUCCESS') jobTimes.add(jobId, job.beginAt, job.endAt);
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
    };
  } catch (error) {
    if (isAbsent(error)) return { kind: 'gone', code: error.code };
    throw error;
  }
}
