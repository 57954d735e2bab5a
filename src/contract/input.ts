/**
 * The check of a request, by hand: it runs inside workflows, too (other services don't use our starter), where a
 * schema library would cost twenty times the memory per run. Every problem is named at once, with its remedy.
 */
import { formatDuration, parseDuration } from './duration';
import type { KeepOrRestore, NicTarget } from './types';

export const HOUR_MS = 3_600_000;
/** The cloud forgets finished jobs after a day (ecs-api.md §2): a longer deadline would outlive its witness. */
export const MAX_DEADLINE_MS = 20 * HOUR_MS;
export const DEFAULT_DEADLINE_MS = 20 * 60_000;
export const MAX_UNDO_WINDOW_MS = 30 * 24 * HOUR_MS;
/** A server holds at most 12 NICs today (ecs-api.md §1); twice that and some leaves room for larger flavours. */
export const MAX_NICS = 32;

/** Pace of a run, in ms. `null`: learned by the worker. */
export interface CheckedTiming {
  firstPollMs: number | null;
  pollIntervalMs: number | null;
  settleMs: number;
  verifyForMs: number;
  busyWaitMs: number;
}

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

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;
const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
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
const TIMING_FIELDS = new Set(['firstPoll', 'pollInterval', 'settle', 'verifyFor', 'busyWait']);

