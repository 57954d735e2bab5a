/** From flags to a search for runs. No IO. */
import type { RunOutcome } from '../../contract';
import { quoted } from '../../contract/text';
import { isUuid } from '../../contract/values';
import { foldedId } from '../ids';
import { timeSince } from './since';

export interface ListFlags {
  server?: string;
  outcome?: string;
  requestedBy?: string;
  since?: string;
  limit: string;
  open?: boolean;
}

/** As `searchRuns` takes it. */
export interface ListFilter {
  serverId?: string;
  openOnly?: boolean;
  outcome?: string;
  requestedBy?: string;
  since?: Date;
}

const MAX_LIMIT = 1_000;

/** In the order of the help; the last two are Temporal's own, of a run that was ended from outside. */
export const OUTCOMES: readonly (RunOutcome | 'terminated' | 'timed-out')[] = [
  'deleted',
  'detached',
  'nothing-to-do',
  'undone',
  'restored',
  'recreated',
  'planned',
  'not-deleted',
  'refused',
  'cloud-refused',
  'invalid-input',
  'rolled-back',
  'restore-incomplete',
  'outcome-unknown',
  'cancelled',
  'running',
  'terminated',
  'timed-out',
];

/** Returns the filter, and every problem of the command line together. */
export function listFilter(
  flags: ListFlags,
  now: number,
): { filter: ListFilter; limit: number; problems: string[] } {
  const problems: string[] = [];
  const filter: ListFilter = {};
  const { server, outcome, requestedBy, since } = flags;
  if (flags.open === true) filter.openOnly = true;
  if (server !== undefined) {
    filter.serverId = foldedId(server);
    if (!isUuid(filter.serverId)) problems.push(`--server: ${quoted(server)} is not a UUID`);
  }
  if (outcome !== undefined) {
    // Also as a failure is called in Temporal: `NotDeleted`.
    filter.outcome = outcome
      .trim()
      .replace(/([a-z])([A-Z])/g, '$1-$2')
      .toLowerCase();
    if (!(OUTCOMES as readonly string[]).includes(filter.outcome))
      problems.push(`--outcome: ${quoted(outcome)} is none; known are ${OUTCOMES.join(', ')}`);
    else if (filter.openOnly === true && filter.outcome !== 'running')
      problems.push('--open and --outcome: an open run has no outcome yet');
  }
  if (requestedBy !== undefined) {
    filter.requestedBy = requestedBy;
    if (requestedBy.trim() === '') problems.push('--requested-by: empty; who?');
  }
  if (since !== undefined) {
    const time = timeSince(since, now);
    if (time instanceof Date) filter.since = time;
    else problems.push(`--since: ${time.problem}`);
  }
  const limit = /^\d{1,9}$/.test(flags.limit) ? Number(flags.limit) : NaN;
  if (!(limit >= 1 && limit <= MAX_LIMIT))
    problems.push(`--limit: ${quoted(flags.limit)} is not a number from 1 to ${MAX_LIMIT}`);
  return { filter, limit, problems };
}
