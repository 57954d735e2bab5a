/** `ecs-nics delete` */
import type { DeleteServerNicsInput } from '../../contract';
import { deleteOptions } from '../ask/option-flags';
import type { CliCommand } from '../program';
import { EXAMPLE } from '../ask/flags';
import type { Asked } from '../show/asked';
import { canAsk, confirm } from './confirm';
import type { Context } from '../context';
import { environmentProblems, listed, withTemporal } from '../context';
import { CliError } from '../cli-error';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import { sortOut } from '../ask/flags';
import type { FollowEnd } from '../../client/follow';
import { begin, launch } from './launch';
import type { RunRef } from '../link';
import type { Output } from '../output';
import type { DeleteFlags } from '../ask/delete-request';
import { requestFrom } from '../ask/delete-request';
import { nicIdsFrom } from './nic-ids';
import { deletion, findOpen } from '../../client/start';
import { deletionTexts } from '../show/start-texts';
import { beforeText } from '../show/beside';
import { besideOf, followRun, reportEnd, stoppedWaiting } from './wait';

/** @param words arguments of the command line beside the known flags */
export async function deleteNics(
  words: readonly string[],
  flags: DeleteFlags,
  output: Output,
): Promise<ExitCode> {
  const { serverId, unknown } = sortOut(words, 'delete');
  const unread: string[] = [];
  const nic = await nicIdsFrom(flags.nic, unread);
  const { input, problems } = requestFrom(serverId, { ...flags, nic }, unread);
  problems.unshift(...unknown);
  if (!canAsk(output) && flags.yes !== true && flags.dryRun !== true) {
    problems.push('--yes: required without a terminal, since nobody can be asked');
  }
  if (problems.length > 0) {
    // The operator has to correct the command line anyway, so problems of the environment are reported with it.
    const message = listed([...problems, ...environmentProblems()]);
    throw new CliError(EXIT.badInput, 'InvalidInput', `nothing was started: ${message}`);
  }
  const asked: Asked = { kind: 'delete', input };
  const request = deletion(input, deletionTexts(input));
  const what = request.isPlan ? 'dry run' : 'deletion';
  return withTemporal(
    async (context) => {
      if (flags.yes !== true && !request.isPlan) {
        const code = await askWithPlan(context, input, output);
        if (code !== null) return code;
      }
      return launch(context, { request, asked, what, about: [], wait: flags.wait }, output);
    },
    { interruptible: true },
  );
}

/** Asks the operator at a terminal, with the result of a dry run. Returns the exit code if the command ends here. */
async function askWithPlan(
  context: Context,
  input: DeleteServerNicsInput,
  output: Output,
): Promise<ExitCode | null> {
  // No question if the command attaches to an open run or cannot start one.
  if ((await findOpen(context.temporal, deletion(input, deletionTexts(input)))) !== null) return null;
  const planned = { ...input, dryRun: true };
  const asked: Asked = { kind: 'delete', input: planned };
  output.note('looking at the server first; nothing is changed');
  const { run } = await begin(context, deletion(planned, deletionTexts(planned)), asked, output);
  const end = await followRun(context, run, output, context.interrupted);
  const ref = context.run(run);
  if (end.kind === 'interrupted') throw new CliError(EXIT.interrupted, 'Interrupted', 'nothing was started.');
  if (end.kind !== 'closed') throw notPlanned(context, end, ref, output);
  const { ending } = end;
  if (ending.kind !== 'completed' || ending.document === null) {
    output.ask(['nothing was started.']);
    return reportEnd(ending, run, ref, false, output);
  }
  const before = beforeText((await besideOf(context, run, ending.document)).before);
  if (before !== null) output.warn([before]);
  const answer = await confirm(input, ending.document, output);
  if (answer === 'yes') return null;
  const code = answer === 'interrupted' ? EXIT.interrupted : EXIT.badInput;
  throw new CliError(code, 'NotConfirmed', 'nothing was started.');
}

function notPlanned(context: Context, end: FollowEnd, ref: RunRef, output: Output): CliError {
  if (end.kind !== 'silent' && end.kind !== 'lost')
    throw new Error('nothing short of the end is enough here');
  const serverId = end.document?.serverId ?? '';
  const stopped = stoppedWaiting(context, end, ref, false, serverId, output);
  return stopped.with({
    message: `nothing was started: the dry run has not ended. ${stopped.message}`,
  });
}

export const command: CliCommand<DeleteFlags> = {
  description:
    'Deletes NICs of one server, follows the deletion and says what became of every NIC. ' +
    'With an undo window it ends as soon as that is known, and says until when undo is possible.',
  examples: [
    `delete ${EXAMPLE.server} --all --dry-run`,
    `delete ${EXAMPLE.server} --nic ${EXAMPLE.nic} --undo-window '24 hours' --requested-by ops --reason TICKET-7`,
  ],
  usage: '<server-id> (--nic <port-id>... | --all) [options]',
  flags: (command) => {
    command.option('--nic <port-id...>', 'a NIC to delete, by its port id; may be repeated');
    command.option('--all', 'every NIC but the primary one');
    deleteOptions.declare(command);
    command.option('--no-wait', 'start only');
    command.option('--yes', "don't ask; required without a terminal");
  },
  takesAll: true,
  run: deleteNics,
  help: `
Exit codes:
    0  every NIC is where it was wanted, also with an undo window open;
       nothing to do; dry run; --no-wait
    1  the starter failed: Temporal not reachable, no worker; says what is known
    2  bad command line, environment or input; nothing was started
    3  finished, some NIC is still attached
    4  refused before anything changed, or another run is open on the server
    5  failed or cancelled, and put back
    6  needs a person: the outcome is not known
    7  cancelled; what was gone stays gone
  130  interrupted while waiting; the run goes on`,
};