/** Checks the input of `deleteServerNics`, of whatever type it is. Never throws. */
export function checkDeleteInput(value: unknown): CheckedInput {
  if (!isRecord(value)) {
    return { problems: [`the input must be one JSON object, not ${kindOf(value)}`], request: null };
  }
  const check = new Checker(value);
  check.unknownFields(value, FIELDS, '');
  const request: CheckedRequest = {
    serverId: check.uuid('serverId'),
    nics: check.nics(),
    projectId: check.text('projectId', 64),
    dryRun: check.flag('dryRun'),
    keepPort: check.flag('keepPort'),
    undoWindowMs: check.duration('undoWindow', 0, 0, MAX_UNDO_WINDOW_MS),
    onFailure: check.policy('onFailure'),
    onCancel: check.policy('onCancel'),
    allowElasticIp: check.flag('allowElasticIp'),
    deadlineMs: check.duration('deadline', DEFAULT_DEADLINE_MS, 1_000, MAX_DEADLINE_MS),
    requestedBy: check.text('requestedBy', 200),
    reason: check.text('reason', 1_000),
    timing: check.timing(),
  };
  check.notSupportedYet(request);
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

class Checker {
  readonly problems: string[] = [];
  /** So many are named over all NICs: a message must not grow with what somebody sends. */
  private unknownLeft = 20;

  constructor(private readonly input: Record<string, unknown>) {}

  unknownFields(record: Record<string, unknown>, known: Set<string>, prefix: string): void {
    // A mistyped safety option must not pass as absent.
    const unknown = Object.keys(record).filter((key) => !known.has(key));
    const named = unknown.slice(0, Math.min(10, this.unknownLeft));
    this.unknownLeft -= named.length;
    for (const key of named) {
      this.problems.push(`${prefix}${shown(key)}: unknown field; known are ${[...known].join(', ')}`);
    }
    const more = unknown.length - named.length;
    if (more > 0) this.problems.push(`${prefix.replace(/\.$/, '') || 'input'}: ${more} more unknown fields`);
  }

  uuid(field: string): string {
    const value = this.input[field];
    if (isUuid(value)) return value;
    this.problems.push(
      value === undefined ? `${field}: missing` : `${field}: ${shown(value)} is not a lower-case UUID`,
    );
    return '';
  }

  text(field: string, maxLength: number): string | null {
    const value = this.input[field];
    if (value === undefined || value === null) return null;
    if (typeof value !== 'string' || value.trim() === '') {
      this.problems.push(`${field}: must be a text, or be left out; it is ${shown(value)}`);
    } else if (value.length > maxLength) {
      this.problems.push(`${field}: ${value.length} characters; at most ${maxLength} are allowed`);
    } else {
      return value;
    }
    return null;
  }

  flag(field: string): boolean {
    const value = this.input[field];
    if (value === undefined) return false;
    if (typeof value !== 'boolean')
      this.problems.push(`${field}: must be true or false, not ${shown(value)}`);
    return value === true;
  }

  policy(field: string): KeepOrRestore {
    const value = this.input[field];
    if (value === undefined || value === 'keep') return 'keep';
    if (value === 'restore') return 'restore';
    this.problems.push(`${field}: must be "keep" or "restore", not ${shown(value)}`);
    return 'keep';
  }

  duration(field: string, whenAbsent: number, min: number, max: number): number {
    return this.durationOf(this.input[field], field, min, max) ?? whenAbsent;
  }

  timing(): CheckedTiming {
    const value = this.input.timing ?? {};
    if (!isRecord(value)) {
      this.problems.push(`timing: must be an object, not ${kindOf(value)}`);
      return { firstPollMs: null, pollIntervalMs: null, settleMs: 0, verifyForMs: 0, busyWaitMs: 0 };
    }
    this.unknownFields(value, TIMING_FIELDS, 'timing.');
    const of = (field: string, min: number): number | null =>
      this.durationOf(value[field], `timing.${field}`, min, HOUR_MS);
    return {
      firstPollMs: of('firstPoll', 0),
      pollIntervalMs: of('pollInterval', 1),
      settleMs: of('settle', 0) ?? 30_000,
      verifyForMs: of('verifyFor', 0) ?? 120_000,
      // The cloud's own advice for Ecs.0603 is one minute (ecs-api.md §7.2).
      busyWaitMs: of('busyWait', 1) ?? 60_000,
    };
  }

  nics(): NicTarget[] | 'all' {
    const value = this.input.nics;
    if (value === 'all') return 'all';
    if (!Array.isArray(value)) {
      this.problems.push(
        value === undefined
          ? 'nics: missing; give a list of {"id"}, or "all" for every NIC but the primary one'
          : `nics: must be a list of {"id"}, or "all"; it is ${shown(value)}`,
      );
      return [];
    }
    if (value.length === 0) this.problems.push('nics: empty; an empty list means nothing, never everything');
    if (value.length > MAX_NICS) {
      this.problems.push(`nics: ${value.length} entries; at most ${MAX_NICS} are taken in one run`);
    }
    const seen = new Set<string>();
    return value.slice(0, MAX_NICS).flatMap((nic, index) => this.nic(nic, `nics[${index}]`, seen));
  }

  notSupportedYet(request: CheckedRequest): void {
    const asked: [boolean, string][] = [
      [request.keepPort, 'keepPort'],
      [request.undoWindowMs > 0, 'undoWindow'],
      [request.onFailure === 'restore', 'onFailure "restore"'],
      [request.onCancel === 'restore', 'onCancel "restore"'],
    ];
    for (const [given, name] of asked) {
      if (given) this.problems.push(`${name}: not supported yet; leave it out`);
    }
  }

  private nic(value: unknown, path: string, seen: Set<string>): NicTarget[] {
    if (!isRecord(value)) {
      this.problems.push(`${path}: must be an object {"id"}, not ${shown(value)}`);
      return [];
    }
    this.unknownFields(value, NIC_FIELDS, `${path}.`);
    const { id, ip, mac } = value;
    if (!isUuid(id)) {
      this.problems.push(
        id === undefined ? `${path}.id: missing` : `${path}.id: ${shown(id)} is not a lower-case UUID`,
      );
      return [];
    }
    if (seen.has(id)) this.problems.push(`${path}.id: ${id} is named twice`);
    seen.add(id);
    if (ip !== undefined && !isIp(ip)) this.problems.push(`${path}.ip: ${shown(ip)} is not an IP address`);
    if (mac !== undefined && !(typeof mac === 'string' && MAC.test(mac))) {
      this.problems.push(`${path}.mac: ${shown(mac)} is not a MAC address such as fa:16:3e:00:00:02`);
    }
    return [{ id, ...(typeof ip === 'string' ? { ip } : {}), ...(typeof mac === 'string' ? { mac } : {}) }];
  }

  private durationOf(value: unknown, field: string, min: number, max: number): number | null {
    if (value === undefined) return null;
    const ms = parseDuration(value);
    if (ms === undefined) {
      this.problems.push(
        `${field}: ${shown(value)} is not a duration; give ms as a number, or a text such as "90s" or "20 minutes"`,
      );
      return null;
    }
    if (ms < min || ms > max) {
      this.problems.push(
        `${field}: ${shown(value)} is out of range; allowed are ${formatDuration(min)} to ${formatDuration(max)}`,
      );
      return null;
    }
    return ms;
  }
}

export function isIp(value: unknown): value is string {
  return typeof value === 'string' && (IPV4.test(value) || expandIpv6(value) !== null);
}

/** Equality of addresses, whatever the spelling (`FE80::1` = `fe80:0:0:0:0:0:0:1`). */
export function sameIp(a: string, b: string): boolean {
  if (a === b) return true;
  const left = expandIpv6(a);
  return left !== null && left === expandIpv6(b);
}

function expandIpv6(text: string): string | null {
  if (!/^[0-9a-f:]{2,39}$/i.test(text) || !text.includes(':')) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const groups = head ?? [];
  if (halves.length === 2) {
    const missing = 8 - groups.length - (tail?.length ?? 0);
    if (missing < 1) return null;
    groups.push(...Array<string>(missing).fill('0'), ...(tail ?? []));
  }
  if (groups.length !== 8 || groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return null;
  return groups.map((group) => parseInt(group, 16).toString(16)).join(':');
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  if (ArrayBuffer.isView(value)) return 'binary data';
  return isRecord(value) ? 'an object' : `a ${typeof value}`;
}

/** A value as it may stand in a message: bounded, on one line. */
function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return kindOf(value);
  // JSON has no word for numbers such as 1e999.
  const text = (typeof value === 'number' ? String(value) : safeJson(value)).replace(CONTROL, '?');
  // A character that is cut in half can't be sent.
  return text.length > 60 ? `${text.slice(0, 57).replace(HALF_CHARACTER, '')}…` : text;
}

const CONTROL = /[\p{Cc}\u2028\u2029]/gu;
const HALF_CHARACTER = /\p{Cs}/gu;

/** Lists nested so deeply that they have no JSON have no text either. */
function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return kindOf(value);
  }
}
