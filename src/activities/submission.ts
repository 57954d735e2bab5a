/** A POST that starts a job. What is known about its fate is decided here, before the workflow sees it. */
import type { Effect, SubmissionResult } from '../contract/activities';
import type { Accepted, CallOptions } from '../ecs/cloud';
import { CloudError } from '../ecs/errors';
import { isReset, lastWriteAt } from './attempt';
import { throttledBy } from './boundary';
import type { Dependencies } from './dependencies';
import type { JobTimes } from './job-times';

export async function submit(
  { clock, log }: Dependencies,
  jobTimes: JobTimes,
  effect: Effect,
  what: 'deletion' | 'attachment',
  send: (options: CallOptions) => Promise<Accepted>,
): Promise<SubmissionResult> {
  if (isReset(effect)) return { kind: 'unsent', why: 'reset' };
  try {
    // The signal is not wired: a request on its way can't be called back, but its job id would be lost.
    const { jobId, requestId } = await send({ notAfter: lastWriteAt(clock) });
    log.info(`${what} accepted`, { jobId, requestId, effect });
    return {
      kind: 'accepted',
      jobId,
      requestId,
      submittedAt: new Date(clock.now()).toISOString(),
      ...jobTimes.pace(),
    };
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    const result = fateOf(error);
    log.warn(`${what} not accepted`, { result, effect });
    return result;
  }
}

function fateOf(error: CloudError): SubmissionResult {
  const { code, httpStatus, requestId } = error;
  if (error.kind === 'late') return { kind: 'unsent', why: 'late' };
  if (isUnreachable(error)) return { kind: 'unsent', why: 'unreachable' };
  if (error.action === 'throttled') {
    return { ...throttledBy(error), look: httpStatus !== null && httpStatus < 300 };
  }
  if (error.fate === 'unknown') return { kind: 'unknown', why: error.message, code, httpStatus, requestId };
  return {
    kind: 'refused',
    code,
    httpStatus,
    requestId,
    message: error.message,
    hint: error.hint,
    then: nextStep(error),
  };
}

/** No connection came about: nothing left this worker, for certain. */
export function isUnreachable({ sent, action }: CloudError): boolean {
  return sent === 'no' && action === 'retry';
}

function nextStep({ action }: CloudError): Extract<SubmissionResult, { kind: 'refused' }>['then'] {
  switch (action) {
    case 'wait-busy':
      return 'busy';
    case 'wait-state':
      return 'state';
    case 'credentials':
      return 'credentials';
    case 'observe':
    case 'absent':
    case 'retry':
    case 'throttled':
      return 'observe';
    case 'never':
      return 'never';
  }
}
