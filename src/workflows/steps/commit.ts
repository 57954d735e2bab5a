/**
 * Deletes the held ports. After this nothing can be undone exactly. Much may have happened since the ports were kept,
 * so each port is looked at in the same attempt that deletes it.
 */
import { formatTime } from '../../contract/duration';
import type { NicSnapshot } from '../../contract/types';
import { repeatable } from '../run/activity-calls';
import type { Deletion } from '../run/kinds';
import { label, nics, plain } from '../run/details';
import { lookAtPorts, lookOnce } from './look';
import { forgetReadings, watch } from '../run/state/seen';
import { closeWindow, isHeld, keep, release } from '../run/state/undo';
import { markPortGone, whyLeft } from '../policy/port-fates';
import { deletePortCall } from '../policy/remedies';
import { isSetback, UNSENT, waitOut } from '../run/ask';
import { PUT_BACK } from '../policy/verdict';

/** Limit for all of it: a port that is left costs no more than an address, and the document names it. */
const COMMIT_FOR_MS = 20 * 60_000;

/** Pause between the two readings of a NIC that is back on the server. */
const SECOND_LOOK_MS = 2_000;

/** Deletes the ports that this run has kept. A port that the NIC's own flag keeps is left alone. */
export async function commit(run: Deletion): Promise<void> {
  const { state, document } = run;
  closeWindow(state);
  document.undoUntil = null;
  const open = document.nics.filter((row) => isHeld(state, row)).map(({ id }) => id);
  // The run may have been handed on during the look at NICs that are back on the server.
  if (open.length === 0 && state.undo.returned.length === 0) return;
  // If the run was handed on during the commit, it goes on with the old deadline.
  if (!state.undo.committing) run.allow(COMMIT_FOR_MS);
  state.undo.committing = true;
  document.outcome = 'running';
  run.enter('committing');
  const back = { setbacks: 0, hindered: null as string | null };
  for (;;) {
    const portIds = open.filter((id) => run.row(id).outcome === 'detached' && !state.undo.left.includes(id));
    if (portIds.length === 0) break;
    if (run.expired && back.setbacks > 0) {
      await giveUp(run, portIds, `not deleted by ${formatTime(document.deadlineAt)}: ${back.hindered ?? ''}`);
      break;
    }
    const summary = label(`the kept ports of ${nics(portIds.length)}`);
    const expected = Object.fromEntries(portIds.flatMap((id) => snapshotOf(run, id)));
    const elasticIpsMayBeUnread = run.request.allowElasticIp;
    const answer = await repeatable(run, 'deletePorts', summary, {
      portIds,
      expected,
      elasticIpsMayBeUnread,
    });
    if (answer.kind === 'unsent' && answer.why === 'reset') {
      for (const id of portIds) leavePort(run, id, null, UNSENT.reset);
      break;
    }
    if (isSetback(answer)) {
      await waitOut(run, back, answer);
      continue;
    }
    back.setbacks += 1;
    if (answer.elasticIpsUnread !== undefined)
      run.warn(
        `elastic IPs could not be compared before ports were deleted: ${plain(answer.elasticIpsUnread)}`,
      );
    for (const id of portIds) {
      const port = answer.ports[id];
      if (port?.fate === 'gone') markPortGone(run.row(id));
      else if (port?.fate === 'attached') recordPortInUse(run, id, port);
      else if (port !== undefined) {
        const { code, why } = whyLeft(port, run.request.serverId);
        leavePort(run, id, code, why, port.fate === 'refused' ? deletePortCall(document, id) : null);
      }
    }
    run.show();
  }
  // A port that is free again is deleted in another round. An actor that attaches and detaches it again and again is
  // left alone after the last round.
  if ((await lookAtReturned(run)) && (state.undo.rounds += 1) <= MAX_ROUNDS) await commit(run);
}

const MAX_ROUNDS = 3;

function snapshotOf(run: Deletion, id: string): [string, NicSnapshot][] {
  const { snapshot } = run.row(id);
  return snapshot === null ? [] : [[id, snapshot]];
}

