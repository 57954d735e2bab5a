/** What a run tells the worker's log, which has the sentences. A replay tells nothing again; a task that is repeated may. */
import { log, workflowInfo } from '@temporalio/workflow';
import type { EventFields, EventName } from '../../contract/events';
import type { ResultDocument, RunOutcome } from '../../contract/types';
import { isRecord } from '../../contract/values';
import { totalsOf } from '../policy/outcome';
import { plain } from './details';

export function tell(event: EventName, fields: EventFields): void {
  const told = Object.entries(fields).flatMap(([field, value]) =>
    value == null ? [] : [[field, typeof value === 'string' ? plain(value) : value] as const],
  );
  log.info(event, { event, ...Object.fromEntries(told) });
}

/** What the caller asks for, as far as the input says it. */
export function tellStart({ document, input }: { document: ResultDocument; input: unknown }): void {
  const { requestedBy, reason, dryRun } = isRecord(input) ? input : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  tell('run.started', {
    server: document.serverId,
    type: `${workflowInfo().workflowType}${dryRun === true ? ' (dry run)' : ''}`,
    nics: document.nics.length > 0 ? document.nics.length : null,
    requestedBy: text(requestedBy),
    reason: text(reason),
  });
}

export function tellEnd(document: ResultDocument, message: string | null): void {
  const { serverId: server, outcome } = document;
  for (const { id: nic, outcome, jobId: job, errorCode: code, message } of document.nics)
    if (outcome !== 'untouched') tell('nic.verdict', { server, nic, outcome, job, code, message });
  const counts = Object.entries(totalsOf(document).counts).map(([kind, count]) => `${count} ${kind}`);
  tell(NEEDS_PERSON.has(outcome) ? 'run.needs-person' : 'run.ended', {
    server,
    outcome,
    counts: counts.length > 0 ? counts.join(', ') : null,
    message,
  });
}

const NEEDS_PERSON: ReadonlySet<RunOutcome> = new Set([
  'not-deleted',
  'restore-incomplete',
  'outcome-unknown',
]);
