import type { GetJobStatusInput, GetJobStatusResult, ListNicsInput, SubJob } from './agreement';
import { ENDED_STATUSES, HOLD_MS } from './agreement';
import { MAX_NICS } from '../contract/input';
import type { Job } from '../ecs/cloud';
import { CloudError } from '../ecs/errors';
import { attemptEndsAt, reading } from './support/attempt';
import { isAbsent } from './support/boundary';
import type { Dependencies } from './support/dependencies';
import type { JobTimes } from './support/job-times';
import { readNics } from './list-nics';

/** A list that hangs must not lose the job's answer: it gets this long … */
const LIST_AT_MOST_MS = 10_000;
/** … and less where the poll has used up the attempt but for the time to report. */
const TO_REPORT_MS = 5_000;

/** Pause after a throttled answer that names no time. */
const THROTTLED_MS = 5_000;

type Listed = Pick<Extract<GetJobStatusResult, { kind: 'job' }>, 'reading' | 'listAfterMs'>;
const NO_READING: Listed = { reading: null, listAfterMs: 0 };

/** One poll. A job that the cloud does not know (any more) is a result, not an error. */
export async function getJobStatus(
  dependencies: Dependencies,
  jobTimes: JobTimes,
  { jobId, nicIds, thenList }: GetJobStatusInput,
): Promise<GetJobStatusResult> {
  const options = reading(dependencies);
  try {
    const job = await dependencies.cloud.showJob(jobId, options);
    // Failed jobs end at another time than those that do the work.
    if (job.status === 'SUCCESS') jobTimes.add(jobId, job.beginAt, job.endAt);
    const over = ENDED_STATUSES.has(job.status) && thenList !== undefined;
    return {
      kind: 'job',
      status: job.status,
      beganAt: job.beginAt,
      endedAt: job.endAt,
      errorCode: job.errorCode,
      message: job.failReason,
      subJobs: ofInterest(job.subJobs, nicIds),
      ...(over ? await readingOrNone(dependencies, thenList, options) : NO_READING),
    };
  } catch (error) {
    if (isAbsent(error)) return { kind: 'gone', code: error.code };
    throw error;
  }
}

/** A server holds 12 NICs; whatever a job lists beyond that is rubbish, and every poll of it would stand in the history. */
const MAX_SUB_JOBS = 2 * MAX_NICS;

function ofInterest(subJobs: Job['subJobs'], nicIds: readonly string[] | undefined): SubJob[] {
  return subJobs
    .filter(({ nicId }) => nicIds === undefined || nicId === null || nicIds.includes(nicId))
    .slice(0, MAX_SUB_JOBS)
    .map(({ nicId, status, errorCode, failReason }) => ({ nicId, status, errorCode, message: failReason }));
}

/** No failure of the list is an error here: the workflow reads the list again, as often as it needs. */
async function readingOrNone(
  dependencies: Dependencies,
  input: ListNicsInput,
  options: ReturnType<typeof reading>,
): Promise<Listed> {
  const { clock } = dependencies;
  const leftMs = attemptEndsAt(clock) - clock.now() - TO_REPORT_MS;
  if (leftMs <= 0) return NO_READING;
  try {
    const soon = AbortSignal.any([options.signal, AbortSignal.timeout(Math.min(leftMs, LIST_AT_MOST_MS))]);
    return { reading: await readNics(dependencies, input, { ...options, signal: soon }), listAfterMs: 0 };
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    return { reading: null, listAfterMs: patienceAfter(error) };
  }
}

function patienceAfter({ action, retryAfterMs, delayMs }: CloudError): number {
  if (action === 'throttled') return retryAfterMs ?? delayMs ?? THROTTLED_MS;
  return action === 'credentials' ? HOLD_MS : 0;
}
