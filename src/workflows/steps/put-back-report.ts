/** Writes into the rows what came of putting NICs back: what is back, what differs, and which remedy a person has. */
import { formatTime } from '../../contract/duration';
import { workflowInfo } from '@temporalio/workflow';
import type { Inspection } from '../../activities/agreement';
import type { RestoreGrade } from '../../contract/types';
import { sameIp } from '../../contract/values';
import { differences, flagToSet } from '../policy/differences';
import { portNameFor } from '../policy/port-name';
import { FLAG_PROBLEM, isDone } from '../policy/put-back-plan';
import { attachCall, flagCall, restoreCommand } from '../policy/remedies';
import type { Run } from '../run/run';
import { keep } from '../run/state/undo';
import type { PutBack, Returning } from '../policy/undo-log';
import { PORT_UNREAD } from '../policy/verdict';
import { gradeOf, log } from '../policy/undo-log';

/** All that could be done is done. */
export function reportResult(run: Run, back: PutBack): void {
  for (const nic of back.nics) {
    forgetFlagProblem(run, nic);
    writeRow(run, nic);
    if (nic.problem !== null) reportShortfall(run, back, nic);
    else if (!nic.attach && nic.unseen > 0) reportLeft(run, nic);
    else if (!nic.attach && nic.flag) clearFlagProblem(run, nic.id);
  }
  finish(run, back);
}

/**
 * The last look also shows the NICs of the run that needed nothing. If one has left the server, its row must not say that
 * it is there. A restore does not look at such NICs again: their rows stay as planned.
 */
export function reportOthers({ document }: Run, { reason, nics }: PutBack, seen: Inspection): void {
  for (const row of document.nics) {
    const isThere = [...nics, ...seen.nics].some(({ id }) => id === row.id);
    if (!isThere && row.outcome === 'untouched' && reason !== 'asked')
      row.evidence = { ...row.evidence, list: 'absent', port: 'unknown' };
  }
}

/** Writes what the last look saw of the NIC. */
function writeRow(run: Run, nic: Returning): void {
  const { found, portId, snapshot } = nic;
  if (!nic.attach) return;
  const row = run.row(nic.id);
  if (found !== null && portId !== null) {
    row.outcome = portId === nic.id ? 'restored' : 'recreated';
    row.restore = portId === nic.id ? 'exact' : cameBackAs(nic);
    row.evidence = { ...row.evidence, list: 'present', port: 'attached' };
    row.differences = differences(snapshot, found);
    row.errorCode = null;
    row.message = null;
    run.unwarnDetached(nic.id);
    if (portId !== nic.id) row.replacedBy = { id: portId, mac: found.mac, ip: found.fixedIps[0]?.ip ?? null };
  } else if (nic.pending !== 'nothing' || nic.disagree) {
    row.outcome = 'unknown';
    row.evidence = { ...row.evidence, list: 'unknown', port: 'unknown' };
  } else if (row.outcome === 'detached' && (portId !== nic.id || nic.port === 'absent')) {
    // Another actor has deleted the port since the verdict.
    row.outcome = 'deleted';
    row.restore = gradeOf(snapshot, false);
    row.evidence = { ...row.evidence, list: 'absent', port: 'absent' };
    run.unwarnDetached(nic.id);
  } else if (nic.port !== undefined && portId === nic.id)
    row.evidence = { ...row.evidence, list: 'absent', port: nic.port };
}

/**
 * The call that sets the flag had no usable answer, and the last look shows that it was set. Runs that began before this
 * rule failed, and must end as they did.
 */
function forgetFlagProblem({ knowsPlace }: Run, nic: Returning): void {
  const { problem, snapshot, found } = nic;
  const isOfFlag = problem?.message.startsWith(FLAG_PROBLEM) === true;
  if (knowsPlace && isOfFlag && found !== null && flagToSet(snapshot, found) === null) nic.problem = null;
}

function cameBackAs({ snapshot, found }: Returning): RestoreGrade {
  const ips = found?.fixedIps.map(({ ip }) => ip) ?? [];
  const all = snapshot.fixedIps.every(({ ip }) => ips.some((other) => sameIp(ip, other)));
  return all && snapshot.fixedIps.length > 0 ? 'new-mac' : 'new-ip-and-mac';
}

