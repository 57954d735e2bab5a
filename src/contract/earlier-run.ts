/** What requests about an earlier run share: its server, some of its NICs, and the run or its saved result. */
import { Checker, MAX_NICS } from './checker';
import { planWorkflowId, serverWorkflowId } from './names';
import type { CheckedOf, Options } from './options';
import { identityOf } from './options';
import type { SavedNic } from './saved-result';
import { readSavedResult } from './saved-result';
import { isRecord, isUuid, kindOf, safeJson, shown } from './values';

export type CheckedSource =
  | { kind: 'run'; workflowId: string; runId: string }
  /** Rows of the saved document that have a snapshot. */
  | { kind: 'document'; nics: SavedNic[] };

/** What such a request is about, whatever it wants. */
export interface CheckedNics {
  serverId: string;
  from: CheckedSource;
  nics: string[] | 'all';
  dryRun: boolean;
}

type WithDryRun = Options & { dryRun: { kind: 'flag'; identity: true } };

/** A request with every default filled in and every duration in ms. */
export type CheckedEarlier<T extends WithDryRun> = CheckedNics & CheckedOf<T>;

export interface EarlierCheck<T extends WithDryRun> {
  problems: string[];
  request: CheckedEarlier<T> | null;
}

const OWN_FIELDS = ['serverId', 'from', 'nics'];
const NIC_FIELDS = new Set(['id']);
const SOURCE_FIELDS = new Set(['workflowId', 'runId', 'document']);

/** Checks such an input, of whatever type it is. Never throws. */
export function checkEarlier<T extends WithDryRun>(value: unknown, options: T): EarlierCheck<T> {
  if (!isRecord(value)) {
    return { problems: [`the input must be one JSON object, not ${kindOf(value)}`], request: null };
  }
  const check = new Checker(value, new Set([...OWN_FIELDS, ...Object.keys(options)]));
  const serverId = check.uuid('serverId');
  const nics = check.nics(NIC_FIELDS);
  const request = {
    serverId,
    from: sourceOf(check, serverId),
    nics: nics === 'all' ? nics : nics.map(({ id }) => id),
    ...check.options(options),
  } as CheckedEarlier<T>;
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
export function earlierKey<T extends WithDryRun>(value: unknown, options: T): string {
  const { request } = checkEarlier(value, options);
  if (request === null) return `invalid ${safeJson(value)}`;
  const { serverId, from, nics } = request;
  const ids = nics === 'all' ? nics : [...nics].sort();
  return JSON.stringify([serverId, from, ids, ...identityOf(options, request)]);
}

/** The requested NICs as far as they can be read from an input of any form. */
export function namedNicsOf(request: CheckedNics | null): string[] {
  return request === null || request.nics === 'all' ? [] : request.nics.slice(0, MAX_NICS);
}
