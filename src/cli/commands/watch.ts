/** `ecs-nics watch`: follows the open run on a server to its end, undo window included; shows a closed run's end. */
import { askedOf } from '../show/asked';
import type { CliCommand } from '../program';
import { EXAMPLE } from '../ask/flags';
import { checkServerId, withTemporal } from '../context';
import type { ExitCode } from '../exit-codes';
import { findRun } from '../../client/find';
import type { Output } from '../output';
import { runLines } from '../show/lines';
import { waitForEnd } from './wait';

export async function watch(typed: string, output: Output): Promise<ExitCode> {
  const serverId = checkServerId(typed);
  return withTemporal(
    async (context) => {
      const run = await findRun(context.temporal, serverId);
      if (run.open) output.note(['following the open run', ...runLines(context.run(run))]);
      return waitForEnd(
        context,
        {
          ...run,
          serverId,
          startedAt: run.startedAt.getTime(),
          startedByUsAt: null,
          announced: run.open,
          asked: askedOf(run.description.type),
        },
        output,
      );
    },
    { interruptible: true },
  );
}

export const command: CliCommand<unknown> = {
  description:
    'Follows the open run on a server to its end, whoever started it; of a closed one it shows the end. ' +
    'Exit codes as those of delete.',
  examples: [`watch ${EXAMPLE.server}`],
  run: ([serverId = ''], _flags, output) => watch(serverId, output),
};
