/** Before anything is detached: sets every flag so that the port outlives its NIC, and proves it with a reading. */
import { FAILURE_TYPE } from '../../contract/names';
import type { Deletion } from '../run/kinds';
import { label } from '../run/details';
import { RunEnd } from '../run/run-end';
import { inspect } from './inspect';
import type { Unset } from './port-flags';
import { setFlags } from './port-flags';
import { keep } from '../run/state/undo';
import { log, promisesUndo } from '../policy/undo-log';

/** Pause for a list that still shows a NIC which has left the server. */
const MOMENT_MS = 2_000;

/** Ends the run if a flag can't be set, since the run has promised an exact undo. */
export async function protectPorts(run: Deletion): Promise<void> {
  const { state } = run;
  if (!promisesUndo(run.request) || state.sent.touched) return;
  for (;;) {
    const open = run
      .remaining()
      .filter((id) => !state.undo.kept.includes(id) && run.row(id).snapshot?.deleteOnTermination === true);
    if (open.length === 0 || run.stopping) return;
    const unset = await keepPorts(run, open);
    // A run that was reset has not failed: the run before the reset may have sent, so this one observes.
    if (state.sent.wasReset) return;
    const problems = Object.entries(unset);
    if (problems.length === 0) return;
    const left = problems.every(([, each]) => each.left);
    if (!left || run.expired) throw notKept(problems);
    // Another actor has taken these NICs off. An inspection tells what became of them.
    await run.wait(MOMENT_MS, label('a NIC has left the server meanwhile'));
    await inspect(run);
  }
}

/** Sets the flags of NICs so that their ports outlive them. Returns what could not be set. */
export async function keepPorts(run: Deletion, nicIds: string[]): Promise<Record<string, Unset>> {
  const { state } = run;
  log(state.undo.log, 'flag', nicIds);
  run.enter('submitting');
  const unset = await setFlags(run, Object.fromEntries(nicIds.map((id) => [id, false])), false);
  keep(
    state,
    nicIds.filter((id) => unset[id] === undefined),
  );
  return unset;
}

function notKept(problems: [string, Unset][]): RunEnd {
  const byCloud = problems.some(([, { code }]) => code !== null);
  return RunEnd.failed(byCloud ? FAILURE_TYPE.cloudRefused : FAILURE_TYPE.refused, whyNotKept(problems));
}

export function whyNotKept(problems: [string, Unset][]): string {
  return `nothing was detached: an exact undo can't be promised, since ports could not be kept: ${problems
    .map(([id, { message }]) => `NIC ${id}: ${message}`)
    .join('; ')}`;
}
