/** Collects every problem of an input at once, each with its path and its remedy. */
import { readShare, readWaves } from './decommission/shares';
import type { DurationRule } from './duration';
import { readDuration } from './duration';
import { isPlaceholder } from './placeholders';
import type { CheckedOf, CheckedTiming, KeepOrRestore, Option, Options } from './options';
import { HOUR_MS, TIMING, checkedName } from './options';
import type { NicTarget } from './types';
import { isIp, isRecord, isUuid, kindOf, shown } from './values';

/**
 * A server holds at most 12 NICs today (docs/cloud-api.md §1.2); more than twice that leaves room for larger flavours.
 */
export const MAX_NICS = 32;

/** Of a list of texts, in all: it is part of inputs, which the server wants below 256 KB. */
const MAX_TEXTS = 64_000;

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;
const TIMING_FIELDS: ReadonlySet<string> = new Set(Object.keys(TIMING));

/** What a check has found: every problem, or the value. */
export type Checked<T> = { problems: string[]; value: null } | { problems: []; value: T };

/** The value, if the checker has found no problem. */
export function ended<T>({ problems }: Checker, value: T): Checked<T> {
  return problems.length > 0 ? { problems, value: null } : { problems: [], value };
}

export class Checker {
  readonly problems: string[] = [];
  /** Limit of unknown fields that are named over all NICs: a message must not grow with the input. */
  private unknownLeft = 20;

  /** The given fields of the input. */
  readonly input: Record<string, unknown>;

  constructor(value: Record<string, unknown>, fields: ReadonlySet<string>) {
    this.input = this.given(value, fields, '');
  }

  /**
   * The known fields that are given. `null` counts as left out, because encoders of many languages write it for a value
   * that is not set. An unknown field is a problem whatever its value: a mistyped safety option must not pass as
   * absent.
   */
  given(
    record: Record<string, unknown>,
    known: ReadonlySet<string>,
    prefix: string,
  ): Record<string, unknown> {
    const unknown = Object.keys(record).filter((key) => !known.has(key));
    const named = unknown.slice(0, Math.min(10, this.unknownLeft));
    this.unknownLeft -= named.length;
    for (const key of named) {
      this.problems.push(`${prefix}${shown(key)}: unknown field; known are ${[...known].join(', ')}`);
    }
    const more = unknown.length - named.length;
    if (more > 0) this.problems.push(`${prefix.replace(/\.$/, '') || 'input'}: ${more} more unknown fields`);
    return Object.fromEntries(
      Object.entries(record).filter(
        ([key, value]) => known.has(key) && value !== null && value !== undefined,
      ),
    );
  }

  uuid(field: string): string {
    const value = this.input[field];
    if (isUuid(value)) return value;
    this.problems.push(
      value === undefined
        ? `${field}: missing`
        : `${field}: ${shown(value)} is not a lower-case UUID (8-4-4-4-12 hex digits)`,
    );
    return '';
  }

  private text(field: string, maxLength: number): string | null {
    const value = this.input[field];
    if (value === undefined) return null;
    if (typeof value !== 'string' || value.trim() === '') {
      this.problems.push(`${field}: must be a text, or be left out; it is ${shown(value)}`);
    } else if (value.length > maxLength) {
      this.problems.push(`${field}: ${value.length} characters; at most ${maxLength} are allowed`);
    } else {
      return value;
    }
    return null;
  }

  /** Who asks, or why. Refuses the placeholder that a printed command has until the operator fills it in. */
  private words(field: string, maxLength: number): string | null {
    const text = this.text(field, maxLength);
    if (text === null || !isPlaceholder(text)) return text;
    const what = field === 'reason' ? 'why it is done' : 'who asks for it';
    this.problems.push(`${field}: ${shown(text)} is a placeholder; write ${what}`);
    return null;
  }

  requiredWords(field: string, maxLength: number): string {
    if (this.input[field] === undefined) this.problems.push(`${field}: missing`);
    return this.words(field, maxLength) ?? '';
  }

  private flag(field: string): boolean {
    const value = this.input[field];
    if (value === undefined) return false;
    if (typeof value !== 'boolean')
      this.problems.push(`${field}: must be true or false, not ${shown(value)}`);
    return value === true;
  }

  private policy(field: string): KeepOrRestore {
    const value = this.input[field];
    if (value === undefined || value === 'keep') return 'keep';
    if (value === 'restore') return 'restore';
    this.problems.push(`${field}: must be "keep" or "restore", not ${shown(value)}`);
    return 'keep';
  }

  /** All options of a request, each under its name in the checked request. */
  options<T extends Options>(options: T): CheckedOf<T> {
    const checked = Object.entries<Option>(options).map(([field, option]) => [
      checkedName(field, option),
      this.option(field, option),
    ]);
    return Object.fromEntries(checked) as CheckedOf<T>;
  }

