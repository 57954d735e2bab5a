/** The end of the way back: the ports that were kept are deleted. Nothing after this can be undone exactly. */
import { ask, effectOf, IDEMPOTENT_AT_MOST_MS, READ_AT_MOST_MS, reading, repeatable } from '../cloud';
import type { Deletion } from '../deletion';
import { label, nics, plain } from '../display';
import { deletePortCall } from './remedies';
import { isSetback, UNSENT, waitOut } from './setback';
import { gradeOf } from './undo-log';

/** For all of it: a port that is left costs an address, and is told. */
const COMMIT_FOR_MS = 20 * 60_000;

/** Deletes the ports that this run has kept; one that its NIC's own flag keeps is left alone. */
export async function commit(run: Deletion): Promise<void> {
  const { state, document } = run;
  state.windowClosed = true;
  document.undoUntil = null;
  const open = document.nics
    .filter(({ id, outcome }) => outcome === 'detached' && state.kept.includes(id))
    .map(({ id }) => id);
  if (open.length === 0) return;
  // The run may have been handed on in the middle of it.
  if (!state.committing) run.allow(COMMIT_FOR_MS);
  state.committing = true;
  document.outcome = 'running';
  run.enter('committing');
  const back = { setbacks: 0, hindered: null as string | null };
  for (;;) {
    const portIds = open.filter((id) => run.row(id).outcome === 'detached' && run.row(id).remedy === null);
    if (portIds.length === 0) return;
    if (run.expired && back.setbacks > 0) {
      const why = `not deleted until ${document.deadlineAt}: ${back.hindered ?? ''}`;
      return giveUp(run, portIds, why);
    }
    const answer = await run.patiently(IDEMPOTENT_AT_MOST_MS, () =>
      ask(
        repeatable(label(`the kept ports of ${nics(portIds.length)}`)).deletePorts({
          ...effectOf(run),
          portIds,
        }),
      ),
    );
    if (answer.kind === 'unsent' && answer.why === 'reset') {
      for (const id of portIds) left(run, id, null, UNSENT.reset);
      return;
    }
    if (isSetback(answer)) {
      await waitOut(run, back, answer);
      continue;
    }
    back.setbacks += 1;
    for (const id of portIds) {
      const port = answer.ports[id];
      if (port?.fate === 'gone') gone(run, id);
      else if (port !== undefined) left(run, id, port.code, `${port.message}. ${port.hint}`);
    }
    run.show();
  }
}

/** Only the answers may have been lost: each port is looked at once more, and told as it is. */
async function giveUp(run: Deletion, portIds: string[], why: string): Promise<void> {
  const { serverId } = run.request;
  const seen = await run.patiently(READ_AT_MOST_MS, () =>
    ask(
      reading(label(`are the ports of ${nics(portIds.length)} gone?`)).listNics({
        serverId,
        ports: portIds,
        server: false,
      }),
    ),
  );
  for (const id of portIds) {
    const state = seen.kind === 'reading' ? seen.ports[id]?.state : undefined;
    if (state === 'absent') {
      gone(run, id);
      continue;
    }
    left(run, id, null, why);
    if (state === undefined || state === 'unknown') run.row(id).outcome = 'unknown';
  }
}

function gone(run: Deletion, id: string): void {
  const row = run.row(id);
  row.outcome = 'deleted';
  row.evidence = { ...row.evidence, port: 'absent' };
  if (row.snapshot !== null) row.restore = gradeOf(row.snapshot, false);
}

/** Also when it was attached to something meanwhile: then it is not ours any more. */
function left(run: Deletion, id: string, code: string | null, why: string): void {
  const row = run.row(id);
  row.errorCode = code;
  row.message = plain(`its port was left: ${why}`);
  row.remedy = deletePortCall(run.document, id);
  run.warn(`NIC ${id} is detached, and its port was left: ${plain(why)}`);
}
