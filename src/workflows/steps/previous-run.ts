/** What a run before this one has left open comes to rest before this run acts (docs/decisions/0009). */
import { isCancellation } from '@temporalio/workflow';
import type { PreviousOpenRun } from '../../activities/agreement';
import { ENDED_STATUSES } from '../../activities/agreement';
import { FAILURE_TYPE } from '../../contract/names';
import { read, unheardMs } from '../run/activity-calls';
import { endUnlessPassing } from '../run/ask';
import { label, nics as countOf } from '../run/details';
import { RunEnd } from '../run/run-end';
import type { Deletion } from '../run/kinds';
import { nextPollDelay } from '../policy/poll-schedule';
import type { Run } from '../run/run';
import { lookUntilAgreed } from './look';

/**
 * A run under the same id ended from outside, or at its deadline, with its submission open. What it sent may still have
 * an effect, so this run follows the job to its end before the inspection that counts.
 */
export async function settlePrevious(run: Run, previous: PreviousOpenRun): Promise<void> {
  const why = `run ${previous.runId} ended before it was known what came of its submission`;
  run.warn(`${why}; this run acts once nothing more can come of it`);
  run.enter('waiting', why);
  // The job may move the NICs during the wait, so what was seen before it proves nothing.
  for (const row of run.document.nics) row.evidence = { ...row.evidence, list: 'unknown', port: 'unknown' };
  const startedAt = Date.now();
  for (let look = 1; !run.expired; look++) {
    if (previous.jobId === null) {
      // The job is not known. Two settles give a submission under way the time to show.
      const ms = Math.max(2 * run.request.timing.settleMs, unheardMs(run));
      await run.wait(ms, label(`pause for what run ${previous.runId} sent`));
      return;
    }
    const { jobId } = previous;
    const summary = label(`job of the ended run ${previous.runId}`);
    const answer = await read(run, 'getJobStatus', summary, { jobId, nicIds: [] });
    if (answer.kind === 'gone') return;
    if (answer.kind === 'job' && ENDED_STATUSES.has(answer.status)) return;
    if (answer.kind === 'unread') endUnlessPassing(run, answer);
    await run.waitOrWake(
      nextPollDelay(run.state.job.pace, look, Date.now() - startedAt, Math.random(), run.remainingMs),
      label(`job of ${previous.runId}: still running`),
    );
    run.endIfUndone();
  }
  throw RunEnd.failed(
    FAILURE_TYPE.refused,
    `nothing was changed: ${why}, and its job had not ended at the deadline`,
  );
}

/**
 * Lists may lag behind what that job has just done: this run would take off what is off, and put back what it has not taken off.
 * Where the job is not known the run has waited for longer. Runs that began before this rule look at once.
 */
export async function awaitLists(run: Run, { jobId }: PreviousOpenRun): Promise<void> {
  if (!run.knowsPlace || jobId === null) return;
  await run.wait(run.request.timing.settleMs, label(`lists may lag behind ${jobId}`));
}

/**
 * The run ends and has sent nothing. A list that shows a NIC on the server may lag behind the job of the run before, or be as old
 * as this run's deadline. So a NIC that was among those of that job is looked at again. Where nobody could see whether it is still
 * there, the row does not say so.
 */
export async function lookBeforeTheEnd(run: Deletion, end: unknown): Promise<void> {
  const listed = run.document.nics.filter(({ evidence }) => evidence.list === 'present');
  const doubtful = mayHaveGone(
    run,
    listed.map(({ id }) => id),
  );
  if (doubtful.length === 0 || run.state.sent.touched) return;
  // Who cancels or undoes does not wait for it, and refused credentials are not tried again.
  const looks = end instanceof RunEnd && end.type === FAILURE_TYPE.refused;
  if (looks && (await confirmShown(run, doubtful).catch(unlessCancelled))) return;
  for (const row of listed.filter(({ id }) => doubtful.includes(id))) {
    row.evidence = { ...row.evidence, list: 'unknown', port: 'unknown' };
    row.message ??= UNSEEN;
  }
}

function unlessCancelled(error: unknown): false {
  if (!isCancellation(error)) throw error;
  return false;
}

const UNSEEN =
  'what a run before this one had sent may have taken it off, and no later look shows where it is';

/** Of NICs that were listed, those that what a run before this one had sent may have taken off, if the list lags behind. */
export function mayHaveGone(run: Run, listed: string[]): string[] {
  // In runs that began before this rule one look was enough. Their commands must stay the same.
  const { rested } = run.state.before;
  return run.knowsPlace && rested !== null ? listed.filter((id) => rested.nics.includes(id)) : [];
}

/**
 * Looks until it is certain whether these NICs are still on the server, with the patience that `still-attached` takes. `false`: it
 * was not in time.
 */
export async function confirmShown(run: Run, nicIds: string[]): Promise<boolean> {
  const { settleMs, verifyForMs } = run.request.timing;
  const provesFrom = (run.state.before.rested?.at ?? 0) + verifyForMs;
  const until = Math.max(provesFrom, Date.now() + verifyForMs);
  run.enter('verifying');
  run.cleaningUp = true;
  try {
    return await lookUntilAgreed(run, nicIds, {
      label: label(`are ${countOf(nicIds.length)} still on the server?`),
      // So that the patience is over before the looks are.
      gapMs: Math.max(settleMs, verifyForMs / 4),
      provesFrom,
      until: () => until,
    });
  } finally {
    run.cleaningUp = false;
  }
}
