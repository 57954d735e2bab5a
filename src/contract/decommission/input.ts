/** The checks of a decommission run's input and of its messages. They name every problem at once, with its remedy. */
import { checkMessage } from '../by-whom';
import type { Checked } from '../checker';
import { Checker, ended } from '../checker';
import type { CheckedOf } from '../options';
import type { ByWhom, NicTarget } from '../types';
import { isRecord, isUuid, kindOf, shown } from '../values';
import type { DecommissionUpdate } from './names';
import { MAX_NAMED, PAGE_LIMITS, UPDATE_ARGUMENTS } from './arguments';
import { DECOMMISSION_OPTIONS } from './options';
import type { Share } from './shares';
import { readShare } from './shares';
import type { ListedServer } from './types';

export { MAX_NAMED, PAGE_LIMITS } from './arguments';

export type CheckedDecommission = CheckedOf<typeof DECOMMISSION_OPTIONS>;

/** So many problems of a page are told one by one. */
const MAX_TOLD = 50;

const FIELDS: ReadonlySet<string> = new Set(Object.keys(DECOMMISSION_OPTIONS));

/** Checks the input of the workflow `decommission`, of whatever type it is. Never throws. */
export function checkDecommissionInput(value: unknown): Checked<CheckedDecommission> {
  if (!isRecord(value))
    return { problems: [`the input must be one JSON object, not ${kindOf(value)}`], value: null };
  const check = new Checker(value, FIELDS);
  return ended(check, check.options(DECOMMISSION_OPTIONS));
}

/** What the argument of an Update may hold, beside `by` and `reason`. */
function fieldsOf(update: DecommissionUpdate): ReadonlySet<string> {
  return new Set(Object.keys(UPDATE_ARGUMENTS[update]));
}

export interface LoadPage {
  page: number;
  servers: ListedServer[];
}

const LOAD_FIELDS = fieldsOf('load');
const SERVER_FIELDS = new Set(['serverId', 'nics']);
const NIC_FIELDS = new Set(['id', 'ip', 'mac']);

/** Checks the argument of the Update `load`. */
export function checkLoad(value: unknown): Checked<LoadPage> {
  if (!isRecord(value))
    return { problems: [`the argument must be {"page", "servers"}, not ${kindOf(value)}`], value: null };
  const check = new Checker(value, LOAD_FIELDS);
  const page = check.count('page', UPDATE_ARGUMENTS.load.page);
  return ended(check, { page, servers: listOf(check, check.input.servers) });
}

function listOf(check: Checker, value: unknown): ListedServer[] {
  if (!Array.isArray(value)) {
    check.problems.push(`servers: must be a list of {"serverId", "nics"}; it is ${shown(value)}`);
    return [];
  }
  if (value.length === 0)
    check.problems.push('servers: empty; an empty list means nothing, never everything');
  if (value.length > PAGE_LIMITS.servers) {
    const most = `at most ${PAGE_LIMITS.servers} are taken in one page`;
    check.problems.push(`servers: ${value.length} entries; ${most}: load the rest as further pages`);
    return [];
  }
  const servers: ListedServer[] = [];
  const seen = new Set<string>();
  const problems: string[] = [];
  value.forEach((each: unknown, index) => {
    const { problems: found, server } = checkListed(each);
    problems.push(...found.map((problem) => `servers[${index}]: ${problem}`));
    if (server === null) return;
    if (seen.has(server.serverId)) problems.push(`servers[${index}]: ${server.serverId} is named twice`);
    seen.add(server.serverId);
    servers.push(server);
  });
  check.problems.push(...problems.slice(0, MAX_TOLD));
  if (problems.length > MAX_TOLD) check.problems.push(`${problems.length - MAX_TOLD} more problems`);
  const named = servers.reduce((sum, { nics }) => sum + (nics === 'all' ? 0 : nics.length), 0);
  if (named > PAGE_LIMITS.nics)
    check.problems.push(
      `servers: they name ${named} NICs; at most ${PAGE_LIMITS.nics} are taken in one page`,
    );
  const bytes = JSON.stringify(servers).length;
  if (bytes > PAGE_LIMITS.bytes)
    check.problems.push(`servers: ${bytes} bytes; at most ${PAGE_LIMITS.bytes} are taken in one page`);
  return servers;
}

