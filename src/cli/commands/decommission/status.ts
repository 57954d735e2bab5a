/** `ecs-nics decommission status` */
import {
  findDecommission,
  readDecommission,
  readDecommissionEnding,
} from '../../../client/decommission/read';
import type { KnownRun } from '../../../client/find';
import type { DecommissionStatus } from '../../../contract';
import type { Context } from '../../context';
import { withTemporal } from '../../context';
import type { ExitCode } from '../../exit-codes';
import { EXIT } from '../../exit-codes';
import type { Output } from '../../output';
import type { CliCommand } from '../../program';
import { runFrom, showStatus, unanswered } from './context';
import { documentOf } from './follow';

/** The status of a run, open or closed. Throws {@link CliError} when it has none, or nobody answers. */
export async function statusOf(context: Context, run: KnownRun, output: Output): Promise<DecommissionStatus> {
  const answer = await readDecommission(context.temporal, run);
  if (!('why' in answer)) return answer.document;
  if (!run.open) return documentOf(context, run, await readDecommissionEnding(context.temporal, run));
  throw await unanswered(context, run, `The run is open (${answer.why}).`, output);
}

export const command: CliCommand<unknown> = {
  description: 'Shows how far a run is, and what can be done now. Exit code 0 when it could be shown.',
  examples: ['decommission status purge-7'],
  takesAll: true,
  run: (words, _flags, output): Promise<ExitCode> => {
    const name = runFrom(words, 'status');
    return withTemporal(async (context) => {
      const run = await findDecommission(context.temporal, name);
      const status = run.open
        ? await statusOf(context, run, output)
        : documentOf(context, run, await readDecommissionEnding(context.temporal, run));
      showStatus(status, context.run(run), output, { but: 'status' });
      return EXIT.done;
    });
  },
};
