/** The check of a request to put NICs back. */
import { Checker, MAX_NICS } from './checker';
import { planWorkflowId, serverWorkflowId } from './names';
import type { CheckedOf } from './options';
import { RESTORE_OPTIONS, identityOf } from './options';
import type { SavedNic } from './saved-result';
import { readSavedResult } from './saved-result';
import { isRecord, isUuid, kindOf, safeJson, shown } from './values';

export type CheckedSource =
  | { kind: 'run'; workflowId: string; runId: string }
  /** Rows of the saved document that have a snapshot. */
  | { kind: 'document'; nics: SavedNic[] };

/** A request with every default filled in and every duration in ms. */
export interface CheckedRestore extends CheckedOf<typeof RESTORE_OPTIONS> {
  serverId: string;
  from: CheckedSource;
  nics: string[] | 'all';
}

const FIELDS: ReadonlySet<string> = new Set(['serverId', 'from', 'nics', ...Object.keys(RESTORE_OPTIONS)]);
const NIC_FIELDS = new Set(['id']);
const SOURCE_FIELDS = new Set(['workflowId', 'runId', 'document']);

/** Checks the input of `restoreServerNics`, of whatever type it is. Never throws. */
export function checkRestoreInput(value: unknown): { problems: string[]; request: CheckedRestore | null } {
  if (!isRecord(value)) {
    return { problems: [`the input must be one JSON object, not ${kindOf(value)}`], request: null };
  }
  const check = new Checker(value, FIELDS);
  const serverId = check.uuid('serverId');
  const nics = check.nics(NIC_FIELDS);
  const request: CheckedRestore = {
    serverId,
    from: sourceOf(check, serverId),
    nics: nics === 'all' ? 'all' : nics.map(({ id }) => id),
    ...check.options(RESTORE_OPTIONS),
  };
  return check.problems.length > 0 ? { problems: check.problems, request: null } : { problems: [], request };
}

function sourceOf(check: Checker, serverId: string): CheckedSource {
  const { from } = check.input;
  const nothing: CheckedSource = { kind: 'document', nics: [] };
  const given = isRecord(from) ? check.given(from, SOURCE_FIELDS, 'from.') : {};
  const { workflowId, runId, document } = given;
  const named = workflowId !== undefined || runId !== undefined;
  if (!named && document === undefined) {
    const isMissing = from === undefined || isRecord(from);
    check.problems.push(
      `from: ${isMissing ? 'missing; give' : 'must be'} {"workflowId", "runId"} of a run, or {"document": <its saved result>}`,
    );
    return nothing;
  }
  if (named && document !== undefined) {
    check.problems.push('from: give a run or its saved document, not both');
    return nothing;
  }
  if (document !== undefined) {
    const { problems, nics } = readSavedResult(document, serverId);
    check.problems.push(...problems.map((problem) => `from.document: ${problem}`));
    return { kind: 'document', nics };
  }
  const expectedId = serverWorkflowId(serverId);
  if (workflowId !== expectedId) {
    const isPlan = workflowId === planWorkflowId(serverId);
    check.problems.push(
      `from.workflowId: ${workflowId === undefined ? 'missing' : shown(workflowId)}; ` +
        `a run on this server has the id ${expectedId}${isPlan ? ': a dry run has taken nothing off' : ''}`,
    );
  }
  if (!isUuid(runId)) {
    check.problems.push(`from.runId: ${runId === undefined ? 'missing' : `${shown(runId)} is not a run id`}`);
  }
  return { kind: 'run', workflowId: String(workflowId), runId: String(runId) };
}

/** As for deletions: two inputs make the same request when their keys are equal. */
export function restoreKey(value: unknown): string {
  const { request } = checkRestoreInput(value);
  if (request === null) return `invalid ${safeJson(value)}`;
  const { serverId, from, nics } = request;
  const ids = nics === 'all' ? nics : [...nics].sort();
  return JSON.stringify([serverId, from, ids, ...identityOf(RESTORE_OPTIONS, request)]);
}

/** The requested NICs as far as they can be read from an input of any form. */
export function namedForRestore(value: unknown): string[] {
  const { request } = checkRestoreInput(value);
  return request === null || request.nics === 'all' ? [] : request.nics.slice(0, MAX_NICS);
}
