/** What came of the putting back, told in the rows: what is back, what is not as it was, and what a person would do. */
import type { Inspection } from '../contract/activities';
import { differences } from './differences';
import { listed } from './put-back-plan';
import { attachCall, flagCall, restoreCommand } from './remedies';
import type { Run } from './run';
import type { PutBack, Returning } from './state';
import { gradeOf } from './undo-log';

/** Everything that could be done is done. */
export function tell(run: Run, back: PutBack, seen: Inspection): void {
  for (const nic of back.nics) {
    const row = run.row(nic.id);
    const now = listed(nic, seen);
    if (nic.attach && now !== undefined) {
      row.outcome = nic.portId === nic.id ? 'restored' : 'recreated';
      row.restore = gradeOf(nic.snapshot, nic.portId === nic.id);
      row.evidence = { ...row.evidence, list: 'present', port: 'attached' };
      row.differences = differences(nic.snapshot, now.snapshot);
      row.errorCode = null;
      row.message = null;
      if (nic.portId !== nic.id) row.replacedBy = { id: now.id, mac: now.mac, ip: now.ips[0] ?? null };
    }
    if (nic.problem !== null) short(run, back, nic);
  }
  over(run, back);
}

/** Time or the server ran out. */
export function giveUp(run: Run, back: PutBack): void {
  for (const nic of back.nics) {
    const why = back.hindered === null ? '' : `: ${back.hindered}`;
    nic.problem ??= { code: null, message: `not done until ${run.document.deadlineAt}${why}` };
    short(run, back, nic);
  }
  over(run, back);
}

function over(run: Run, back: PutBack): void {
  back.done = true;
  const unknown = run.document.nics.filter(({ outcome }) => outcome === 'unknown');
  const attached = run.document.jobs.some(({ what }) => what === 'attach');
  // The next run has to wait for what may still take a NIC, not for what has put others back.
  if (unknown.length > 0 && attached) {
    const deletion = run.document.jobs.findLast(({ what }) => what === 'delete');
    run.declareOpen(deletion?.id ?? null);
  }
  run.show();
}

/** A NIC, or its flag, is not as it was. */
function short(run: Run, back: PutBack, nic: Returning): void {
  const row = run.row(nic.id);
  back.incomplete = true;
  row.errorCode = nic.problem?.code ?? row.errorCode;
  row.message = nic.problem?.message ?? row.message;
  row.remedy = remedyOf(run, nic);
}

function remedyOf(run: Run, nic: Returning): string {
  const { document } = run;
  const { portId, snapshot } = nic;
  if (!nic.attach || nic.seen > 0)
    return flagCall(document, portId ?? nic.id, snapshot.deleteOnTermination === true);
  return portId === null ? restoreCommand(document, nic.id, '--allow-new-ip') : attachCall(document, portId);
}