/** Perhaps only the answers were lost, so each port is looked at once more, and the document tells what is seen. */
async function giveUp(run: Deletion, portIds: string[], why: string): Promise<void> {
  const seen = await lookAtPorts(run, label(`are the ports of ${nics(portIds.length)} gone?`), portIds);
  for (const id of portIds) {
    const port = seen[id];
    if (port?.state === 'absent') markPortGone(run.row(id));
    else if (port?.state === 'attached') recordPortInUse(run, id, port);
    else {
      leavePort(run, id, null, why);
      if (port?.state !== 'free') run.row(id).outcome = 'unknown';
    }
  }
}

function recordPortInUse(run: Deletion, id: string, { deviceId }: { deviceId: string }): void {
  const { serverId } = run.request;
  const row = run.row(id);
  row.evidence = { ...row.evidence, port: 'attached' };
  const { code, why } = whyLeft({ fate: 'attached', deviceId }, serverId);
  leavePort(run, id, code, why);
  if (deviceId === serverId) run.state.undo.returned.push(id);
}

function leavePort(
  run: Deletion,
  id: string,
  code: string | null,
  why: string,
  remedy: string | null = null,
): void {
  const row = run.row(id);
  const { state } = run;
  state.undo.left.push(id);
  release(state, [id]);
  row.errorCode = code;
  row.message = plain(`its port was left: ${why}`);
  row.remedy = remedy;
  run.warn(`NIC ${id} is detached, and its port was left: ${plain(why)}`);
}

/** Two readings that agree are enough. More are needed only if an actor takes a NIC off and puts it back meanwhile. */
const MAX_LOOKS = 10;

/**
 * A port that says it is attached is only one witness. The NIC counts as on the server if the NIC list says so in two
 * readings. Returns whether some port is free again and can be deleted after all.
 */
async function lookAtReturned(run: Deletion): Promise<boolean> {
  const { state } = run;
  const { returned } = state.undo;
  if (returned.length === 0) return false;
  watch(state, returned);
  forgetReadings(state);
  const agreed = () => state.seen.witnesses.every(({ absent, present }) => absent >= 2 || present >= 2);
  for (let look = 1; look <= MAX_LOOKS && !agreed(); look++) {
    if (look > 1) await run.wait(SECOND_LOOK_MS, label('another reading, to be sure'));
    const seen = await lookOnce(run, {
      label: label(`${nics(returned.length)} back on the server?`),
      plannedGapMs: SECOND_LOOK_MS,
      until: () => Date.now() + run.remainingMs,
    });
    if (seen === null) break;
  }
  state.undo.returned = [];
  let again = false;
  for (const { id, absent, present, port } of state.seen.witnesses) {
    forget(run, id);
    if (present >= 2) writeReturned(run, id, 'still-attached', PUT_BACK);
    else if (absent < 2 || port === null || port.state === 'unknown')
      writeReturned(run, id, 'unknown', UNSURE);
    else if (port.state === 'absent') markPortGone(run.row(id));
    else if (port.state === 'attached' && port.deviceId !== run.request.serverId)
      recordPortInUse(run, id, port);
    else if (port.state === 'attached') writeReturned(run, id, 'unknown', UNSURE);
    else {
      // The NIC was taken off again meanwhile, as the request wanted, so its port is deleted as promised.
      keep(state, [id]);
      again = true;
    }
  }
  return again;
}

/** Removes what was said of the NIC before the new look. */
function forget(run: Deletion, id: string): void {
  const { state } = run;
  const row = run.row(id);
  state.undo.left = state.undo.left.filter((other) => other !== id);
  row.errorCode = null;
  row.message = null;
  run.unwarnDetached(id);
}

function writeReturned(run: Deletion, id: string, outcome: 'still-attached' | 'unknown', why: string): void {
  const row = run.row(id);
  run.state.undo.left.push(id);
  row.outcome = outcome;
  row.errorCode = 'PortInUse';
  row.message = `${why}; its port was left`;
  run.warn(`NIC ${id}: ${row.message}`);
}

const UNSURE = 'its port says that it is on the server again, but the NIC list does not confirm it';
