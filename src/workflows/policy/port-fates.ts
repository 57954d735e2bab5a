/** What a commit says of a port that it has deleted, or left. Pure. */
import type { PortFate } from '../../activities/agreement';
import type { NicRow, NicSnapshot } from '../../contract/types';
import { gradeOf } from './undo-log';
import { PUT_BACK } from './verdict';

export function markPortGone(row: NicRow): void {
  row.outcome = 'deleted';
  row.evidence = { ...row.evidence, port: 'absent' };
  if (row.snapshot !== null) row.restore = gradeOf(row.snapshot, false);
}

const WORDS: Partial<Record<keyof NicSnapshot, string>> = {
  name: 'name',
  securityGroups: 'security groups',
  allowedAddressPairs: 'address pairs',
  elasticIp: 'elastic IP',
};

/** Why the port was left, under the code that callers tell such ports by; `code: null`: the cloud has named none. */
export function whyLeft(
  port: Exclude<PortFate, { fate: 'gone' }>,
  serverId: string,
): { code: string | null; why: string } {
  switch (port.fate) {
    case 'attached':
      // Another actor has attached it meanwhile. The run no longer holds it, and tells nobody to delete it.
      return {
        code: 'PortInUse',
        why: port.deviceId === serverId ? PUT_BACK : `it is in use by ${port.deviceId} now`,
      };
    case 'changed': {
      // It is free, but another actor has taken it over in the undo window.
      const words = port.fields.map((field) => WORDS[field] ?? field).join(', ');
      return {
        code: 'PortChanged',
        why: `somebody has changed it since it was kept (${words}), and may use it`,
      };
    }
    case 'untold':
      return { code: null, why: port.message };
    case 'refused':
      return { code: port.code, why: `${port.message}. ${port.hint}` };
  }
}
