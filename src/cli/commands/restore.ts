/** `ecs-nics restore` */
import type { RestoreServerNicsInput } from '../../contract';
import { serverWorkflowId } from '../../contract';
import type { Context } from '../context';
import { environmentProblems, listed, withTemporal } from '../context';
import { CliError } from '../cli-error';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import { declareByWhom, sortOut } from '../ask/flags';
import { restoreOptions } from '../ask/option-flags';
import type { CliCommand } from '../program';
import { EXAMPLE } from '../ask/flags';
import { launch } from './launch';
import { foldedFlags } from './nic-ids';
import type { Output } from '../output';
import type { RestoreFlags, RestoreRequest } from '../ask/restore-request';
import { restoreFrom } from '../ask/restore-request';
import { findSource, namedRun } from './restore-source';
import { readSaved } from './saved';
import { restoration } from '../../client/start';
import { restorationTexts } from '../show/start-texts';

/** @param words arguments of the command line beside the known flags */
export async function restoreNics(
  words: readonly string[],
  flags: RestoreFlags,
  output: Output,
): Promise<ExitCode> {
  const { serverId, unknown } = sortOut(words, 'restore');
  const { folded, unread } = await foldedFlags(flags);
  const request = restoreFrom(serverId, folded, await readSaved(flags.document), unread);
  const problems = [...unknown, ...request.problems];
  if (problems.length > 0) {
    const message = listed([...problems, ...environmentProblems()]);
    throw new CliError(EXIT.badInput, 'InvalidInput', `nothing was started: ${message}`);
  }
  return withTemporal((context) => restore(context, request, flags, output), { interruptible: true });
}

async function restore(
  context: Context,
  request: RestoreRequest,
  flags: RestoreFlags,
  output: Output,
): Promise<ExitCode> {
  const { from, ...rest } = request.input;
  const sought = sourceOf(context, request, output);
  const found = await Promise.race([sought, context.interrupted]);
  if (!found) {
    sought.catch(() => {});
    throw new CliError(EXIT.interrupted, 'Interrupted', 'interrupted; nothing was started.');
  }
  const { runId, lines } = found;
  const workflowId = serverWorkflowId(rest.serverId);
  const input: RestoreServerNicsInput = {
    ...rest,
    from: runId === null && from !== null ? from : { workflowId, runId: runId ?? '' },
  };
  const source = runId === null ? request.source : ['--run-id', runId];
  return launch(
    context,
    {
      request: restoration(input, restorationTexts(input)),
      asked: { kind: 'restore', input, source },
      what: input.dryRun === true ? 'dry run of a restore' : 'restore',
      about: lines,
      wait: flags.wait,
    },
    output,
  );
}

/** `runId: null`: the source is a saved document. */
async function sourceOf(
  context: Context,
  { input: { serverId, from, nics, dryRun } }: RestoreRequest,
  output: Output,
): Promise<{ runId: string | null; lines: string[] }> {
  if (from !== null && 'document' in from) return { runId: null, lines: [] };
  if (from !== null) return { runId: await namedRun(context, serverId, from.runId), lines: [] };
  const wanted = nics === 'all' ? null : nics.map(({ id }) => id);
  return findSource(context, serverId, wanted, dryRun === true, output);
}

export const command: CliCommand<RestoreFlags> = {
  description:
    'Puts back NICs that an earlier run has taken off a server: the same port where it was kept, else a new one ' +
    'with the old IP address. Without --run-id or --document it uses the last closed run that took NICs off.',
  examples: [`restore ${EXAMPLE.server} ${EXAMPLE.byWhom}`],
  usage: '<server-id> --by <who> --reason <text> [options]',
  flags: (command) => {
    command.option(
      '--nic <port-id...>',
      'a NIC of that run, by its old port id; may be repeated (default: all)',
    );
    command.option('--run-id <id>', 'the run that took them off');
    command.option(
      '--document <file>',
      'its saved result instead: what --json has printed ("-": standard input)',
    );
    restoreOptions.declare(command);
    declareByWhom(command, 'shown with the run');
    command.option('--no-wait', 'start only');
  },
  takesAll: true,
  run: restoreNics,
  help: `
Exit codes:
    0  put back; nothing to do; dry run; --no-wait
    1  the starter failed: Temporal not reachable, no worker; says what is known
    2  bad command line, environment or input, or no run to put back from
    4  refused before anything changed, or another run is open on the server
    6  needs a person: not all could be put back, or the outcome is not known
    7  cancelled; what was not put back stays off
  130  interrupted while waiting; the run goes on`,
};
