/** A POST that starts a job. What is known about its fate is decided here, before the workflow sees it. */
import type { Effect, SubmissionResult, Unsent } from '../agreement';
import type { EventName } from '../../contract/events';
import type { Accepted, CallOptions } from '../../ecs/cloud';
import { CloudError } from '../../ecs/errors';
import { isReset, writing } from './attempt';
import { tell } from './tell';
import { throttledBy } from './boundary';
import type { Dependencies } from './dependencies';
import type { JobTimes } from './job-times';

export async function submit<Hindrance = never>(
  dependencies: Dependencies,
  jobTimes: JobTimes,
  effect: Effect,
  { what, nics, before, send }: Submission<Hindrance>,
): Promise<SubmissionResult | Hindrance> {
  const { clock, log } = dependencies;
  if (isReset(effect)) return { kind: 'unsent', why: 'reset' };
  const hindrance = await readFirst(before);
  if (hindrance !== null) return hindrance;
  try {
    // The signal is not wired: a request on its way can't be called back, but its job id would be lost.
    const { jobId, requestId } = await send(writing(dependencies));
    tell(log, 'submission.accepted', { what, nics, job: jobId, requestId });
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
    const { code, requestId, message: why } = error;
    tell(log, eventOf(result), { what, nics, why, code, requestId });
    return result;
  }
}

interface Submission<Hindrance> {
  what: 'deletion' | 'attachment';
  /** How many. */
  nics: number;
  /** Reads what the POST relies on, in its own attempt. What it returns is the answer, and nothing is sent. */
  before?: () => Promise<Hindrance | null>;
  send: (options: CallOptions) => Promise<Accepted>;
}

/** Without a usable answer the cloud may have accepted the POST: that must not read like a refusal. */
function eventOf(result: SubmissionResult): EventName {
  if (result.kind === 'unsent') return 'submission.not-sent';
  const isOpen = result.kind === 'unknown' || (result.kind === 'throttled' && result.look);
  return isOpen ? 'submission.unknown' : 'submission.not-accepted';
}

/** Whatever goes wrong with a read: nothing was sent. */
async function readFirst<Hindrance>(
  before: Submission<Hindrance>['before'],
): Promise<SubmissionResult | Hindrance | null> {
  if (before === undefined) return null;
  try {
    return await before();
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    if (error.action === 'throttled') return { ...throttledBy(error), look: false };
    if (error.kind === 'late') return { kind: 'unsent', why: 'late' };
    if (error.action !== 'credentials' && error.action !== 'never') return { kind: 'unsent', why: 'unread' };
    return { ...refusedFor(error), next: nextStep(error) };
  }
}

function fateOf(error: CloudError): SubmissionResult {
  const { code, httpStatus, requestId } = error;
  const unsent = unsentBy(error);
  if (unsent !== null) return unsent;
  if (error.action === 'throttled') {
    return { ...throttledBy(error), look: isAnswered2xx(error) };
  }
  if (error.fate === 'unknown') return { kind: 'unknown', why: error.message, code, httpStatus, requestId };
  return { ...refusedFor(error), next: nextStep(error) };
}

/** An error in a 2xx answer, such as a throttled one: the cloud may have accepted the POST all the same. */
export function isAnswered2xx({ httpStatus }: CloudError): boolean {
  return httpStatus !== null && httpStatus < 300;
}

function refusedFor({ code, httpStatus, requestId, message, hint }: CloudError) {
  return { kind: 'refused', code, httpStatus, requestId, message, hint } as const;
}

/** Nothing left this worker, for certain, and a later call may be sent; `null`: that is not known. */
export function unsentBy({ kind, meaning, sent, action }: CloudError): Unsent | null {
  if (kind === 'late') return { kind: 'unsent', why: 'late' };
  if (kind === 'unconfirmed') return { kind: 'unsent', why: 'late', because: meaning };
  return sent === 'no' && action === 'retry' ? { kind: 'unsent', why: 'unreachable' } : null;
}

function nextStep({ action }: CloudError): Extract<SubmissionResult, { kind: 'refused' }>['next'] {
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
