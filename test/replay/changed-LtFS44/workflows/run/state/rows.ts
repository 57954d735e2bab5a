/** The rows of a document, one for each NIC. */
import type { NicRow, ResultDocument } from '../../../contract/types';

export function rowOf({ nics }: ResultDocument, id: string): NicRow {
  const row = nics.find((candidate) => candidate.id === id);
  if (row === undefined) throw new Error(`no row for NIC ${id}`);
  return row;
}

export function blankRow(id: string): NicRow {
  return {
    id,
    outcome: 'untouched',
    ip: null,
    mac: null,
    elasticIp: null,
    restore: 'no',
    evidence: { job: 'none', subJob: 'none', list: 'unknown', port: 'unknown' },
    jobId: null,
    errorCode: null,
    message: null,
    replacedBy: null,
    snapshot: null,
    differences: [],
    remedy: null,
  };
}
