/**
 * Delete NICs of one server. The cloud answers with a job, not with a result: so the run submits once, follows the
 * job on a durable timer, and establishes NIC by NIC what really happened.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancelledFailure,
  CancellationScope,
  condition,
  isCancellation,
  upsertMemo,
} from '@temporalio/workflow';
import { FAILURE_TYPE, MEMO, OPEN_SETTLED } from '../contract/names';
import type { ResultDocument } from '../contract/types';
import { RunEnd } from './ending';
import { followJob } from './follow';
import { checkStart, inspect } from './inspect';
import type { Ending } from './messages';
import { registerMessages } from './messages';
import { endOf, failureMessage, outcomeOfFailure, totalsOf } from './outcome';
import { iso, Run } from './run';
import { countRun } from './metrics';
import { publish } from './search-attributes';
import { submitOnce } from './submit';
import { establishVerdicts } from './verify';

export async function deleteServerNics(start: unknown): Promise<ResultDocument> {
  const run = new Run(start); // a fresh request, or what a run that had grown long has handed on
  let ending: Ending | null = null;
  registerMessages(run, () => ending);
  try {
    if (!run.resumed) checkStart(run);
    await run.resume();
    if (!run.state.touched) await inspect(run); // snapshot and guards; nothing changed yet
    if (!run.request.dryRun) {
      await submitOnce(run); // a job id, a certain refusal, or looks instead of an answer
      await followJob(run); // durable timer and getJobStatus
      await establishVerdicts(run); // list, port and job of each NIC
    }
    ending = conclude(run);
  } catch (error) {
    ending = concludeEarly(run, error);
  }
  // Whoever waits for this run in an Update gets an answer before it closes.
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  if (ending.failure !== null) throw ending.failure;
  if (run.document.outcome === 'cancelled')
    throw new CancelledFailure('cancelled; what happened stands in the memo `result`');
  return run.document;
}

/** Every NIC has its verdict (or its place in the plan). */
function conclude(run: Run): Ending {
  const { document } = run;
  if (run.cancelRequested) {
    document.outcome = 'cancelled';
    return close(run, null, true);
  }
  if (run.request.dryRun) {
    document.outcome = 'planned';
    return close(run, null, true);
  }
  const end = endOf(document.nics);
  document.outcome = end.outcome;
  return close(
    run,
    end.failed === null ? null : { type: end.failed, message: failureMessage(document.nics, end.failed) },
    true,
  );
}

/** A step ended the run before anything was sent: refused, cancelled, or a defect. */
function concludeEarly(run: Run, error: unknown): Ending {
  const { document } = run;
  // Anything but the two ends known here is a defect of ours: the task fails, and a repaired worker goes on.
  if (run.state.touched || (!(error instanceof RunEnd) && !isCancellation(error))) throw error;
  for (const row of document.nics) row.outcome = 'untouched';
  if (error instanceof RunEnd) {
    document.outcome = outcomeOfFailure(error.type);
    return close(run, { type: error.type, message: error.message }, false);
  }
  document.outcome = 'cancelled';
  return close(run, null, true);
}

function close(run: Run, failure: { type: string; message: string } | null, settled: boolean): Ending {
  const { document } = run;
  document.endedAt = iso(Date.now());
  document.nextLookAt = null;
  run.failure = failure?.message ?? null;
  run.enter('done');
  countRun(document.outcome);
  const cancelled = document.outcome === 'cancelled';
  if (run.openSettled || cancelled) {
    upsertMemo({
      ...(run.openSettled ? { [MEMO.open]: OPEN_SETTLED } : {}),
      ...(cancelled ? { [MEMO.result]: totalsOf(document) } : {}),
    });
  }
  if (failure?.type !== FAILURE_TYPE.invalidInput)
    publish(run, { serverId: document.serverId, phase: 'done', outcome: document.outcome });
  return {
    failure:
      failure === null
        ? null
        : ApplicationFailure.create({ ...failure, nonRetryable: true, details: [document] }),
    settled,
  };
}
