/** Follow the job on a durable timer. A poll that fails does not end the run (docs/contract.md §6.4). */
import type { JobAnswer } from '../../activities/agreement/agreement';
import { ENDED_STATUSES, HOLD_MS } from '../../activities/agreement/agreement';
import type { JobRow } from '../../contract/types';
import { formatDuration } from '../../contract/duration';
import { read } from '../run/activity-calls';
import { jobAge, label, nics } from '../run/details';
import { recordJob } from '../run/counters';
import { portsToLookUp } from '../run/readings';
import { nextPollDelay, throttleDelay } from '../policy/poll-schedule';
import type { Run } from '../run/run';

/** Polls in a row that may fail before the NICs are looked at instead; a success starts the count anew. */
const ERROR_BUDGET = 10;

interface Failures {
  errors: number;
  throttles: number;
}

/** Returns when the last job has ended, is gone, can't be read, or still runs at a look made after the deadline. */
export async function followJob(run: Run): Promise<void> {
  const job = run.document.jobs.at(-1);
  // A run that goes on where another one ended must not say that it polls what is over.
  if (job === undefined || run.state.jobState !== 'running') return;
  run.enter(run.state.putBack === null ? 'polling' : 'restoring');
  const failures: Failures = { errors: 0, throttles: 0 };
  let throttledMs: number | null = null;
  while (run.state.jobState === 'running') {
    const now = Date.now();
    const sinceMs = now - Date.parse(job.submittedAt);
    run.state.pollDueAt ??=
      now +
      (throttledMs ?? nextPollDelay(run.state.pace, job.polls, sinceMs, Math.random(), run.remainingMs));
    const delay = run.state.pollDueAt - now;
    const text = label(`poll ${job.polls + 1} in ${formatDuration(delay)} · ${jobAge(job, now)}`);
    // Already waited for when this run continues another one.
    if (delay > 0) await (throttledMs === null ? run.waitOrWake(delay, text) : run.wait(delay, text));
    run.state.pollDueAt = null;
    throttledMs = await pollOnce(run, failures, true);
    if (run.expired) return;
  }
}

/**
 * One poll. Returns how long to wait before the next one when the cloud asks for patience.
 * @param thenList when the job has ended, take the first reading of the NICs along
 */
export async function pollOnce(
  run: Run,
  failures: Failures = { errors: ERROR_BUDGET, throttles: 0 },
  thenList = false,
): Promise<number | null> {
  const job = run.document.jobs.at(-1);
  if (job === undefined) return null;
  const nicIds = nicsOf(run, job);
  const summary = label(`poll ${job.polls + 1} · ${jobAge(job, Date.now())} · ${nics(nicIds.length)}`);
  const answer = await read(run, 'getJobStatus', summary, {
    jobId: job.id,
    nicIds,
    ...(thenList &&
      job.what === 'delete' && {
        thenList: { serverId: run.request.serverId, ports: portsToLookUp(run), server: false },
      }),
  });
  job.polls += 1;
  if (answer.kind === 'throttled') {
    failures.throttles += 1;
    return throttleDelay(answer.retryAfterMs, failures.throttles);
  }
  if (answer.kind === 'job') {
    failures.errors = 0;
    failures.throttles = 0;
    const { reading, listAfterMs, ...said } = answer;
    takeIn(run, said);
    if (job.what === 'delete') run.atEnd = { reading, listAfterMs };
  } else if (answer.kind === 'gone') {
    job.status = 'gone';
    setJobEvidence(run, 'gone');
    run.state.jobState = 'gone';
    if (job.what === 'delete') run.state.doubtful = true;
    run.state.overSince ??= Date.now();
  } else {
    failures.errors += 1;
    if (answer.kind !== 'unavailable') run.state.pollHoldUntil = Date.now() + HOLD_MS;
    // What the job won't tell, the NIC list decides.
    if (answer.kind !== 'unavailable' || failures.errors >= ERROR_BUDGET) run.state.jobState = 'unreadable';
  }
  run.show();
  return null;
}

function takeIn(run: Run, answer: JobAnswer): void {
  const job = run.document.jobs.at(-1);
  if (job === undefined) return;
  run.state.lastJob = answer;
  job.status = answer.status;
  setJobEvidence(run, answer.status);
  // What a sub-job of an attachment says is for those who wait for it.
  for (const sub of job.what === 'delete' ? answer.subJobs : []) {
    if (!run.state.witnesses.some(({ id }) => id === sub.nicId)) continue;
    const row = run.row(sub.nicId ?? '');
    row.evidence.subJob = sub.status;
    if (sub.status === 'FAIL') {
      row.errorCode = sub.errorCode ?? answer.errorCode;
      row.message = sub.message ?? answer.message;
    }
  }
  if (ENDED_STATUSES.has(answer.status)) {
    job.endedAt = answer.endedAt;
    run.state.jobState = 'ended';
    // Counted from when this run saw it: the cloud's clock may differ, and a late worker loses no patience.
    run.state.overSince = Date.now();
    recordJob(job, answer);
  } else {
    run.state.jobState = 'running';
    run.state.overSince = null;
  }
}

function nicsOf(run: Run, job: JobRow): string[] {
  return job.what === 'delete' ? run.state.witnesses.map(({ id }) => id) : (run.state.putBack?.batch ?? []);
}

function setJobEvidence(run: Run, status: string): void {
  const job = run.document.jobs.at(-1);
  for (const row of run.document.nics) if (row.jobId === job?.id) row.evidence.job = status;
}
