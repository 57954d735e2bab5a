/** Deletes ports that an earlier run has kept, each after the look that the commit of an undo window makes. */
import { isCancellation } from '@temporalio/workflow';
import { releaseKey } from '../contract/release-input';
import type { ResultDocument } from '../contract/types';
import { endOfRelease, outcomeOfFailure, releaseMessage } from './policy/outcome';
import { closing, leave } from './run/closing';
import { noDecisions } from './run/decisions';
import type { Release } from './run/kinds';
import { releaseOf } from './run/kinds';
import { registerMessages } from './run/messages';
import type { Ending } from './run/run-end';
import { RunEnd } from './run/run-end';
import { commit } from './steps/commit';
import { checkStart } from './steps/inspect';
import { planRelease } from './steps/prepare-release';

export async function releasePorts(start: unknown): Promise<ResultDocument> {
  const run = releaseOf(start);
  registerMessages(run, {
    keyOf: releaseKey,
    decisions: noDecisions(
      'a release has no undo window: it deletes ports that an earlier run has kept, and a port that is deleted is gone',
    ),
  });
  try {
    if (!run.resumed) checkStart(run, 0);
    await run.resume();
    if (!run.state.undo.committing) await planRelease(run);
    if (!run.request.dryRun) await commit(run, { gentle: true });
    run.ended = conclude(run);
  } catch (error) {
    run.ended = concludeEarly(run, error);
  }
  return leave(run, run.ended);
}

function conclude(run: Release): Ending {
  const { document } = run;
  if (run.request.dryRun) {
    document.outcome = run.cancelRequested ? 'cancelled' : 'planned';
    return closing(run, null, true);
  }
  const { outcome, failed } = endOfRelease(document.nics, run.cancelRequested);
  document.outcome = outcome;
  return closing(
    run,
    failed === null ? null : { type: failed, message: releaseMessage(document.nics, failed) },
    true,
  );
}

/** The run has not changed anything yet: refused, cancelled, or a defect. */
function concludeEarly(run: Release, error: unknown): Ending {
  const { document } = run;
  // Any other error is a defect of the worker: the workflow task fails, and a repaired worker continues the run.
  if (run.state.undo.committing || (!(error instanceof RunEnd) && !isCancellation(error))) throw error;
  if (error instanceof RunEnd && error.type !== null) {
    document.outcome = outcomeOfFailure(error.type);
    return closing(run, { type: error.type, message: error.message }, false);
  }
  document.outcome = 'cancelled';
  return closing(run, null, true);
}
