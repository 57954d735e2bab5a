/**
 * The time in which everything can be taken back exactly: a durable timer that an undo, a commit or a cancellation ends.
 * Whoever assigns first, in one synchronous step, has decided: a message by `decision`, the timer by `windowClosed`.
 */
import { formatDuration } from '../../contract/duration';
import type { Deletion } from '../run/deletion';
import { label } from '../run/details';
import { endOf } from '../policy/outcome';
import { closeWindow } from '../run/state/undo';
import { iso } from '../run/run';

export async function undoWindow(run: Deletion): Promise<void> {
  const { document, state } = run;
  if (document.undoUntil === null) document.undoUntil = iso(Date.now() + run.request.undoWindowMs);
  const until = Date.parse(document.undoUntil);
  const { outcome, failed } = endOf(document.nics);
  while (document.decision === null && !run.cancelRequested) {
    const ms = until - Date.now();
    if (ms <= 0) {
      closeWindow(state);
      break;
    }
    // To those who ask, the verdicts stand.
    document.outcome = failed === null ? 'detached' : outcome;
    run.enter('undo-window');
    await run.waitOrWake(ms, label(`undo possible for ${formatDuration(ms)}, until ${document.undoUntil}`));
  }
  document.outcome = 'running';
}
