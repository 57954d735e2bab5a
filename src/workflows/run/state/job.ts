/** The job that was accepted last: what is known of it, and when it is asked next. Written by these functions alone. */
import type { JobAnswer, Pace, SubmissionResult } from '../../../activities/agreement';
import { ENDED_STATUSES } from '../../../activities/agreement';
import type { CheckedTiming } from '../../../contract/input';
import type { JobRow, ResultDocument } from '../../../contract/types';

export type JobState =
  | 'none'
  | 'running'
  | 'ended'
  /** The cloud does not know it (any more). */
  | 'gone'
  /** Polls fail: the NICs are looked at instead, and the job is asked now and then. */
  | 'unreadable';

export interface Job {
  state: JobState;
  /** Its last answer to a poll. */
  answer: JobAnswer | null;
  pace: Pace;
  /** When nothing more was to be expected from a submission, as far as this run could see. */
  overSince: number | null;
  /** When the next poll is due; `null`: not decided. */
  dueAt: number | null;
  /** After a refused poll the next one waits a minute; the NIC list is read meanwhile (docs/contract.md §6.5). */
  heldUntil: number;
  /** What a long job takes, by the worker's experience, in ms. */
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

/** Its row in the document. */
export function currentJob({ document }: Pick<State, 'document'>): JobRow | undefined {
  return document.jobs.at(-1);
}

/** It may yet change something: it runs, or nobody can tell. */
export function isBusy({ job }: Pick<State, 'job'>): boolean {
  return job.state === 'running' || job.state === 'unreadable';
}

/** A submission was accepted. @param timing of the request, which comes before what the worker advises */
export function beginJob(
  { document, job }: State,
  what: JobRow['what'],
  { jobId, submittedAt, firstPollMs, pollIntervalMs }: Extract<SubmissionResult, { kind: 'accepted' }>,
  timing: CheckedTiming,
): void {
  document.jobs.push({ id: jobId, what, status: 'INIT', submittedAt, endedAt: null, polls: 0 });
  job.state = 'running';
  job.answer = null;
  job.overSince = null;
  job.dueAt = null;
  job.pace = {
    firstPollMs: timing.firstPollMs ?? firstPollMs,
    pollIntervalMs: timing.pollIntervalMs ?? pollIntervalMs,
  };
}

/** When to poll next: what was decided before, also by the run before this one in its chain, or `delay` from now. */
export function nextPollAt({ job }: Pick<State, 'job'>, delay: () => number): number {
  job.dueAt ??= Date.now() + delay();
  return job.dueAt;
}

export function clearPollDue({ job }: Pick<State, 'job'>): void {
  job.dueAt = null;
}

/** A wait was ended early: the poll that it was for comes at once. */
export function hastenPoll({ job }: Pick<State, 'job'>): void {
  if (job.dueAt !== null) job.dueAt = Math.min(job.dueAt, Date.now());
}

/** The cloud asks for patience. */
export function holdPolls({ job }: Pick<State, 'job'>, ms: number): void {
  job.heldUntil = Date.now() + ms;
}

/** `true`: it has ended. */
export function recordJobAnswer(state: State, answer: JobAnswer): boolean {
  const { job } = state;
  const row = currentJob(state);
  const ended = ENDED_STATUSES.has(answer.status);
  job.answer = answer;
  job.state = ended ? 'ended' : 'running';
  // Counted from when this run saw it: the cloud's clock may differ, and a late worker loses no patience.
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

/** A request got no answer: from now on what comes of it may show. */
export function countFromNow({ job }: Pick<State, 'job'>): void {
  job.overSince = Date.now();
}

/** As the worker has seen it take; `null`: not known. */
export function learnLongJob({ job }: Pick<State, 'job'>, ms: number | null): void {
  job.longMs = ms ?? job.longMs;
}
