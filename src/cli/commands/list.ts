/** `ecs-nics list`: the runs on servers. Open runs come first. */
import { InvalidArgumentError } from 'commander';
import type { CliCommand } from '../program';
import { pageOf, withTemporal } from '../context';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import { listReport } from '../show/list-report';
import type { Output } from '../output';
import { addDetails, readRuns } from '../../client/runs';

export interface ListFlags {
  limit: number;
  open?: boolean;
}

export async function list(flags: ListFlags, output: Output): Promise<ExitCode> {
  return withTemporal(async (context) => {
    const { runs, more } = await readRuns(context.temporal, flags.limit, flags.open === true);
    await addDetails(context.temporal, runs);
    output.say(listReport(runs, more, flags, pageOf(output)));
    output.document({
      runs: runs.map(
        ({ serverId, serverName, type, status, phase, outcome, startedAt, endedAt, ...run }) => ({
          ...context.run({ ...run, firstRunId: run.firstRunId ?? run.runId }),
          serverId,
          serverName,
          type,
          status,
          phase,
          outcome,
          startedAt: startedAt.toISOString(),
          endedAt: endedAt?.toISOString() ?? null,
        }),
      ),
      more,
    });
    return EXIT.done;
  });
}

export const command: CliCommand<ListFlags> = {
  description: 'Shows the runs on servers, open ones first, then closed ones, latest first. Times are UTC.',
  flags: (command) =>
    command
      .option('--open', 'only the open ones')
      .option('--limit <n>', 'show at most this many', limitOf, 20),
  run: (_words, flags, output) => list(flags, output),
};

const MAX_LIMIT = 1_000;

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new InvalidArgumentError(`Give a number from 1 to ${MAX_LIMIT}.`);
}
