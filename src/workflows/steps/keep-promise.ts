/** When every NIC has its verdict: put back, keep open for an undo, or delete the ports that were kept. */
import { commit } from './commit';
import type { Deletion } from '../run/kinds';
import { nics } from '../run/details';
import type { RunEnd } from '../run/run-end';
import { followJob } from './follow-job';
import { endOf } from '../policy/outcome';
import { putBack } from './put-back';
import { flagCall } from '../policy/remedies';
import type { PutBackReason } from '../policy/undo-log';
import { promisesUndo, toPutBack } from '../policy/undo-log';
import { isBusy } from '../run/state/job';
import { reopen } from '../run/state/seen';
import { endSubmission } from '../run/state/sent';
import { isHeld, release } from '../run/state/undo';
import { undoWindow } from './undo-window';
import { establishVerdicts } from './verify';

export async function keepPromise(run: Deletion): Promise<void> {
  const { state, document, request } = run;
  if (!promisesUndo(request)) return;
  // Going on with what the run before this one in its chain has begun.
  if (state.undo.putBack !== null && state.undo.putBack.reason !== 'flags')
    return putBack(run, state.undo.putBack);

  if (reasonToPutBack(run) !== null) await waitForTheRest(run);
  // What a late job has brought may have changed it.
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
 * Nothing (more) is sent; but what the run holds, it keeps for as long as it has promised, or puts back.
 * @param end why; `null`: it was cancelled
 */
export async function keepHeld(run: Deletion, end: RunEnd | null): Promise<void> {
  const { state, document } = run;
  endSubmission(state);
  if (end !== null && end.type !== null) state.undo.refusedAs = { type: end.type, message: end.message };
  for (const row of document.nics) if (!isHeld(run.state, row)) row.outcome = 'untouched';
  await keepPromise(run);
}

/** The promise was to keep them: nobody deletes them any more. */
export function tellHeldPorts(run: Deletion): void {
  const held = run.document.nics.filter((row) => isHeld(run.state, row)).map(({ id }) => id);
  if (held.length === 0) return;
  run.warn(
    `the ports of ${nics(held.length)} stay, since the run ended before they were to be deleted: ${held.join(', ')}`,
  );
}

/** For a job that still runs at the deadline; with the putting back it fits into the hour that time-outs have to leave. */
const REST_FOR_MS = 20 * 60_000;

/** `null`: what is gone stays gone. */
function reasonToPutBack({ document, state, request, cancelRequested }: Deletion): PutBackReason | null {
  if (document.decision?.what === 'undo') return 'undo';
  if (state.undo.windowClosed) return null;
  if (cancelRequested) return request.onCancel === 'restore' ? 'cancel' : null;
  const failed = endOf(document.nics).failed !== null || state.undo.refusedAs !== null;
  return failed && request.onFailure === 'restore' ? 'failure' : null;
}

/** While something is not known nothing irreversible happens, and nobody should have to wait to hear of it. */
function settled({ document }: Deletion): boolean {
  return document.nics.every(({ outcome }) => outcome !== 'unknown');
}

function hasWindow(run: Deletion): boolean {
  const { document, state, request, cancelRequested } = run;
  const anything = document.nics.some(({ outcome }) => outcome === 'detached');
  // What hangs on the promise is what the run holds, not what it has sent.
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

/** What the job takes while everything else waits for it to end has to come back, too: so verdicts come first. */
async function waitForTheRest(run: Deletion): Promise<void> {
  const { state, document } = run;
  const open = document.nics.filter(({ outcome }) => outcome === 'unknown').map(({ id }) => id);
  if (open.length === 0 || !isBusy(state)) return;
  if (state.undo.restAwaited && run.expired) return;
  if (!state.undo.restAwaited) run.allow(REST_FOR_MS);
  state.undo.restAwaited = true;
  run.enter('restoring', 'the job that may yet take NICs has not ended');
  // Before the wait: should the run be handed on in it, the next one has to know of them.
  for (const id of open) run.row(id).message = null;
  reopen(state, open);
  await establishVerdicts(run, await followJob(run));
}

/**
 * Of NICs that something may yet take: the flag that saves their ports stays, and the result says so
 * (docs/contract.md §6.7).
 */
export function tellKeptFlags(run: Deletion): void {
  for (const row of run.document.nics) {
    if (row.outcome !== 'unknown' || row.remedy !== null || !run.state.undo.kept.includes(row.id)) continue;
    row.remedy = flagCall(run.document, row.id, true);
    run.warn(
      `NIC ${row.id} has its flag delete_on_termination still set to false, which saves its port from what was sent; ` +
        'set it back once that has come to rest',
    );
  }
}

/** Of NICs that stay, when nothing else is put back (docs/contract.md §6.7); also before anything was sent. */
export async function setFlagsBack(run: Deletion): Promise<void> {
  const { state, document } = run;
  const back = toPutBack('flags', document.nics, state.undo.log, run.knowsPlace);
  if (state.undo.putBack === null && back.nics.length === 0) return;
  await putBack(run, state.undo.putBack ?? back);
  for (const { id, problem } of state.undo.putBack?.nics ?? []) {
    if (problem === null && !isHeld(run.state, run.row(id))) release(state, [id]);
  }
}
