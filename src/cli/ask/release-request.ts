/** Turns flags into the input of a release, and back into a command line. No IO. */
import type { RELEASE_OPTIONS, ReleasePortsInput, RestoreSource } from '../../contract';
import { checkReleaseInput } from '../../contract';
import { shellQuote } from '../format';
import type { EarlierFlags, EarlierRequest, Saved } from './earlier-request';
import { earlierFrom } from './earlier-request';
import { BY_WHOM_WORDS } from './flags';
import type { FlagValues } from './option-flags';
import { releaseOptions } from './option-flags';

export type ReleaseFlags = FlagValues<typeof RELEASE_OPTIONS> & EarlierFlags & { yes?: boolean };

export interface ReleaseRequest extends EarlierRequest {
  /** `from: null`: the source has yet to be found. */
  input: Omit<ReleasePortsInput, 'from' | 'nics'> & { from: RestoreSource | null; nics: { id: string }[] };
}

/**
 * Returns the input, and every problem of the command line and of the input together.
 * @param unread why NICs of the command line could not be read
 */
export function releaseFrom(
  serverId: string | undefined,
  flags: ReleaseFlags,
  saved: Saved,
  unread: readonly string[] = [],
): ReleaseRequest {
  const kind = { options: releaseOptions, check: checkReleaseInput, unread };
  const { input, problems, source } = earlierFrom(serverId, flags, saved, kind);
  // What is gone for good is named one by one.
  if (flags.nic === undefined)
    problems.push('which ports? name them with --nic <port-id>; ecs-nics ports lists them');
  return { input: { ...input, nics: input.nics === 'all' ? [] : input.nics }, problems, source };
}

export interface ReleaseCommand {
  serverId: string;
  nics: readonly string[];
  /** Words that name the source. None: the last run that has kept the ports. */
  source?: readonly string[];
  dryRun?: boolean;
  input?: ReleasePortsInput | null;
}

/** The command that makes this request, ready to paste into a shell. */
export function releaseCommand({ serverId, nics, source = [], dryRun, input }: ReleaseCommand): string {
  const words = ['ecs-nics', 'release', serverId];
  // `--dry-run` comes first: if an operator copies only the beginning of a long command, the flag must not be lost.
  if (dryRun === true) words.push('--dry-run');
  for (const id of nics) words.push('--nic', id);
  words.push(...source);
  if (input) words.push(...releaseOptions.words(input));
  if (input?.requestedBy && input.reason) words.push('--by', input.requestedBy, '--reason', input.reason);
  else words.push(...BY_WHOM_WORDS);
  return words.map(shellQuote).join(' ');
}
