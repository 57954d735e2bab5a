/** The last accepted job: what is known of it, and when it is polled next. Only these functions write the record. */
import type { JobAnswer, Pace, SubmissionResult } from '../../../activities/agreement';
import { ENDED_STATUSES } from '../../../activities/agreement';
import type { CheckedTiming } from '../../../contract/input';
import type { JobRow, ResultDocument } from '../../../contract/types';

export type JobState =
  | 'none'
  | 'running'
  | 'ended'
  /** The cloud does not know the job, or not any more. */
  | 'gone'
  /** Polls fail: the run reads the NIC list instead, and polls the job now and then. */
  | 'unreadable';

export interface Job {
  state: JobState;
  /** The last answer to a poll. */
  answer: JobAnswer | null;
  pace: Pace;
  /** From when on the run expects nothing more of the submission. */
  overSince: number | null;
  /** When the next poll is due; `null`: not decided. */
  dueAt: number | null;
  /** After a refused poll the next one waits a minute; meanwhile the run reads the NIC list (docs/contract.md §6.5). */
  heldUntil: number;
  /** Duration of a long job in the worker's experience, in ms. */
  longMs: number;
}

export function freshJob(): Job {
  return {
    state: 'none',
    answer: null,
    pace: { firstPollMs: 10_000, pollIntervalMs: 10_000 },
    overSince: null,
    dueAt: null,
    heldUntil: 0,
    longMs: 0,
  };
}

interface State {
  document: ResultDocument;
  job: Job;
}

/** The job's row in the document. */
export function currentJob({ document }: Pick<State, 'document'>): JobRow | undefined {
  return document.jobs.at(-1);
}

/** The job may still change something: it runs, or its state can't be read. */
export function isBusy({ job }: Pick<State, 'job'>): boolean {
  return job.state === 'running' || job.state === 'unreadable';
}

/**
 * A submission was accepted.
 * @param timing of the request; overrides what the worker suggests
 */
export function beginJob(
  { document, job }: State,
  what: JobRow['what'],
  {
    jobId,
    requestId,
    submittedAt,
    firstPollMs,
    pollIntervalMs,
  }: Extract<SubmissionResult, { kind: 'accepted' }>,
  timing: CheckedTiming,
): void {
  document.jobs.push({ id: jobId, what, status: 'INIT', submittedAt, endedAt: null, polls: 0, requestId });
  job.state = 'running';
  job.answer = null;
  job.overSince = null;
  job.dueAt = null;
  job.pace = {
    firstPollMs: timing.firstPollMs ?? firstPollMs,
    pollIntervalMs: timing.pollIntervalMs ?? pollIntervalMs,
  };
}

/** When to poll next: as decided before, possibly by the previous run of the chain; otherwise `delay` from now. */
export function nextPollAt({ job }: Pick<State, 'job'>, delay: () => number): number {
  job.dueAt ??= Date.now() + delay();
  return job.dueAt;
}

export function clearPollDue({ job }: Pick<State, 'job'>): void {
  job.dueAt = null;
}

/** A wait was ended early, so the poll that it was for is due now. */
export function hastenPoll({ job }: Pick<State, 'job'>): void {
  if (job.dueAt !== null) job.dueAt = Math.min(job.dueAt, Date.now());
}

/** Delays the next poll: the cloud throttles, or refuses polls. */
export function holdPolls({ job }: Pick<State, 'job'>, ms: number): void {
  job.heldUntil = Date.now() + ms;
}

/** Records the answer to a poll. `true`: the job has ended. */
export function recordJobAnswer(state: State, answer: JobAnswer): boolean {
  const { job } = state;
  const row = currentJob(state);
  const ended = ENDED_STATUSES.has(answer.status);
  job.answer = answer;
  job.state = ended ? 'ended' : 'running';
  // The time at which this run saw the end: the cloud's clock may differ, and a worker's absence uses up no patience.
  job.overSince = ended ? Date.now() : null;
  if (row === undefined) return ended;
  row.status = answer.status;
  if (ended) row.endedAt = answer.endedAt;
  return ended;
}

export function markJobGone(state: State): void {
  const row = currentJob(state);
  if (row !== undefined) row.status = 'gone';
  state.job.state = 'gone';
  state.job.overSince ??= Date.now();
}

export function markJobUnreadable({ job }: Pick<State, 'job'>): void {
  job.state = 'unreadable';
}

/** A submission got no answer. The patience counts from now. */
export function countFromNow({ job }: Pick<State, 'job'>): void {
  job.overSince = Date.now();
}

/** @param ms as the worker has measured; `null`: not known */
export function learnLongJob({ job }: Pick<State, 'job'>, ms: number | null): void {
  job.longMs = ms ?? job.longMs;
}
