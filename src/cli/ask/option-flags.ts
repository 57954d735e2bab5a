/** Turns the flags of options into the fields of a request, and back. */
import type { Command } from 'commander';
import type { Duration, InputOf, Option, Options } from '../../contract';
import { DECOMMISSION_OPTIONS, DELETE_OPTIONS, RELEASE_OPTIONS, RESTORE_OPTIONS } from '../../contract';
import type { OptionTexts, TextsOf } from '../option-texts';
import { DECOMMISSION_TEXTS, DELETE_TEXTS, RELEASE_TEXTS, RESTORE_TEXTS } from '../option-texts';
import { isRecord } from '../../contract/values';
import { unclearUnit } from './durations';
import type { FlagNames } from './flags';
import { parseTiming } from './flags';

/** Values of flags as commander returns them. */
export type FlagValues<T extends Options> = {
  -readonly [F in keyof T]?: T[F]['kind'] extends 'flag' ? boolean : string;
};

/** The options of one request on a command line. */
class OptionFlags<T extends Options> {
  constructor(
    private readonly options: T,
    private readonly texts: TextsOf<T>,
  ) {}

  declare(command: Command): void {
    for (const [, flag, { help }] of this.flags()) command.option(flag, help);
  }

  /** Pairs: how the checks name a field, and the flag that the operator typed. */
  names(): FlagNames {
    return this.flags().map(([field, flag]) => [new RegExp(`^${field}\\b`), nameOf(flag)] as const);
  }

  /**
   * Returns the given fields without validating them: the check of the input reports all problems together. A list of
   * texts comes from a file, which the command reads.
   */
  fields(values: FlagValues<T>, problems: string[]): InputOf<T> {
    const given = Object.entries<Option>(this.options).map(([field, { kind }]) => {
      const value: unknown = this.texts[field]?.flag === undefined ? undefined : values[field];
      const read = fieldOf(kind, value as string | true | undefined, problems);
      problems.push(...unclearIn(kind, nameOf(this.texts[field]?.flag ?? ''), read));
      return [field, read];
    });
    return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as InputOf<T>;
  }

  /** The words of a command that makes the same request, without `--dry-run`. */
  words(input: InputOf<T>): string[] {
    return this.flags().flatMap(([field, flag]) => {
      const value = input[field];
      if (field === 'dryRun' || value === undefined || value === false) return [];
      return value === true ? [nameOf(flag)] : [nameOf(flag), wordOf(value)];
    });
  }

  /** What the question before a start says about the given options. */
  says(what: 'permits' | 'promises', input: InputOf<T>): string[] {
    const value = what === 'permits' ? true : 'restore';
    return Object.entries<OptionTexts>(this.texts).flatMap(([field, { [what]: text }]) =>
      text !== undefined && input[field] === value ? [text] : [],
    );
  }

  private flags(): [field: keyof T & string, flag: string, OptionTexts][] {
    return Object.entries<OptionTexts>(this.texts).flatMap(([field, texts]) =>
      texts.flag === undefined ? [] : [[field, texts.flag, texts]],
    );
  }
}

export const deleteOptions = new OptionFlags(DELETE_OPTIONS, DELETE_TEXTS);
export const restoreOptions = new OptionFlags(RESTORE_OPTIONS, RESTORE_TEXTS);
export const releaseOptions = new OptionFlags(RELEASE_OPTIONS, RELEASE_TEXTS);
export const decommissionOptions = new OptionFlags(DECOMMISSION_OPTIONS, DECOMMISSION_TEXTS);

function fieldOf(kind: Option['kind'], value: string | true | undefined, problems: string[]): unknown {
  switch (kind) {
    case 'flag':
      return value === true ? true : undefined;
    case 'texts':
      return undefined;
    case 'timing':
      return parseTiming(value as string | undefined, problems);
    case 'count':
      // Anything else is left to the check, which shows it.
      return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
    case 'policy':
    case 'duration':
    case 'text':
    case 'words':
    case 'choice':
    case 'share':
    case 'waves':
      return value;
  }
}

/** What the check of the input would take for minutes. */
function unclearIn(kind: Option['kind'], flag: string, value: unknown): string[] {
  if (kind !== 'duration' && kind !== 'timing') return [];
  const named =
    kind === 'timing' && isRecord(value)
      ? Object.entries(value).map(([name, each]) => [`${flag}: ${name}`, each] as const)
      : [[flag, value] as const];
  return named.flatMap(([name, each]) => {
    const problem = unclearUnit(each);
    return problem === null ? [] : [`${name}: ${problem}`];
  });
}

function nameOf(flag: string): string {
  return flag.replace(/ .*/, '');
}

/** A number is in ms. On a command line it is a text, so it needs its unit. */
function wordOf(value: Duration | object): string {
  if (typeof value === 'object') return JSON.stringify(value);
  return typeof value === 'number' ? `${value}ms` : value;
}
