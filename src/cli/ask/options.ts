/** The options of a request on the command line: a flag each, its help, and what the question before a start says of it. */
import type { Command } from 'commander';
import type { Duration, InputOf, Option, Options } from '../../contract';
import { DELETE_OPTIONS, RESTORE_OPTIONS } from '../../contract';
import type { FlagNames } from './flags';
import { parseTiming } from './flags';

interface Flag {
  /** As commander takes it; its name in camel case is the field. */
  flag: string;
  help: string;
  /** What the question says when it is set: something may happen that else is refused. */
  permits?: string;
  /** What the question says when it is `restore`. */
  promises?: string;
}
/** Of every option; `null`: no flag of its own. In the order of the help, and of the commands that we show. */
type FlagsOf<T extends Options> = Record<keyof T, Flag | null>;

const timing: Flag = { flag: '--timing <json>', help: `pace of the run, e.g. '{"pollInterval":"5s"}'` };

const DELETE_FLAGS: FlagsOf<typeof DELETE_OPTIONS> = {
  // Only other services start runs beside workers of several projects.
  projectId: null,
  dryRun: { flag: '--dry-run', help: 'inspect and check, show the plan, change nothing' },
  keepPort: { flag: '--keep-port', help: 'detach only; the port stays with its IP address' },
  undoWindow: {
    flag: '--undo-window <duration>',
    help: 'keep the ports that long for an exact undo, e.g. "24 hours"',
  },
  onFailure: {
    flag: '--on-failure <keep|restore>',
    help: 'when some NIC does not go: keep what is gone, or restore all',
    promises: 'If some NIC does not go, all are put back.',
  },
  onCancel: {
    flag: '--on-cancel <keep|restore>',
    help: 'the same for a cancelled run',
    promises: 'If the run is cancelled, all are put back.',
  },
  allowElasticIp: {
    flag: '--allow-elastic-ip',
    help: 'a NIC that carries an elastic IP may go, too',
    permits: 'NICs that carry an elastic IP may go, too.',
  },
  deadline: {
    flag: '--deadline <duration>',
    help: 'for the deletion, at most 20 hours (default: 20 minutes)',
  },
  timing,
  requestedBy: { flag: '--requested-by <who>', help: 'who wants it; shown with the run' },
  reason: { flag: '--reason <text>', help: 'why, e.g. a ticket; shown with the run' },
};

const RESTORE_FLAGS: FlagsOf<typeof RESTORE_OPTIONS> = {
  projectId: null,
  allowNewIp: {
    flag: '--allow-new-ip',
    help: 'a NIC whose IP address is taken meanwhile may get another one',
  },
  dryRun: { flag: '--dry-run', help: 'show how well each NIC could be put back, change nothing' },
  timing,
  // Required, as of undo and commit: see flags.ts.
  requestedBy: null,
  reason: null,
};

/** Values of flags as commander hands them over. */
export type FlagValues<T extends Options> = {
  -readonly [F in keyof T]?: T[F]['kind'] extends 'flag' ? boolean : string;
};

/** The options of one request, as a command line knows them. */
class OptionFlags<T extends Options> {
  constructor(
    private readonly options: T,
    private readonly flags: FlagsOf<T>,
  ) {}

  declare(command: Command): Command {
    for (const [, { flag, help }] of this.entries()) command.option(flag, help);
    return command;
  }

  /** What the checks call a field, and what the operator typed. */
  names(): FlagNames {
    return this.entries().map(([field, { flag }]) => [new RegExp(`^${field}\\b`), nameOf(flag)] as const);
  }

  /** The fields that were given. Nothing is narrowed here: the check names what is wrong together with everything else. */
  fields(values: FlagValues<T>, problems: string[]): InputOf<T> {
    const given = Object.entries<Option>(this.options).map(([field, { kind }]) => {
      const value: unknown = this.flags[field] === null ? undefined : values[field];
      if (kind === 'flag') return [field, value === true ? true : undefined];
      return [field, kind === 'timing' ? parseTiming(value as string | undefined, problems) : value];
    });
    return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as InputOf<T>;
  }

  /** The words of a command that asks for the same, but for `--dry-run`. */
  words(input: InputOf<T>): string[] {
    return this.entries().flatMap(([field, { flag }]) => {
      const value = input[field];
      if (field === 'dryRun' || value === undefined || value === false) return [];
      return value === true ? [nameOf(flag)] : [nameOf(flag), wordOf(value)];
    });
  }

  /** What the question before a start says of what is given. */
  says(what: 'permits' | 'promises', input: InputOf<T>): string[] {
    const value = what === 'permits' ? true : 'restore';
    return this.entries().flatMap(([field, { [what]: text }]) =>
      text !== undefined && input[field] === value ? [text] : [],
    );
  }

  private entries(): [keyof T & string, Flag][] {
    return Object.entries<Flag | null>(this.flags).filter(
      (entry): entry is [string, Flag] => entry[1] !== null,
    );
  }
}

export const deleteOptions = new OptionFlags(DELETE_OPTIONS, DELETE_FLAGS);
export const restoreOptions = new OptionFlags(RESTORE_OPTIONS, RESTORE_FLAGS);

function nameOf(flag: string): string {
  return flag.replace(/ .*/, '');
}

/** A number counts ms; on a command line it is a text, and needs its unit. */
function wordOf(value: Duration | object): string {
  if (typeof value === 'object') return JSON.stringify(value);
  return typeof value === 'number' ? `${value}ms` : value;
}
