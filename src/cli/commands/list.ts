/** `ecs-nics list`: the runs on servers. Open runs come first. */
import { searchRuns } from '../../client/runs';
import type { ListFlags } from '../ask/list-filter';
import { listFilter } from '../ask/list-filter';
import { CliError } from '../cli-error';
import { environmentProblems, listed, pageOf, withTemporal } from '../context';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import type { Output } from '../output';
import type { CliCommand } from '../program';
import { listReport } from '../show/list-report';

export async function list(flags: ListFlags, output: Output): Promise<ExitCode> {
  const { filter, limit, problems } = listFilter(flags, Date.now());
  if (problems.length > 0)
    throw new CliError(EXIT.badInput, 'InvalidInput', listed([...problems, ...environmentProblems()]));
  return withTemporal(async (context) => {
    const found = await searchRuns(context.temporal, filter, limit);
    output.say(listReport(found, { ...flags, limit }, pageOf(output)));
    output.document({
      runs: found.runs.map(
        ({ serverId, serverName, requestedBy, reason, type, status, phase, outcome, ...run }) => ({
          ...context.run({ ...run, firstRunId: run.firstRunId ?? run.runId }),
          serverId,
          serverName,
          type,
          status,
          phase,
          outcome,
          requestedBy,
          reason,
          startedAt: run.startedAt.toISOString(),
          endedAt: run.endedAt?.toISOString() ?? null,
        }),
      ),
      more: found.more,
      ...(found.lookedAt === null ? {} : { lookedAt: found.lookedAt }),
    });
    return EXIT.done;
  });
}

export const command: CliCommand<ListFlags> = {
  description: 'Shows the runs on servers, open ones first, then closed ones, latest first. Times are UTC.',
  examples: ['list', "list --outcome not-deleted --since '24 hours'"],
  flags: (command) =>
    command
      .option('--open', 'only the open ones')
      .option('--server <id>', 'only those on this server')
      .option('--outcome <o>', 'only those that ended so, e.g. not-deleted, refused, planned')
      .option('--requested-by <who>', 'only those that this person or service asked for')
      .option('--since <time>', 'only those begun since, e.g. "2 hours", 2026-11-24')
      .option('--limit <n>', 'show at most this many', '20'),
  run: (_words, flags, output) => list(flags, output),
  help: `
Dry runs are left out, but for --outcome planned. A namespace keeps closed runs
only for some time.`,
};
