/** From the end of a server's own run to its line in the report. Pure. */
import { LEFT_ALONE } from '../../../contract/decommission/names';
import type { ReportNic, ReportServer, ServerOutcome } from '../../../contract/decommission/types';
import { FAILURE_TYPE } from '../../../contract/names';
import type { NicRow, ResultDocument, RunOutcome } from '../../../contract/types';

export interface ServerEnd {
  outcome: ServerOutcome;
  errorCode: string | null;
  message: string | null;
}

const COMPLETED: Partial<Record<RunOutcome, ServerOutcome>> = {
  deleted: 'deleted',
  detached: 'detached',
  'nothing-to-do': 'nothing-to-do',
  // Somebody has sent the server's own run an `undo`.
  undone: 'restored',
  restored: 'restored',
  recreated: 'recreated',
};

/** The run of the server completed. */
export function completed({ outcome }: Pick<ResultDocument, 'outcome'>): ServerEnd {
  const known = COMPLETED[outcome];
  return known === undefined
    ? { outcome: 'unknown', errorCode: null, message: `its run ended with the outcome ${outcome}` }
    : { outcome: known, errorCode: null, message: null };
}

/**
 * The run of the server failed with a failure of ours.
 * @param type of the failure
 */
export function failedAs(type: string | null, message: string, document: ResultDocument | null): ServerEnd {
  const code = codeOf(document);
  const end = (outcome: ServerOutcome, errorCode: string | null): ServerEnd => ({
    outcome,
    errorCode,
    message,
  });
  switch (type) {
    case null:
      return end('unknown', code);
    case FAILURE_TYPE.refused:
      return end('untouched', isOurs(code) ? code : LEFT_ALONE.refused);
    case FAILURE_TYPE.cloudRefused:
      // Where the credentials were refused nothing is wrong with the server, and nothing was sent.
      return document?.credentialsRefused === true
        ? end('untouched', LEFT_ALONE.refused)
        : end('failed', code ?? type);
    case FAILURE_TYPE.notDeleted:
    case FAILURE_TYPE.rolledBack:
    case FAILURE_TYPE.invalidInput:
      return end('failed', code ?? type);
    case FAILURE_TYPE.restoreIncomplete:
      return end('restore-incomplete', code ?? type);
    default:
      return end('unknown', code ?? type);
  }
}

function isOurs(code: string | null): boolean {
  return code === LEFT_ALONE.drifted || code === LEFT_ALONE.protected;
}

function codeOf(document: ResultDocument | null): string | null {
  const rows = document?.nics ?? [];
  const drifted = rows.find(({ errorCode }) => isOurs(errorCode));
  return (drifted ?? rows.find(({ errorCode }) => errorCode !== null))?.errorCode ?? null;
}

/** Servers that count against `maxErrors`. */
export function countsAsFailed(outcome: ServerOutcome): boolean {
  return outcome === 'failed' || outcome === 'unknown' || outcome === 'restore-incomplete';
}

/** These are tried again by `retryFailed`. */
export function isRetried({ outcome, errorCode }: ServerEnd): boolean {
  return countsAsFailed(outcome) || (outcome === 'untouched' && errorCode === LEFT_ALONE.busy);
}

export function reportNic(row: NicRow, document: ResultDocument): ReportNic {
  const { id, ip, mac, outcome, restore, errorCode, message, jobId, differences } = row;
  const job = document.jobs.find((each) => each.id === jobId);
  return {
    ...{ id, ip, mac, outcome, restore, errorCode, message, jobId },
    requestId: job?.requestId ?? null,
    ...(differences.length === 0 ? {} : { differs: differences.map(({ field }) => field) }),
  };
}

/** A payload above 256 KB draws a warning of the server, and a page has 100 servers with up to 11 NICs each. */
const MOST_BYTES = 240_000;

/** The longest messages are cut first: ids, outcomes and codes are what people count on. */
export function bounded(servers: ReportServer[]): ReportServer[] {
  let cut = servers;
  for (const max of [300, 120, 60, 0]) {
    if (JSON.stringify(cut).length <= MOST_BYTES) return cut;
    const short = (message: string | null) => (message === null || max === 0 ? null : message.slice(0, max));
    cut = servers.map((server) => ({
      ...server,
      message: short(server.message),
      nics: server.nics.map((nic) => ({ ...nic, message: short(nic.message) })),
    }));
  }
  return cut;
}
