/**
 * The check of a request, by hand: it runs inside workflows, too (other services don't use our starter), where a
 * schema library would cost twenty times the memory per run. Every problem is named at once, with its remedy.
 */
import type { CheckedTiming } from './checker';
import { Checker, MAX_NICS } from './checker';
import type { KeepOrRestore, NicTarget } from './types';
import { isRecord, isUuid, kindOf, safeJson } from './values';

export type { CheckedTiming } from './checker';
export { MAX_NICS } from './checker';
export { isIp, isRecord, isUuid, sameIp } from './values';

export const HOUR_MS = 3_600_000;
/**
 * The cloud forgets finished jobs after a day (docs/cloud-api.md §2.2): a longer deadline would outlive its witness.
 */
export const MAX_DEADLINE_MS = 20 * HOUR_MS;
export const DEFAULT_DEADLINE_MS = 20 * 60_000;
export const MAX_UNDO_WINDOW_MS = 30 * 24 * HOUR_MS;

/** A request with every default filled in and every duration in ms. */
export interface CheckedRequest {
  serverId: string;
  nics: NicTarget[] | 'all';
  projectId: string | null;
  dryRun: boolean;
  keepPort: boolean;
  undoWindowMs: number;
  onFailure: KeepOrRestore;
  onCancel: KeepOrRestore;
  allowElasticIp: boolean;
  deadlineMs: number;
  requestedBy: string | null;
  reason: string | null;
  timing: CheckedTiming;
}

export interface CheckedInput {
  /** Empty when the request is good. */
  problems: string[];
  request: CheckedRequest | null;
}

const FIELDS = new Set([
  'serverId',
  'nics',
  'projectId',
  'dryRun',
  'keepPort',
  'undoWindow',
  'onFailure',
  'onCancel',
  'allowElasticIp',
  'deadline',
  'requestedBy',
  'reason',
  'timing',
]);
const NIC_FIELDS = new Set(['id', 'ip', 'mac']);

/** Checks the input of `deleteServerNics`, of whatever type it is. Never throws. */
export function checkDeleteInput(value: unknown): CheckedInput {
  if (!isRecord(value)) {
    return { problems: [`the input must be one JSON object, not ${kindOf(value)}`], request: null };
  }
  const check = new Checker(value, FIELDS);
  const request: CheckedRequest = {
    serverId: check.uuid('serverId'),
    nics: check.nics(NIC_FIELDS),
    projectId: check.text('projectId', 64),
    dryRun: check.flag('dryRun'),
    keepPort: check.flag('keepPort'),
    undoWindowMs: check.duration('undoWindow', 0, {
      max: MAX_UNDO_WINDOW_MS,
      unit: 'hours',
      noSmallNumbers: true,
    }),
    onFailure: check.policy('onFailure'),
    onCancel: check.policy('onCancel'),
    allowElasticIp: check.flag('allowElasticIp'),
    deadlineMs: check.duration('deadline', DEFAULT_DEADLINE_MS, {
      min: 1_000,
      max: MAX_DEADLINE_MS,
      unit: 'minutes',
      noSmallNumbers: true,
    }),
    requestedBy: check.words('requestedBy', 200),
    reason: check.words('reason', 1_000),
    timing: check.timing(),
  };
  return check.problems.length > 0 ? { problems: check.problems, request: null } : { problems: [], request };
}

/**
 * Two inputs ask for the same when their keys are equal: same server, set of NICs, `keepPort`, `undoWindow`,
 * `onFailure`, `onCancel`, `allowElasticIp`, `dryRun`. Inputs that don't pass the check equal only themselves.
 */
export function requestKey(value: unknown): string {
  const { request } = checkDeleteInput(value);
  if (request === null) return `invalid ${safeJson(value)}`;
  return JSON.stringify([
    request.serverId,
    request.nics === 'all' ? 'all' : request.nics.map((nic) => nic.id).sort(),
    request.keepPort,
    request.undoWindowMs,
    request.onFailure,
    request.onCancel,
    request.allowElasticIp,
    request.dryRun,
  ]);
}

/** The requested NICs as far as they can be read from an input of any shape: every one gets a row in the result. */
export function namedNics(value: unknown): string[] {
  if (!isRecord(value) || !Array.isArray(value.nics)) return [];
  const ids = new Set<string>();
  for (const nic of value.nics.slice(0, MAX_NICS)) {
    if (isRecord(nic) && isUuid(nic.id)) ids.add(nic.id);
  }
  return [...ids];
}
