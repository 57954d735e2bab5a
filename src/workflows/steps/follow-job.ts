/** Follows the job on a durable timer. A poll that fails does not end the run (docs/contract.md §6.4). */
import type { JobAnswer, Reading } from '../../activities/agreement';
import { HOLD_MS } from '../../activities/agreement';
import type { JobRow } from '../../contract/types';
import { formatDuration } from '../../contract/duration';
import { read } from '../run/activity-calls';
import { jobAge, label, nics } from '../run/details';
import { recordJob } from '../run/counters';
import { nextPollDelay, throttleDelay } from '../policy/poll-schedule';
import type { Run } from '../run/run';
import { tell } from '../run/tell';
import {
  currentJob,
  holdPolls,
  recordJobAnswer,
  markJobGone,
  markJobUnreadable,
  nextPollAt,
  clearPollDue,
} from '../run/state/job';
import { portsToLookUp } from '../run/state/seen';
import { markDoubtful } from '../run/state/sent';

/** After so many failed polls in a row the run reads the NIC list instead. A success starts the count anew. */
const ERROR_BUDGET = 10;

interface Failures {
  errors: number;
  throttles: number;
}

/** What the poll that found the job ended took along: the first reading, or how long to wait before it. */
export interface AtEnd {
  reading: Reading | null;
  listAfterMs: number;
}

/** The cloud throttles polls. */
interface Hold {
  holdMs: number;
}

/** Returns when the last job has ended, is gone, can't be read, or still runs at a poll made after the deadline. */
export async function followJob(run: Run): Promise<AtEnd | null> {
  const { state } = run;
  const job = currentJob(state);
  // A continued run must not show the phase of a job that is over.
  if (job === undefined || state.job.state !== 'running') return null;
  run.enter(state.undo.putBack === null ? 'polling' : 'restoring');
  const failures: Failures = { errors: 0, throttles: 0 };
  let heldMs: number | null = null;
  let atEnd: AtEnd | null = null;
  while (state.job.state === 'running') {
    const now = Date.now();
    const sinceMs = now - Date.parse(job.submittedAt);
    const next = () => nextPollDelay(state.job.pace, job.polls, sinceMs, Math.random(), run.remainingMs);
    const delay = nextPollAt(state, () => heldMs ?? next()) - now;
    const text = label(`poll ${job.polls + 1} in ${formatDuration(delay)} · ${jobAge(job, now)}`);
    // A continued run has made this wait already.
    if (delay > 0) await (heldMs === null ? run.waitOrWake(delay, text) : run.wait(delay, text));
    clearPollDue(state);
    const polled = await pollOnce(run, failures, true);
    heldMs = polled !== null && 'holdMs' in polled ? polled.holdMs : null;
    if (polled !== null && 'reading' in polled) atEnd = polled;
    if (run.expired) break;
  }
  return atEnd;
}

/** One poll of a job that can't be followed at the moment. */
export async function pollUnfollowed(run: Run): Promise<void> {
  const polled = await pollOnce(run);
  if (polled !== null && 'holdMs' in polled) holdPolls(run.state, polled.holdMs);
}

/**
 * One poll.
 * @param thenList if the job has ended, take the first reading of the NICs along
 */
async function pollOnce(
  run: Run,
  failures: Failures = { errors: ERROR_BUDGET, throttles: 0 },
  thenList = false,
): Promise<AtEnd | Hold | null> {
  const { state } = run;
  const job = currentJob(state);
  if (job === undefined) return null;
  const nicIds = nicsOf(run, job);
  const summary = label(`poll ${job.polls + 1} · ${jobAge(job, Date.now())} · ${nics(nicIds.length)}`);
  const answer = await read(run, 'getJobStatus', summary, {
    jobId: job.id,
    nicIds,
    ...(thenList &&
      job.what === 'delete' && {
        thenList: {
          serverId: run.request.serverId,
          server: false,
          nics: nicIds,
          ...portsToLookUp(state),
        },
      }),
  });
  job.polls += 1;
  if (answer.kind === 'throttled') {
    failures.throttles += 1;
    return { holdMs: throttleDelay(answer.retryAfterMs, failures.throttles) };
  }
  let atEnd: AtEnd | null = null;
  if (answer.kind === 'job') {
    failures.errors = 0;
    failures.throttles = 0;
    const { reading, listAfterMs, ...status } = answer;
    recordAnswer(run, status);
    if (job.what === 'delete') atEnd = { reading, listAfterMs };
  } else if (answer.kind === 'gone') {
    markJobGone(state);
    setJobEvidence(run, 'gone');
    if (job.what === 'delete') markDoubtful(state);
  } else {
    failures.errors += 1;
    if (answer.why !== 'unavailable') holdPolls(state, HOLD_MS);
    // The NIC list decides what the job does not tell.
    if (answer.why !== 'unavailable' || failures.errors >= ERROR_BUDGET) markJobUnreadable(state);
  }
  run.show();
  return atEnd;
}

function recordAnswer(run: Run, answer: JobAnswer): void {
  const { state } = run;
  const job = currentJob(state);
  if (job === undefined) return;
  const ended = recordJobAnswer(state, answer);
  if (ended)
    tell('job.ended', {
      server: run.document.serverId,
      job: job.id,
      status: answer.status,
      polls: job.polls,
    });
  setJobEvidence(run, answer.status);
  // The sub-jobs of an attachment are left to the step that puts NICs back.
  for (const sub of job.what === 'delete' ? answer.subJobs : []) {
    if (!state.seen.witnesses.some(({ id }) => id === sub.nicId)) continue;
    const row = run.row(sub.nicId ?? '');
    row.evidence.subJob = sub.status;
    if (sub.status === 'FAIL') {
      row.errorCode = sub.errorCode ?? answer.errorCode;
      row.message = sub.message ?? answer.message;
    }
  }
  if (ended) recordJob(job, answer);
}

function nicsOf(run: Run, job: JobRow): string[] {
  return job.what === 'delete'
    ? run.state.seen.witnesses.map(({ id }) => id)
    : (run.state.undo.putBack?.batch ?? []);
}

function setJobEvidence(run: Run, status: string): void {
  const job = currentJob(run.state);
  for (const row of run.document.nics) if (row.jobId === job?.id) row.evidence.job = status;
}
