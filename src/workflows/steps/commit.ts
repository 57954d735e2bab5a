/**
 * The end of the way back: the ports that were kept are deleted. Nothing after this can be undone exactly, and much may have
 * happened since they were kept: each port is looked at in the attempt that deletes it.
 */
import type { NicSnapshot } from '../../contract/types';
import { repeatable } from '../run/activity-calls';
import type { Deletion } from '../run/deletion';
import { label, nics, plain } from '../run/details';
import { lookAtPorts, lookOnce } from './look';
import { forgetReadings, watch } from '../run/state/seen';
import { closeWindow, keep, release } from '../run/state/undo';
import { deletePortCall } from '../policy/remedies';
import { isSetback, UNSENT, waitOut } from './setback';
import { gradeOf } from '../policy/undo-log';

/** For all of it: a port that is left costs an address, and is told. */
const COMMIT_FOR_MS = 20 * 60_000;

/** Between the two readings of a NIC that is back on the server. */
const SECOND_LOOK_MS = 2_000;

/** Deletes the ports that this run has kept; one that its NIC's own flag keeps is left alone. */
export async function commit(run: Deletion): Promise<void> {
  const { state, document } = run;
  closeWindow(state);
  document.undoUntil = null;
  const open = document.nics
    .filter(({ id, outcome }) => outcome === 'detached' && state.undo.kept.includes(id))
    .map(({ id }) => id);
  // The run may have been handed on while it looked at those that were put back.
  if (open.length === 0 && state.undo.returned.length === 0) return;
  // The run may have been handed on in the middle of it.
  if (!state.undo.committing) run.allow(COMMIT_FOR_MS);
  state.undo.committing = true;
  document.outcome = 'running';
  run.enter('committing');
  const back = { setbacks: 0, hindered: null as string | null };
  for (;;) {
    const portIds = open.filter((id) => run.row(id).outcome === 'detached' && !state.undo.left.includes(id));
    if (portIds.length === 0) break;
    if (run.expired && back.setbacks > 0) {
      await giveUp(run, portIds, `not deleted until ${document.deadlineAt}: ${back.hindered ?? ''}`);
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
      for (const id of portIds) left(run, id, null, UNSENT.reset);
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
      if (port?.fate === 'gone') gone(run, id);
      else if (port?.fate === 'attached') inUse(run, id, port.deviceId);
      else if (port?.fate === 'changed') changed(run, id, port.fields);
      else if (port?.fate === 'untold') left(run, id, null, port.message);
      else if (port !== undefined)
        left(run, id, port.code, `${port.message}. ${port.hint}`, deletePortCall(document, id));
    }
    run.show();
  }
  // A port that is free again is looked at, and deleted, in another round; whoever goes on with it is left alone then.
  if ((await lookAtReturned(run)) && (state.undo.rounds += 1) <= MAX_ROUNDS) await commit(run);
}

const MAX_ROUNDS = 3;

function snapshotOf(run: Deletion, id: string): [string, NicSnapshot][] {
  const { snapshot } = run.row(id);
  return snapshot === null ? [] : [[id, snapshot]];
}

/** Only the answers may have been lost: each port is looked at once more, and told as it is. */
async function giveUp(run: Deletion, portIds: string[], why: string): Promise<void> {
  const seen = await lookAtPorts(run, label(`are the ports of ${nics(portIds.length)} gone?`), portIds);
  for (const id of portIds) {
    const port = seen[id];
    if (port?.state === 'absent') gone(run, id);
    else if (port?.state === 'attached') inUse(run, id, port.deviceId);
    else {
      left(run, id, null, why);
      if (port?.state !== 'free') run.row(id).outcome = 'unknown';
    }
  }
}

function gone(run: Deletion, id: string): void {
  const row = run.row(id);
  row.outcome = 'deleted';
  row.evidence = { ...row.evidence, port: 'absent' };
  if (row.snapshot !== null) row.restore = gradeOf(row.snapshot, false);
}

/** Attached to something since: it is not ours any more, and nobody is told to delete it. */
function inUse(run: Deletion, id: string, deviceId: string): void {
  const row = run.row(id);
  row.evidence = { ...row.evidence, port: 'attached' };
  if (deviceId === run.request.serverId) {
    left(run, id, 'PortInUse', 'it was put back on the server by somebody else');
    run.state.undo.returned.push(id);
  } else left(run, id, 'PortInUse', `it is in use by ${deviceId} now`);
}

const WORDS: Partial<Record<keyof NicSnapshot, string>> = {
  name: 'name',
  securityGroups: 'security groups',
  allowedAddressPairs: 'address pairs',
  elasticIp: 'elastic IP',
};

/** Free, and somebody else's: taken over in the window. */
function changed(run: Deletion, id: string, fields: (keyof NicSnapshot)[]): void {
  const words = fields.map((field) => WORDS[field] ?? field).join(', ');
  left(
    run,
    id,
    'PortChanged',
    `somebody has changed it since it was kept (${words}), and may have use for it`,
  );
}

function left(
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

/** Readings until two agree: somebody who takes a NIC off and puts it back makes more of them necessary. */
const MAX_LOOKS = 10;

/**
 * What its port says of a NIC is one witness: it stays on the server when the server's own list says so, twice. Returns whether
 * some port is free again, so that it can be deleted after all.
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
    if (present >= 2)
      returnedFor(run, id, 'still-attached', 'it was put back on the server by somebody else');
    else if (absent < 2 || port === null || port.state === 'unknown') returnedFor(run, id, 'unknown', UNSURE);
    else if (port.state === 'absent') gone(run, id);
    else if (port.state === 'attached' && port.deviceId !== run.request.serverId)
      inUse(run, id, port.deviceId);
    else if (port.state === 'attached') returnedFor(run, id, 'unknown', UNSURE);
    else {
      // Taken off once more in the meantime: it is where it was wanted, and its port goes as promised.
      keep(state, [id]);
      again = true;
    }
  }
  return again;
}

/** What was said of it before it was looked at again. */
function forget(run: Deletion, id: string): void {
  const { document, state } = run;
  const row = run.row(id);
  state.undo.left = state.undo.left.filter((other) => other !== id);
  row.errorCode = null;
  row.message = null;
  document.warnings = document.warnings.filter((text) => !text.startsWith(`NIC ${id} is detached`));
}

function returnedFor(run: Deletion, id: string, outcome: 'still-attached' | 'unknown', why: string): void {
  const row = run.row(id);
  run.state.undo.left.push(id);
  row.outcome = outcome;
  row.errorCode = 'PortInUse';
  row.message = `${why}; its port was left`;
  run.warn(`NIC ${id}: ${row.message}`);
}

const UNSURE = 'its port says that it is on the server again, and the NIC list does not confirm it';
