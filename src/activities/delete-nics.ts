/** The one POST. What is known about its fate is decided here, before the workflow sees it. */
import { Context } from '@temporalio/activity';
import type { DeleteNicsInput, SubmissionResult } from '../contract/activities';
import { CloudError } from '../ecs/errors';
import { attemptEndsAt } from './attempt';
import { throttledBy } from './boundary';
import type { Dependencies } from './dependencies';
import type { JobTimes } from './job-times';

/**
 * What must be left of the attempt when the bytes leave: the client's time-outs (25 s in all) and 5 s to report. A
 * worker that was frozen and thaws late must not send: the workflow has given the attempt up.
 */
const NEEDED_MS = 30_000;

export async function deleteNics(
  { cloud, clock, log }: Dependencies,
  jobTimes: JobTimes,
  { serverId, nicIds, originalRunId }: DeleteNicsInput,
): Promise<SubmissionResult> {
  const { info } = Context.current();
  // A reset keeps the original run id and gets a run id of its own: what it repeats may have been sent already.
  if (info.workflowExecution?.runId !== originalRunId) return { kind: 'unsent', why: 'reset' };
  const notAfter = attemptEndsAt(clock) - NEEDED_MS;
  try {
    // The signal is not wired: a request on its way can't be called back, but its job id would be lost.
    const { jobId, requestId } = await cloud.deleteNics(serverId, nicIds, { notAfter });
    log.info('deletion accepted', { jobId, requestId, nicIds });
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
    log.warn('deletion not accepted', { result, nicIds });
    return result;
  }
}

function fateOf(error: CloudError): SubmissionResult {
  const { code, httpStatus, requestId } = error;
  if (error.kind === 'late') return { kind: 'unsent', why: 'late' };
  if (error.sent === 'no' && error.action === 'retry') return { kind: 'unsent', why: 'unreachable' };
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