/** One server of a list, whoever has read it. Also lines of a file are checked so. */
export function checkListed(value: unknown): { problems: string[]; server: ListedServer | null } {
  if (!isRecord(value))
    return { problems: [`must be an object {"serverId", "nics"}, not ${kindOf(value)}`], server: null };
  const check = new Checker(value, SERVER_FIELDS);
  const serverId = check.uuid('serverId');
  const nics: NicTarget[] | 'all' = check.nics(NIC_FIELDS);
  return { problems: check.problems, server: check.problems.length > 0 ? null : { serverId, nics } };
}

/** Checks the argument of the Update `loaded`. */
export function checkLoaded(value: unknown): Checked<{ pages: number; servers: number }> {
  if (!isRecord(value))
    return { problems: [`the argument must be {"pages", "servers"}, not ${kindOf(value)}`], value: null };
  const check = new Checker(value, fieldsOf('loaded'));
  return ended(check, {
    pages: check.count('pages', UPDATE_ARGUMENTS.loaded.pages),
    servers: check.count('servers', UPDATE_ARGUMENTS.loaded.servers),
  });
}

export interface Approval extends ByWhom {
  digest: string;
  servers: number;
  nics: number;
}

export function checkApproval(value: unknown): Checked<Approval> {
  return checkMessage(value, [...fieldsOf('approve')], (check) => {
    const { digest } = check.input;
    if (typeof digest !== 'string' || digest === '')
      check.problems.push(`digest: ${digest === undefined ? 'missing' : shown(digest)}; repeat the plan's`);
    return {
      digest: String(digest),
      servers: check.count('servers', UPDATE_ARGUMENTS.approve.servers),
      nics: check.count('nics', UPDATE_ARGUMENTS.approve.nics),
    };
  });
}

export interface Limits extends ByWhom {
  concurrency: number | null;
  maxErrors: Share | null;
}

export function checkLimits(value: unknown): Checked<Limits> {
  return checkMessage(value, [...fieldsOf('setLimits')], (check) => {
    const { concurrency, maxErrors } = check.input;
    if (concurrency === undefined && maxErrors === undefined)
      check.problems.push('concurrency, maxErrors: both missing; give one of them at least');
    const share = maxErrors === undefined ? null : readShare(maxErrors);
    if (share !== null && 'problem' in share) check.problems.push(`maxErrors: ${share.problem}`);
    return {
      concurrency:
        concurrency === undefined
          ? null
          : check.count('concurrency', { ...UPDATE_ARGUMENTS.setLimits.concurrency, whenAbsent: null }),
      maxErrors: share === null || 'problem' in share ? null : share,
    };
  });
}

export interface Named extends ByWhom {
  /** `null`: all. Only `undo` may mean all. */
  servers: string[] | null;
}

export function checkNamed(value: unknown, required: boolean): Checked<Named> {
  return checkMessage(value, [...fieldsOf(required ? 'skip' : 'undo')], (check) => {
    const { servers } = check.input;
    if (servers === undefined && !required) return { servers: null };
    if (!Array.isArray(servers) || servers.length === 0 || servers.length > MAX_NAMED) {
      const what = Array.isArray(servers) ? `${servers.length} entries` : shown(servers);
      check.problems.push(`servers: must be a list of 1 to ${MAX_NAMED} server ids; it is ${what}`);
      return { servers: [] };
    }
    const wrong = servers.filter((id) => !isUuid(id));
    for (const id of wrong.slice(0, MAX_TOLD))
      check.problems.push(`servers: ${shown(id)} is not a lower-case UUID (8-4-4-4-12 hex digits)`);
    return { servers: [...new Set(servers as string[])] };
  });
}

/** Checks a message that has nothing but who and why. */
export function checkDecision(value: unknown): Checked<ByWhom> {
  return checkMessage(value, [], () => ({}));
}