  private option(field: string, option: Option): unknown {
    switch (option.kind) {
      case 'flag':
        return this.flag(field);
      case 'policy':
        return this.policy(field);
      case 'duration':
        return this.duration(this.input[field], field, option.rule) ?? option.whenAbsent;
      case 'text':
        return this.text(field, option.max);
      case 'words':
        return this.words(field, option.max);
      case 'timing':
        return this.timing(field);
      case 'texts':
        return this.texts(field, option.most, option.max);
      case 'count':
        return this.count(field, option);
      case 'choice':
        return this.choice(field, option.values) ?? option.whenAbsent;
      case 'share':
        return this.good(field, readShare) ?? option.whenAbsent;
      case 'waves':
        return this.good(field, readWaves) ?? readWaves(option.whenAbsent);
    }
  }

  private texts(field: string, most: number, max: number): string[] {
    const value = this.input[field] ?? [];
    if (!Array.isArray(value)) {
      this.problems.push(`${field}: must be a list of texts, not ${kindOf(value)}`);
      return [];
    }
    if (value.length > most)
      this.problems.push(`${field}: ${value.length} entries; at most ${most} are allowed`);
    const total = value.slice(0, most).reduce((sum: number, text) => sum + String(text).length, 0);
    if (total > MAX_TEXTS)
      this.problems.push(`${field}: ${total} characters in all; at most ${MAX_TEXTS} are allowed`);
    const isGood = (text: unknown) => typeof text === 'string' && text.trim() !== '' && text.length <= max;
    const wrong = value.slice(0, most).filter((text) => !isGood(text));
    if (wrong.length > 0)
      this.problems.push(
        `${field}: ${wrong.slice(0, 10).map(shown).join(', ')}: must be texts of 1 to ${max} characters`,
      );
    return value.slice(0, most) as string[];
  }

  /** A whole number; `whenAbsent: null`: it must be given. */
  count(field: string, option: { min: number; max: number; whenAbsent: number | null }): number {
    const value = this.input[field] ?? option.whenAbsent;
    const { min, max } = option;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max)
      return value;
    this.problems.push(
      `${field}: ${value === null ? 'missing; give' : `${shown(value)} is not`} a whole number from ${min} to ${max}`,
    );
    return min;
  }

  private choice(field: string, values: readonly string[]): string | null {
    const value = this.input[field];
    if (value === undefined) return null;
    const found = values.find((each) => each === value);
    if (found === undefined)
      this.problems.push(`${field}: must be one of ${values.join(', ')}, not ${shown(value)}`);
    return found ?? null;
  }

  /** What `read` makes of the value; `null`: it is not given, or wrong. */
  private good<T extends object>(field: string, read: (value: unknown) => T | { problem: string }): T | null {
    const value = this.input[field];
    if (value === undefined) return null;
    const result = read(value);
    if (!('problem' in result)) return result;
    this.problems.push(`${field}: ${result.problem}`);
    return null;
  }

  private timing(field: string): CheckedTiming {
    const value = this.input[field] ?? {};
    if (!isRecord(value)) this.problems.push(`${field}: must be an object, not ${kindOf(value)}`);
    const given = isRecord(value) ? this.given(value, TIMING_FIELDS, `${field}.`) : {};
    const checked = Object.entries(TIMING).map(([name, { min, whenAbsent }]) => [
      `${name}Ms`,
      this.duration(given[name], `${field}.${name}`, { min, max: HOUR_MS }) ?? whenAbsent,
    ]);
    return Object.fromEntries(checked) as CheckedTiming;
  }

  /** @param fields the fields that a NIC of the list may have */
  nics(fields: ReadonlySet<string>): NicTarget[] | 'all' {
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
    return value.slice(0, MAX_NICS).flatMap((nic, index) => this.nic(nic, `nics[${index}]`, fields, seen));
  }

  private nic(value: unknown, path: string, fields: ReadonlySet<string>, seen: Set<string>): NicTarget[] {
    if (!isRecord(value)) {
      this.problems.push(`${path}: must be an object {"id"}, not ${shown(value)}`);
      return [];
    }
    const { id, ip, mac } = this.given(value, fields, `${path}.`);
    if (!isUuid(id)) {
      this.problems.push(
        id === undefined
          ? `${path}.id: missing`
          : `${path}.id: ${shown(id)} is not a lower-case UUID (8-4-4-4-12 hex digits)`,
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

  private duration(value: unknown, field: string, rule: DurationRule): number | null {
    if (value === undefined) return null;
    const ms = readDuration(value, rule);
    if (typeof ms === 'number') return ms;
    this.problems.push(`${field}: ${ms.problem}`);
    return null;
  }
}
