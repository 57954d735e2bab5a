/** Before anything is detached: every port is made to outlive its NIC, and read to prove it. */
import { FAILURE_TYPE } from '../../contract/names';
import type { Deletion } from '../deletion';
import { RunEnd } from '../ending';
import { setFlags } from './flags';
import { log, promisesUndo } from './undo-log';

/** Ends the run when a flag can't be set: it has promised an exact undo. */
export async function protectPorts(run: Deletion): Promise<void> {
  const { state } = run;
  if (!promisesUndo(run.request) || state.touched) return;
  const open = run
    .remaining()
    .filter((id) => !state.kept.includes(id) && run.row(id).snapshot?.deleteOnTermination === true);
  if (open.length === 0) return;
  log(state.undoLog, 'flag', open);
  run.enter('submitting');
  const unset = await setFlags(run, Object.fromEntries(open.map((id) => [id, false])), false);
  state.kept.push(...open.filter((id) => unset[id] === undefined));
  // The run that this one was reset from may have sent: that is observed, not refused.
  if (state.wasReset) return;
  const problems = Object.entries(unset);
  if (problems.length === 0) return;
  const byCloud = problems.some(([, { code }]) => code !== null);
  throw RunEnd.failed(
    byCloud ? FAILURE_TYPE.cloudRefused : FAILURE_TYPE.refused,
    `nothing was detached: an exact undo can't be promised, since ports could not be kept: ${problems
      .map(([id, { message }]) => `NIC ${id}: ${message}`)
      .join('; ')}`,
  );
}
