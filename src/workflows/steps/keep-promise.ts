/** After the verdicts: puts NICs back, opens the undo window, or deletes the held ports. */
import { commit } from './commit';
import type { Deletion } from '../run/kinds';
import { nics } from '../run/details';
import type { RunEnd } from '../run/run-end';
import { followJob } from './follow-job';
import { endOf } from '../policy/outcome';
import { putBack } from './put-back';
import { flagCall } from '../policy/remedies';
import type { PutBackReason } from '../policy/undo-log';
import { isLogged, promisesUndo, toPutBack } from '../policy/undo-log';
import { currentJob, isBusy } from '../run/state/job';
import { reopen } from '../run/state/seen';
import { endSubmission } from '../run/state/sent';
import { isHeld, release } from '../run/state/undo';
import { undoWindow } from './undo-window';
import { establishVerdicts } from './verify';

export async function keepPromise(run: Deletion): Promise<void> {
  const { state, document, request } = run;
  if (!promisesUndo(request)) return;
  // Continues what the previous run of the chain began.
  if (state.undo.putBack !== null && state.undo.putBack.reason !== 'flags')
    return putBack(run, state.undo.putBack);

  if (reasonToPutBack(run) !== null) await waitForTheRest(run);
  // The end of a late job may have removed the reason.
  if (reasonToPutBack(run) === null) {
    await setFlagsBack(run);
    if (hasWindow(run)) await undoWindow(run);
  }
  document.undoUntil = null;
  const reason = reasonToPutBack(run);
  if (reason !== null) return bringBack(run, reason);
  if (mayCommit(run)) return commit(run);
  if (!request.keepPort) tellHeldPorts(run);
}

/**
 * The run sends no (further) deletion. What it holds it keeps for as long as it has promised, or puts back.
 * @param end why; `null`: the run was cancelled
 */
export async function keepHeld(run: Deletion, end: RunEnd | null): Promise<void> {
  const { state, document } = run;
  endSubmission(state);
  if (end !== null && end.type !== null) state.undo.refusedAs = { type: end.type, message: end.message };
  for (const row of document.nics) if (!isHeld(run.state, row)) row.outcome = 'untouched';
  await keepPromise(run);
}

/** Warns of held ports: the run was to delete them, and has ended before. No later run deletes them. */
export function tellHeldPorts(run: Deletion): void {
  const held = run.document.nics.filter((row) => isHeld(run.state, row)).map(({ id }) => id);
  if (held.length === 0) return;
  run.warn(
    `the ports of ${nics(held.length)} stay, since the run ended before they were to be deleted: ${held.join(', ')}`,
  );
}

/**
 * Limit for a job that still runs at the deadline. If no submission is of unknown fate, it fits together with putting
 * back (30 minutes) into the hour that the workflow's time-outs have to leave.
 */
const REST_FOR_MS = 20 * 60_000;

/** `null`: nothing is put back. */
function reasonToPutBack({ document, state, request, cancelRequested }: Deletion): PutBackReason | null {
  if (document.decision?.what === 'undo') return 'undo';
  if (state.undo.windowClosed) return null;
  if (cancelRequested) return request.onCancel === 'restore' ? 'cancel' : null;
  const failed = endOf(document.nics).failed !== null || state.undo.refusedAs !== null;
  return failed && request.onFailure === 'restore' ? 'failure' : null;
}

/**
 * Every NIC has its verdict. Otherwise the run does nothing irreversible, and ends without an undo window, so that the
 * caller hears of it at once.
 */
function settled({ document }: Deletion): boolean {
  return document.nics.every(({ outcome }) => outcome !== 'unknown');
}

function hasWindow(run: Deletion): boolean {
  const { document, state, request, cancelRequested } = run;
  const anything = document.nics.some(({ outcome }) => outcome === 'detached');
  // The promise covers what the run holds, even if the run has sent nothing.
  const holds = run.holds && run.knowsPlace;
  const open = anything && (state.sent.touched || holds) && settled(run);
  return request.undoWindowMs > 0 && open && !state.undo.windowClosed && !cancelRequested;
}

function mayCommit(run: Deletion): boolean {
  const wanted = run.state.undo.windowClosed || !run.cancelRequested;
  return !run.request.keepPort && wanted && settled(run);
}

async function bringBack(run: Deletion, reason: PutBackReason): Promise<void> {
  const { state, document } = run;
  document.outcome = 'running';
  await putBack(run, toPutBack(reason, document.nics, state.undo.log, run.knowsPlace));
}

/**
 * A job that still runs may take more NICs, and these have to come back, too. So the run waits for its end and
 * establishes the verdicts first.
 */
async function waitForTheRest(run: Deletion): Promise<void> {
  const { state, document } = run;
  const open = document.nics.filter(({ outcome }) => outcome === 'unknown').map(({ id }) => id);
  if (open.length === 0 || !isBusy(state)) return;
  if (state.undo.restAwaited && run.expired) return;
  if (!state.undo.restAwaited) run.allow(REST_FOR_MS);
  state.undo.restAwaited = true;
  run.enter('restoring', 'the job has not ended, and may still take NICs off');
  // Before the wait: if the run is handed on during it, the next run has to know of these NICs.
  for (const id of open) run.row(id).message = null;
  reopen(state, open);
  await establishVerdicts(run, await followJob(run));
}

/** Names the NICs that may still be taken: the flag that keeps their ports stays false (docs/contract.md §6.7). */
export function tellKeptFlags(run: Deletion): void {
  for (const row of run.document.nics) {
    const { kept, log } = run.state.undo;
    const isKept = kept.includes(row.id);
    // The last call that wrote it had no usable answer, and no look has shown since what it did.
    const isSet = isLogged(log, 'flag', row.id) && row.snapshot?.deleteOnTermination === true;
    const { list, port } = row.evidence;
    const maybe = isSet && (list !== 'absent' || port === 'attached');
    if (row.outcome !== 'unknown' || row.remedy !== null || !(isKept || maybe)) continue;
    const end = whatMayCome(run);
    if (end === null) row.remedy = flagCall(run.document, row.id, true);
    else {
      const text = `its flag ${isKept ? 'is still' : 'may still be'} false, so that a late deletion leaves its port; do not set it back before ${end}`;
      row.message = [row.message, text].filter(Boolean).join('; ');
    }
    run.warn(
      `NIC ${row.id} ${isKept ? 'has' : 'may have'} its flag delete_on_termination still set to false, so that a late deletion would leave its port; ` +
        'set it back once nothing more can come of what was sent',
    );
  }
}

/** What has to pass before a flag that is set back can't cost the port any more; `null`: nothing that was sent is at work. */
function whatMayCome({ state }: Deletion): string | null {
  if (isBusy(state)) return `job ${currentJob(state)?.id ?? ''} has ended`;
  return state.sent.doubtful || state.job.state === 'gone' ? 'nothing more can come of what was sent' : null;
}

/**
 * Sets back the flags of NICs that stay, if nothing else is put back (docs/contract.md §6.7). Also if nothing was sent.
 */
export async function setFlagsBack(run: Deletion): Promise<void> {
  const { state, document } = run;
  const back = toPutBack('flags', document.nics, state.undo.log, run.knowsPlace);
  if (state.undo.putBack === null && back.nics.length === 0) return;
  await putBack(run, state.undo.putBack ?? back);
  for (const { id, problem } of state.undo.putBack?.nics ?? []) {
    if (problem === null && !isHeld(run.state, run.row(id))) release(state, [id]);
  }
}
