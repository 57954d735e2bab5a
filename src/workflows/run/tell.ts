/** What a run tells the worker's log, which has the sentences. A replay tells nothing again; a task that is repeated may. */
import { log, workflowInfo } from '@temporalio/workflow';
import type { EventFields, EventName } from '../../contract/events';
import { askerOf } from '../../contract/asker';
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
  tell('run.started', {
    server: document.serverId,
    type: `${workflowInfo().workflowType}${isRecord(input) && input.dryRun === true ? ' (dry run)' : ''}`,
    nics: document.nics.length > 0 ? document.nics.length : null,
    ...askerOf(input),
  });
}

export function tellEnd(document: ResultDocument, message: string | null): void {
  const { serverId: server, outcome } = document;
  for (const { id: nic, outcome, jobId: job, errorCode: code, message } of document.nics)
    if (outcome !== 'untouched') tell('nic.verdict', { server, nic, outcome, job, code, message });
  tell(NEEDS_PERSON.has(outcome) ? 'run.needs-person' : 'run.ended', {
    server,
    outcome,
    counts: countsText(totalsOf(document).counts),
    message,
  });
}

/** `2 deleted, 1 unknown`; `null`: there are none. */
export function countsText(counts: Readonly<Record<string, number>>): string | null {
  const each = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`);
  return each.length > 0 ? each.join(', ') : null;
}

const NEEDS_PERSON: ReadonlySet<RunOutcome> = new Set([
  'not-deleted',
  'restore-incomplete',
  'outcome-unknown',
]);
