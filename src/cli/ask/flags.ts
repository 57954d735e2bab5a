/** What the flags of several commands share. No IO. */
import type { Command } from 'commander';
import type { ByWhom, Timing } from '../../contract';
import { checkByWhom } from '../../contract';
import { TO_FILL_IN } from '../../contract/placeholders';
import { quoted } from '../../contract/text';
import { foldedId } from '../ids';

/** Separates the one argument of a command about a server from words that are no valid argument. */
export function sortOut(
  words: readonly string[],
  command: 'delete' | 'restore' | 'release' | 'undo' | 'commit',
): { serverId: string | undefined; unknown: string[] } {
  const hint = command === 'undo' || command === 'commit' ? '' : '; every NIC follows --nic';
  const { argument, unknown } = oneArgument(words, command, hint);
  return { serverId: argument === undefined ? undefined : foldedId(argument), unknown };
}

/** The same for a command about anything. A single dash is an argument: standard input. */
export function oneArgument(
  words: readonly string[],
  command: string,
  hint = '',
): { argument: string | undefined; unknown: string[] } {
  const isFlag = (word: string) => word.startsWith('-') && word !== '-';
  const [argument, ...excess] = words.filter((word) => !isFlag(word));
  const flags = words.filter(isFlag);
  return {
    argument,
    unknown: [
      ...flags.map((flag) => `${quoted(flag)}: unknown option; see ecs-nics ${command} --help`),
      ...excess.map((word) => `${quoted(word)}: one argument too many${hint}`),
    ],
  };
}

/** What the examples of help texts are made of. */
export const EXAMPLE = {
  server: '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11',
  nic: '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01',
  run: 'purge-7',
  byWhom: '--by ops --reason TICKET-7',
} as const;

/** Pairs: how the checks name a field, and the flag that the operator typed. */
export type FlagNames = readonly (readonly [RegExp, string])[];

export const COMMON_FLAGS: FlagNames = [
  [/^serverId\b/, '<server-id>'],
  [/^nics(\[\d+\](\.id)?)?(?=:)/, '--nic'],
];

/** Rewrites a problem of the input in the terms of the command line. */
export function inFlags(problem: string, names: FlagNames): string {
  for (const [pattern, flag] of names) {
    if (pattern.test(problem)) return problem.replace(pattern, flag);
  }
  return problem;
}

export function parseTiming(text: string | undefined, problems: string[]): Timing | undefined {
  if (text === undefined) return undefined;
  try {
    return (JSON.parse(text) as Timing | null) ?? undefined;
  } catch {
    problems.push(`--timing: not JSON; give an object such as '{"pollInterval":"5s"}'`);
    return undefined;
  }
}

export interface ByWhomFlags {
  by?: string;
  reason?: string;
}

const BY_WHOM_FLAGS: FlagNames = [
  [/^by\b/, '--by'],
  [/^reason\b/, '--reason'],
];

/** @param kept where people can read the two values later */
export function declareByWhom(command: Command, kept: 'kept with the run' | 'shown with the run'): void {
  command
    .option('--by <who>', `who asks for it; ${kept}`)
    .option('--reason <text>', `why, e.g. a ticket; ${kept}`);
}

/** The flags as next steps show them: the operator fills them in after copying the command. */
export const BY_WHOM_WORDS = ['--by', TO_FILL_IN.who, '--reason', TO_FILL_IN.why];

/** Reads who asks and why. Both are required. */
export function byWhomFrom(flags: ByWhomFlags): { who: ByWhom; problems: string[] } {
  const { who, problems } = checkByWhom({ by: flags.by, reason: flags.reason });
  return {
    who: who ?? { by: '', reason: '' },
    problems: problems.map((problem) => {
      const text = inFlags(problem, BY_WHOM_FLAGS);
      return text === '--by: missing'
        ? '--by: missing; who asks for it?'
        : text === '--reason: missing'
          ? '--reason: missing; why, e.g. a ticket?'
          : text;
    }),
  };
}
