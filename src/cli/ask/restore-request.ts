/** Turns flags into the input of a restore, and back into a command line. No IO. */
import type { RESTORE_OPTIONS, RestoreServerNicsInput, RestoreSource } from '../../contract';
import { checkRestoreInput } from '../../contract';
import { shellQuote } from '../format';
import type { EarlierFlags, EarlierRequest, Saved } from './earlier-request';
import { earlierFrom } from './earlier-request';
import { BY_WHOM_WORDS } from './flags';
import type { FlagValues } from './option-flags';
import { restoreOptions } from './option-flags';

export type RestoreFlags = FlagValues<typeof RESTORE_OPTIONS> & EarlierFlags;

export interface RestoreRequest extends EarlierRequest {
  /** `from: null`: the source has yet to be found. */
  input: Omit<RestoreServerNicsInput, 'from'> & { from: RestoreSource | null };
}

/**
 * Returns the input, and every problem of the command line and of the input together.
 * @param unread why NICs of the command line could not be read
 */
export function restoreFrom(
  serverId: string | undefined,
  flags: RestoreFlags,
  saved: Saved,
  unread: readonly string[] = [],
): RestoreRequest {
  return earlierFrom(serverId, flags, saved, { options: restoreOptions, check: checkRestoreInput, unread });
}

export interface RestoreCommand {
  serverId: string;
  nics?: readonly string[];
  /** Words that name the source. None: the last run that took NICs off. */
  source?: readonly string[];
  dryRun?: boolean;
  input?: RestoreServerNicsInput | null;
}

/**
 * The command that makes this request, ready to paste into a shell. The flags for who asks and why are kept if they are
 * known; otherwise the operator fills them in.
 */
export function restoreCommand({ serverId, nics, source = [], dryRun, input }: RestoreCommand): string {
  const named = nics ?? (input && input.nics !== 'all' ? input.nics.map(({ id }) => id) : []);
  const words = ['ecs-nics', 'restore', serverId];
  // `--dry-run` comes first: if an operator copies only the beginning of a long command, the flag must not be lost.
  if (dryRun === true) words.push('--dry-run');
  for (const id of named) words.push('--nic', id);
  words.push(...source);
  if (input) words.push(...restoreOptions.words(input));
  if (input?.requestedBy && input.reason) words.push('--by', input.requestedBy, '--reason', input.reason);
  else words.push(...BY_WHOM_WORDS);
  return words.map(shellQuote).join(' ');
}
