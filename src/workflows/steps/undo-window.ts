/**
 * The time in which everything can be put back exactly: a durable timer, which an undo, a commit or a cancellation
 * ends. The first to assign, in one synchronous step, decides: a message sets `decision`, the timer `windowClosed`.
 */
import { formatDuration } from '../../contract/duration';
import type { Deletion } from '../run/kinds';
import { label } from '../run/details';
import { endOf } from '../policy/outcome';
import { closeWindow, isHeld } from '../run/state/undo';
import { iso } from '../run/run';
import { tell } from '../run/tell';

export async function undoWindow(run: Deletion): Promise<void> {
  const { document, state } = run;
  if (document.undoUntil === null) {
    document.undoUntil = iso(Date.now() + run.request.undoWindowMs);
    const kept = document.nics.filter((row) => isHeld(state, row)).length;
    tell('window.opened', { server: document.serverId, nics: kept, until: document.undoUntil });
  }
  const until = Date.parse(document.undoUntil);
  const { outcome, failed } = endOf(document.nics);
  while (document.decision === null && !run.cancelRequested) {
    const ms = until - Date.now();
    if (ms <= 0) {
      closeWindow(state);
      break;
    }
    // During the window the document shows the verdicts as final.
    document.outcome = failed === null ? 'detached' : outcome;
    run.enter('undo-window');
    await run.waitOrWake(ms, label(`undo possible for ${formatDuration(ms)}, until ${document.undoUntil}`));
  }
  document.outcome = 'running';
}
