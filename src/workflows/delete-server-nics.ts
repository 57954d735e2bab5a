/**
 * Deletes NICs of one server. The cloud answers a deletion with a job, not with a result. So the run submits once,
 * follows the job on a durable timer, and establishes a verdict for every NIC. If the request promises a way back, the
 * run makes sure before it sends anything that the ports are kept.
 */
import { isCancellation } from '@temporalio/workflow';
import type { ResultDocument } from '../contract/types';
import { requestKey } from '../contract/input';
import { closing, leave } from './run/closing';
import { decisionsOf } from './run/decisions';
import type { Deletion } from './run/kinds';
import { deletionOf } from './run/kinds';
import { isHeld } from './run/state/undo';
import type { Ending } from './run/run-end';
import { RunEnd } from './run/run-end';
import { followJob } from './steps/follow-job';
import { checkStart, inspect } from './steps/inspect';
import { keepHeld, keepPromise, setFlagsBack, tellHeldPorts, tellKeptFlags } from './steps/keep-promise';
import { registerMessages } from './run/messages';
import { endOfDeletion, endOfRest, failureMessage, outcomeOfFailure } from './policy/outcome';
import { lookBeforeTheEnd } from './steps/previous-run';
import { protectPorts } from './steps/protect';
import { submitOnce } from './steps/submit';
import { establishVerdicts } from './steps/verify';

export async function deleteServerNics(start: unknown): Promise<ResultDocument> {
  const run = deletionOf(start); // a fresh request, or the state that was handed on
  registerMessages(run, {
    keyOf: requestKey,
    decisions: decisionsOf(run),
  });
  try {
    if (!run.resumed) checkStart(run, run.problems.length === 0 ? run.request.undoWindowMs : 0);
    await run.resume();
    if (!run.state.sent.touched && !run.state.sent.submission.over) await inspect(run);
    if (!run.request.dryRun) {
      await protectPorts(run);
      await submitOnce(run);
      const atEnd = await followJob(run);
      await establishVerdicts(run, atEnd);
      await keepPromise(run);
    }
    run.ended = conclude(run);
  } catch (error) {
    await lookBeforeTheEnd(run, error);
    if (error instanceof RunEnd && run.holds) {
      await keepHeld(run, error); // another actor took off a NIC whose way back was promised
      run.ended = conclude(run);
    } else run.ended = await concludeEarly(run, error);
  }
  return leave(run, run.ended);
}

/** Every NIC has its verdict. In a dry run the plan stands instead. */
function conclude(run: Deletion): Ending {
  const { document, state } = run;
  if (run.request.dryRun && !run.cancelRequested) {
    document.outcome = 'planned';
    return closing(run, null, true);
  }
  tellKeptFlags(run);
  const end = endOfDeletion(document.nics, state.undo.putBack, run.cancelRequested);
  document.outcome = end.outcome;
  const { failed } = end;
  const { refusedAs } = state.undo;
  if (failed === null && refusedAs !== null && end.outcome !== 'undone' && end.outcome !== 'cancelled') {
    const refusal = endOfRest(document.nics, refusedAs);
    if (refusal !== null) {
      document.outcome = outcomeOfFailure(refusal.type);
      return closing(run, refusal, true);
    }
  }
  return closing(
    run,
    failed === null ? null : { type: failed, message: failureMessage(document.nics, failed) },
    true,
  );
}

/** A step ended the run before it sent anything: refused, cancelled, undone, or a defect. */
async function concludeEarly(run: Deletion, error: unknown): Promise<Ending> {
  const { document, state } = run;
  // Any other error is a defect of the worker: the workflow task fails, and a repaired worker continues the run.
  if (state.sent.touched || (!(error instanceof RunEnd) && !isCancellation(error))) throw error;
  for (const row of document.nics) {
    if (!isHeld(run.state, row)) row.outcome = 'untouched';
  }
  run.cleaningUp = true;
  await setFlagsBack(run);
  // Setting the flags back has shown that another actor took off a NIC whose way back was promised.
  if (run.holds && state.undo.putBack?.incomplete !== true && (error instanceof RunEnd || run.knowsPlace)) {
    run.cleaningUp = false;
    await keepHeld(run, error instanceof RunEnd ? error : null);
    return conclude(run);
  }
  tellHeldPorts(run);
  if (state.undo.putBack?.incomplete === true) {
    document.outcome = 'restore-incomplete';
    const message = failureMessage(document.nics, 'RestoreIncomplete');
    return closing(run, { type: 'RestoreIncomplete', message }, false);
  }
  if (error instanceof RunEnd) {
    document.outcome = error.type === null ? 'undone' : outcomeOfFailure(error.type);
    return closing(run, error.type === null ? null : { type: error.type, message: error.message }, false);
  }
  document.outcome = 'cancelled';
  return closing(run, null, true);
}
