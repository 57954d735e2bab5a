/** `ecs-nics list`: the runs on servers, open ones first. */
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
          ...context.run(run),
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
