/** From flags to the input of a deletion, and back to a command line. No IO. */
import type { DeleteServerNicsInput, Duration, KeepOrRestore } from '../../contract';
import { checkDeleteInput } from '../../contract';
import type { FlagNames } from './flags';
import { COMMON_FLAGS, inFlags, parseTiming } from './flags';
import { shellQuote } from '../format';

export interface DeleteFlags {
  nic?: string[];
  all?: boolean;
  dryRun?: boolean;
  keepPort?: boolean;
  undoWindow?: string;
  onFailure?: string;
  onCancel?: string;
  allowElasticIp?: boolean;
  deadline?: string;
  timing?: string;
  requestedBy?: string;
  reason?: string;
  wait: boolean;
  yes?: boolean;
  json?: boolean;
}

/** What the checks call a field, and what the operator typed. */
const FLAG_OF: FlagNames = [
  ...COMMON_FLAGS,
  [/^keepPort\b/, '--keep-port'],
  [/^undoWindow\b/, '--undo-window'],
  [/^onFailure\b/, '--on-failure'],
  [/^onCancel\b/, '--on-cancel'],
  [/^deadline\b/, '--deadline'],
  [/^requestedBy\b/, '--requested-by'],
];

/** The input, and every problem of the command line and of the input together. */
export function requestFrom(
  serverId: string | undefined,
  flags: DeleteFlags,
): { input: DeleteServerNicsInput; problems: string[] } {
  const problems: string[] = [];
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
  const timing = parseTiming(flags.timing, problems);
  const input: DeleteServerNicsInput = {
    serverId: serverId ?? '',
    nics: flags.all === true ? 'all' : (flags.nic ?? []).map((id) => ({ id })),
    ...(flags.dryRun === true ? { dryRun: true } : {}),
    ...(flags.keepPort === true ? { keepPort: true } : {}),
    ...(flags.undoWindow === undefined ? {} : { undoWindow: flags.undoWindow }),
    // Not narrowed here: the check names what is wrong together with everything else.
    ...(flags.onFailure === undefined ? {} : { onFailure: flags.onFailure as KeepOrRestore }),
    ...(flags.onCancel === undefined ? {} : { onCancel: flags.onCancel as KeepOrRestore }),
    ...(flags.allowElasticIp === true ? { allowElasticIp: true } : {}),
    ...(flags.deadline === undefined ? {} : { deadline: flags.deadline }),
    ...(flags.requestedBy === undefined ? {} : { requestedBy: flags.requestedBy }),
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    ...(timing === undefined ? {} : { timing }),
  };
  for (const problem of checkDeleteInput(input).problems) {
    // Said above, in the words of the command line.
    if (serverId === undefined && problem.startsWith('serverId:')) continue;
    if (flags.nic === undefined && problem.startsWith('nics:')) continue;
    problems.push(inFlags(problem, FLAG_OF));
  }
  return { input, problems };
}

/** A number counts ms; on a command line it is a text, and needs its unit. */
function withUnit(duration: Duration): string {
  return typeof duration === 'number' ? `${duration}ms` : duration;
}

/** The command that asks for this, to be pasted into a shell. */
export function deleteCommand(input: DeleteServerNicsInput): string {
  const words = ['ecs-nics', 'delete', input.serverId];
  // First: who copies half of a long command must not lose it.
  if (input.dryRun === true) words.push('--dry-run');
  if (input.nics === 'all') words.push('--all');
  else for (const { id } of input.nics) words.push('--nic', id);
  if (input.keepPort === true) words.push('--keep-port');
  if (input.undoWindow !== undefined) words.push('--undo-window', withUnit(input.undoWindow));
  if (input.onFailure !== undefined) words.push('--on-failure', input.onFailure);
  if (input.onCancel !== undefined) words.push('--on-cancel', input.onCancel);
  if (input.allowElasticIp === true) words.push('--allow-elastic-ip');
  if (input.deadline !== undefined) words.push('--deadline', withUnit(input.deadline));
  if (input.timing !== undefined) words.push('--timing', JSON.stringify(input.timing));
  if (input.requestedBy !== undefined) words.push('--requested-by', input.requestedBy);
  if (input.reason !== undefined) words.push('--reason', input.reason);
  return words.map(shellQuote).join(' ');
}
