/** Puts back NICs that an earlier run took off: exactly if the port still exists, otherwise as well as possible. */
import { isCancellation } from '@temporalio/workflow';
import { restoreKey } from '../contract/restore-input';
import type { ResultDocument } from '../contract/types';
import { closing, leave } from './run/closing';
import { noDecisions } from './run/decisions';
import type { Ending } from './run/run-end';
import { RunEnd } from './run/run-end';
import { checkStart } from './steps/inspect';
import { registerMessages } from './run/messages';
import { endOfRestore, failureMessage, outcomeOfFailure } from './policy/outcome';
import { planRestore } from './steps/prepare-restore';
import { putBack } from './steps/put-back';
import type { Restoration } from './run/kinds';
import { restorationOf } from './run/kinds';

export async function restoreServerNics(start: unknown): Promise<ResultDocument> {
  const run = restorationOf(start);
  registerMessages(run, {
    keyOf: restoreKey,
    decisions: noDecisions(
      'a restore has no undo window; delete what it has put back with `ecs-nics delete`',
    ),
  });
  try {
    if (!run.resumed) checkStart(run, 0);
    await run.resume();
    const back = run.state.undo.putBack ?? (await planRestore(run));
    if (!run.request.dryRun) await putBack(run, back);
    run.ended = conclude(run);
  } catch (error) {
    run.ended = concludeEarly(run, error);
  }
  return leave(run, run.ended);
}

function conclude(run: Restoration): Ending {
  const { document } = run;
  if (run.request.dryRun) {
    document.outcome = run.cancelRequested ? 'cancelled' : 'planned';
    return closing(run, null, true);
  }
  const { outcome, failed } = endOfRestore(document.nics, run.state.undo.putBack);
  document.outcome = outcome;
  return closing(
    run,
    failed === null ? null : { type: failed, message: failureMessage(document.nics, failed) },
    true,
  );
}

/** The run has not changed anything yet: refused, cancelled, or a defect. */
function concludeEarly(run: Restoration, error: unknown): Ending {
  const { document } = run;
  // Any other error is a defect of the worker: the workflow task fails, and a repaired worker continues the run.
  if (run.state.undo.putBack !== null || (!(error instanceof RunEnd) && !isCancellation(error))) throw error;
  if (error instanceof RunEnd && error.type !== null) {
    document.outcome = outcomeOfFailure(error.type);
    return closing(run, { type: error.type, message: error.message }, false);
  }
  document.outcome = 'cancelled';
  return closing(run, null, true);
}
