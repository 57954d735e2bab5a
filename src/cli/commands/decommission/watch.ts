/** `ecs-nics decommission watch`: one screen of a run, to its end; of a closed run its end. */
import { findDecommission } from '../../../client/decommission/read';
import type { Context } from '../../context';
import { withTemporal } from '../../context';
import type { ExitCode } from '../../exit-codes';
import type { Output } from '../../output';
import type { CliCommand } from '../../program';
import { runLines } from '../../show/lines';
import { runFrom, showStatus } from './context';
import { exitCodeOfFleet, followFleet } from './follow';

export async function watch(words: readonly string[], output: Output): Promise<ExitCode> {
  const name = runFrom(words, 'watch');
  return withTemporal((context) => follow(context, name, output), { interruptible: true });
}

async function follow(context: Context, name: string, output: Output): Promise<ExitCode> {
  const run = await findDecommission(context.temporal, name);
  if (run.open) output.note([`following run ${name}`, ...runLines(context.run(run))]);
  const awaited = { ...run, startedAt: run.startedAt.getTime(), startedByUsAt: null };
  const status = await followFleet(context, awaited, output, ({ phase }) => phase === 'stopped');
  showStatus(status, context.run(awaited), output, { isAbove: run.open && awaited.runId === run.runId });
  return exitCodeOfFleet(status);
}

export const command: CliCommand<unknown> = {
  description:
    'Follows a run to its end, whoever started it, through pauses and its undo window; ends when too many servers ' +
    'have failed. On a terminal one screen that is redrawn; in a pipe a line per change.',
  examples: ['decommission watch purge-7'],
  takesAll: true,
  run: (words, _flags, output) => watch(words, output),
  help: `
Exit codes:
    0  done: every server of the plan is where it was wanted
    1  the starter failed; says what is known about the run
    3  ended with failures, or stopped by --max-errors
    6  ended from outside
    7  aborted
  130  interrupted; the run goes on`,
};
