/**
 * Deletes the held ports. After this nothing can be undone exactly. Much may have happened since the ports were kept,
 * so each port is looked at in the same attempt that deletes it.
 */
import { formatTime } from '../../contract/duration';
import type { NicSnapshot } from '../../contract/types';
import { repeatable } from '../run/activity-calls';
import type { Committing } from '../run/kinds';
import { label, nics, plain } from '../run/details';
import { lookAtPorts, lookUntilAgreed } from './look';
import { closeWindow, isHeld, keep, release } from '../run/state/undo';
import { markPortGone, whyLeft } from '../policy/port-fates';
import { deletePortCall } from '../policy/remedies';
import { isSetback, UNSENT, waitOut } from '../run/ask';
import { PUT_BACK } from '../policy/verdict';

/** Limit for all of it: a port that is left costs no more than an address, and the document names it. */
const COMMIT_FOR_MS = 20 * 60_000;

/** Pause between the two readings of a NIC that is back on the server. */
const SECOND_LOOK_MS = 2_000;

/** What a release does otherwise: nobody waits for its end but who wants the ports deleted. */
export interface CommitOptions {
  /** The run ends once it is cancelled, or the cloud refuses the worker: the ports that are left stay as they are. */
  gentle?: boolean;
}

/** Deletes the ports that this run holds. A port that the NIC's own flag keeps is left alone, unless a release names it. */
export async function commit(run: Committing, options: CommitOptions = {}): Promise<void> {
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
    if (portIds.length === 0 || (options.gentle && run.cancelRequested)) break;
    if (run.expired && back.setbacks > 0) {
      await giveUp(run, portIds, `not deleted by ${formatTime(document.deadlineAt)}: ${back.hindered ?? ''}`);
      break;
    }
    const summary = label(`the kept ports of ${nics(portIds.length)}`);
    const expected = Object.fromEntries(portIds.flatMap((id) => snapshotOf(run, id)));
    const elasticIpsMayBeUnread = run.request.allowElasticIp === true;
    const answer = await repeatable(run, 'deletePorts', summary, {
      portIds,
      expected,
      elasticIpsMayBeUnread,
    });
    if (answer.kind === 'unsent' && answer.why === 'reset') {
      // The run that was reset may have deleted them. Runs that began before this rule did not look. Their commands must stay the same.
      if (run.knowsPlace) await giveUp(run, portIds, UNSENT.reset);
      else for (const id of portIds) leavePort(run, id, null, UNSENT.reset);
      break;
    }
    if (options.gentle && answer.kind === 'unread' && answer.why !== 'unavailable') {
      if (answer.why === 'credentials') document.credentialsRefused = true;
      // A part of them may be deleted.
      await giveUp(run, portIds, answer.message, answer.details?.code);
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
  if (
    (await lookAtReturned(run, options.gentle ? ON_SERVER : PUT_BACK)) &&
    (state.undo.rounds += 1) <= MAX_ROUNDS
  )
    await commit(run, options);
}

const MAX_ROUNDS = 3;

function snapshotOf(run: Committing, id: string): [string, NicSnapshot][] {
  const { snapshot } = run.row(id);
  return snapshot === null ? [] : [[id, snapshot]];
}

/** Perhaps only the answers were lost, so each port is looked at once more, and the document tells what is seen. */
async function giveUp(
  run: Committing,
  portIds: string[],
  why: string,
  code: string | null = null,
): Promise<void> {
  const seen = await lookAtPorts(run, label(`are the ports of ${nics(portIds.length)} gone?`), portIds);
  for (const id of portIds) {
    const port = seen[id];
    if (port?.state === 'absent') markPortGone(run.row(id));
    else if (port?.state === 'attached') recordPortInUse(run, id, port);
    else {
      leavePort(run, id, code, why, code === null ? null : deletePortCall(run.document, id));
      if (port?.state !== 'free') run.row(id).outcome = 'unknown';
    }
  }
}

function recordPortInUse(run: Committing, id: string, { deviceId }: { deviceId: string }): void {
  const { serverId } = run.request;
  const row = run.row(id);
  row.evidence = { ...row.evidence, port: 'attached' };
  const { code, why } = whyLeft({ fate: 'attached', deviceId }, serverId);
  leavePort(run, id, code, why);
  if (deviceId === serverId) run.state.undo.returned.push(id);
}

function leavePort(
  run: Committing,
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

/**
 * A port that says it is attached is only one witness. The NIC counts as on the server if the NIC list says so in two
 * readings. Returns whether some port is free again and can be deleted after all.
 */
async function lookAtReturned(run: Committing, isBack: string): Promise<boolean> {
  const { state } = run;
  const { returned } = state.undo;
  if (returned.length === 0) return false;
  await lookUntilAgreed(run, returned, {
    label: label(`${nics(returned.length)} back on the server?`),
    gapMs: SECOND_LOOK_MS,
    until: () => Date.now() + run.remainingMs,
  });
  state.undo.returned = [];
  let again = false;
  for (const { id, absent, present, port } of state.seen.witnesses) {
    forget(run, id);
    if (present >= 2) writeReturned(run, id, 'still-attached', isBack);
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
function forget(run: Committing, id: string): void {
  const { state } = run;
  const row = run.row(id);
  state.undo.left = state.undo.left.filter((other) => other !== id);
  row.errorCode = null;
  row.message = null;
  run.unwarnDetached(id);
}

function writeReturned(
  run: Committing,
  id: string,
  outcome: 'still-attached' | 'unknown',
  why: string,
): void {
  const row = run.row(id);
  run.state.undo.left.push(id);
  row.outcome = outcome;
  row.errorCode = 'PortInUse';
  row.message = `${why}; its port was left`;
  run.warn(`NIC ${id}: ${row.message}`);
}

/** Of a NIC that a release names: the run before it may have ended before the NIC went. */
const ON_SERVER = 'it is on the server: put back, or never taken off';
const UNSURE = 'its port says that it is on the server again, but the NIC list does not confirm it';
