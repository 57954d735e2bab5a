/** What a run before this one has left open comes to rest before this run acts (docs/decisions/0009). */
import type { PreviousOpenRun } from '../../activities/agreement';
import { ENDED_STATUSES } from '../../activities/agreement';
import { FAILURE_TYPE } from '../../contract/names';
import { read, unheardMs } from '../run/activity-calls';
import { endUnlessPassing } from '../run/ask';
import { label } from '../run/details';
import { RunEnd } from '../run/run-end';
import { nextPollDelay } from '../policy/poll-schedule';
import type { Run } from '../run/run';

/**
 * A run under the same id ended from outside, or at its deadline, with its submission open. What it sent may still have
 * an effect, so this run follows the job to its end before the inspection that counts.
 */
export async function settlePrevious(run: Run, previous: PreviousOpenRun): Promise<void> {
  const why = `run ${previous.runId} ended before it was known what came of its submission`;
  run.warn(`${why}; this run waited until nothing more could come of it`);
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
