/** From flags to the input of a deletion, and back to a command line. No IO. */
import type { DELETE_OPTIONS, DeleteServerNicsInput } from '../../contract';
import { checkDeleteInput } from '../../contract';
import { shellQuote } from '../format';
import { COMMON_FLAGS, inFlags } from './flags';
import type { FlagValues } from './option-flags';
import { deleteOptions } from './option-flags';

export interface DeleteFlags extends FlagValues<typeof DELETE_OPTIONS> {
  nic?: string[];
  all?: boolean;
  wait: boolean;
  yes?: boolean;
  json?: boolean;
}

const FLAG_OF = [...COMMON_FLAGS, ...deleteOptions.names()];

/**
 * Returns the input, and every problem of the command line and of the input together.
 * @param unread why NICs of the command line could not be read
 */
export function requestFrom(
  serverId: string | undefined,
  flags: DeleteFlags,
  unread: readonly string[] = [],
): { input: DeleteServerNicsInput; problems: string[] } {
  const problems: string[] = [...unread];
  if (serverId === undefined) {
    problems.push(
      flags.nic === undefined
        ? '<server-id>: missing'
        : '<server-id>: missing; ids after --nic are NICs, so put the server id first',
    );
  }
  if (flags.nic !== undefined && flags.all === true)
    problems.push('--nic and --all: give one of them, not both');
  if (flags.nic === undefined && flags.all !== true) {
    problems.push('which NICs? name them with --nic <port-id>, or take every one but the primary with --all');
  }
  const input: DeleteServerNicsInput = {
    serverId: serverId ?? '',
    nics: flags.all === true ? 'all' : (flags.nic ?? []).map((id) => ({ id })),
    ...deleteOptions.fields(flags, problems),
  };
  for (const problem of checkDeleteInput(input).problems) {
    // Already reported above, in the terms of the command line.
    if (serverId === undefined && problem.startsWith('serverId:')) continue;
    if ((flags.nic === undefined || unread.length > 0) && problem.startsWith('nics:')) continue;
    problems.push(inFlags(problem, FLAG_OF));
  }
  return { input, problems };
}

/** The command that makes this request, ready to paste into a shell. */
export function deleteCommand(input: DeleteServerNicsInput): string {
  const { serverId, nics, dryRun } = input;
  const named = nics === 'all' ? ['--all'] : nics.flatMap(({ id }) => ['--nic', id]);
  // `--dry-run` comes first: if an operator copies only the beginning of a long command, the flag must not be lost.
  const first = dryRun === true ? ['--dry-run'] : [];
  const words = ['ecs-nics', 'delete', serverId, ...first, ...named, ...deleteOptions.words(input)];
  return words.map(shellQuote).join(' ');
}