/** The deadline has passed, or the server can't be read. */
export function giveUp(run: Run, back: PutBack): void {
  for (const nic of back.nics) {
    forgetFlagProblem(run, nic);
    writeRow(run, nic);
    if (!nic.attach && nic.unseen > 1) reportLeft(run, nic);
    if (isDone(nic)) continue;
    const why = back.hindered === null ? '' : `: ${back.hindered}`;
    nic.problem ??= { code: null, message: `not done by ${formatTime(run.document.deadlineAt)}${why}` };
    // Nothing was sent, but no look has seen the NIC since its flag was set.
    const row = run.row(nic.id);
    if (!nic.attach && nic.seen === 0 && row.outcome === 'untouched') row.outcome = 'unknown';
    reportShortfall(run, back, nic);
  }
  finish(run, back);
}

function finish(run: Run, back: PutBack): void {
  back.done = true;
  const unknown = run.document.nics.filter(({ outcome }) => outcome === 'unknown');
  const attached = run.document.jobs.some(({ what }) => what === 'attach');
  const pending = back.nics.some((nic) => nic.pending !== 'nothing');
  // The next run has to wait for the deletion, which may still take a NIC, not for the job that has put others back.
  if (unknown.length > 0 && attached && !pending) {
    const deletion = run.document.jobs.findLast(({ what }) => what === 'delete');
    run.declareOpen(deletion?.id ?? null);
  }
  run.show();
}

/** Removes what was said while the flag could not be set back. */
function clearFlagProblem(run: Run, id: string): void {
  const row = run.row(id);
  row.remedy = null;
  if (row.message?.startsWith(FLAG_PROBLEM) === true) row.message = null;
}

/** Another actor took the NIC off while the run had only to set its flag back. */
function reportLeft(run: Run, { id, port, flag }: Returning): void {
  const { state } = run;
  const row = run.row(id);
  if (port === 'free' || port === 'attached') {
    // The port exists because this run has kept it, so the run holds it like the others.
    if (flag && port === 'free') keep(state, [id]);
    log(state.undo.log, 'detach', [id]);
    row.outcome = 'detached';
  } else if (port === 'absent') {
    row.outcome = state.sent.touched ? 'deleted' : 'already-absent';
    if (row.snapshot !== null) row.restore = gradeOf(row.snapshot, false);
  } else row.outcome = 'unknown';
  if (port !== undefined) row.evidence = { ...row.evidence, list: 'absent', port };
  // The row still said why the NIC was on the server, and how to set its flag back.
  row.errorCode = null;
  row.remedy = null;
  row.message = row.outcome === 'unknown' ? PORT_UNREAD : null;
  const left = flag
    ? '; its port may still exist, since this run had set its flag to keep it'
    : port === 'free'
      ? '; its own flag keeps its port'
      : '';
  run.warn(`NIC ${id} was taken off by somebody else${left}`);
}

/** Reports a NIC, or a flag, that is not as it was. */
function reportShortfall(run: Run, back: PutBack, nic: Returning): void {
  const row = run.row(nic.id);
  back.incomplete = true;
  row.remedy = remedyOf(run, nic);
  const said = nic.problem?.message ?? '';
  if (!nic.attach) {
    // A row that already says why the NIC stayed keeps that message.
    row.message ??= said;
    return run.warn(`NIC ${nic.id}: ${said}`);
  }
  row.errorCode = nic.problem?.code ?? row.errorCode;
  row.message = said;
  if (nic.unclear && nic.portId === null) {
    const name = portNameFor(nic.id, workflowInfo().firstExecutionRunId);
    run.warn(
      `NIC ${nic.id}: a port may have been created for it, since the answer to the request was lost; ` +
        `if a port named “${name}” exists, the run has left it there`,
    );
  }
}

function remedyOf(run: Run, nic: Returning): string {
  const { document } = run;
  const { portId, snapshot } = nic;
  if (!nic.attach || nic.seen > 0)
    return flagCall(document, portId ?? nic.id, snapshot.deleteOnTermination === true);
  const isGone = portId === null || (portId === nic.id && nic.port === 'absent');
  return isGone ? restoreCommand(document, nic.id, '--allow-new-ip') : attachCall(document, portId);
}
