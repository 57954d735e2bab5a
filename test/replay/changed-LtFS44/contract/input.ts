/**
 * The check of a request, by hand: it also runs inside workflows (other services do not use this starter), where a
 * schema library would cost twenty times the memory per run. It names every problem at once, with its remedy.
 */
import { Checker, MAX_NICS } from './checker';
import type { CheckedOf } from './options';
import { DELETE_OPTIONS, identityOf } from './options';
import type { NicTarget } from './types';
import { isRecord, isUuid, kindOf, safeJson } from './values';

export { MAX_NICS } from './checker';
export type { CheckedTiming } from './options';
export { HOUR_MS } from './options';
export { isIp, isRecord, isUuid, sameIp } from './values';

/** A request with every default filled in and every duration in ms. */
export interface CheckedRequest extends CheckedOf<typeof DELETE_OPTIONS> {
  serverId: string;
  nics: NicTarget[] | 'all';
}

export interface CheckedInput {
  /** Empty when the request is valid. */
  problems: string[];
  request: CheckedRequest | null;
}

const FIELDS: ReadonlySet<string> = new Set(['serverId', 'nics', ...Object.keys(DELETE_OPTIONS)]);
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
    ...check.options(DELETE_OPTIONS),
  };
  return check.problems.length > 0 ? { problems: check.problems, request: null } : { problems: [], request };
}

/**
 * Two inputs make the same request when their keys are equal: same server, same set of NICs, and the same values of all
 * options of their identity. An input that fails the check equals only itself.
 */
export function requestKey(value: unknown): string {
  const { request } = checkDeleteInput(value);
  if (request === null) return `invalid ${safeJson(value)}`;
  const { serverId, nics } = request;
  const ids = nics === 'all' ? nics : nics.map(({ id }) => id).sort();
  return JSON.stringify([serverId, ids, ...identityOf(DELETE_OPTIONS, request)]);
}

/** The requested NICs as far as they can be read from an input of any form: every one gets a row in the result. */
export function namedNics(value: unknown): string[] {
  if (!isRecord(value) || !Array.isArray(value.nics)) return [];
  const ids = new Set<string>();
  for (const nic of value.nics.slice(0, MAX_NICS)) {
    if (isRecord(nic) && isUuid(nic.id)) ids.add(nic.id);
  }
  return [...ids];
}
