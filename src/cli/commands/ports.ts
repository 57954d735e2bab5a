/** `ecs-nics ports`: the ports that closed runs have kept. */
import { readKeptPorts } from '../../client/kept';
import { checkServerId, pageOf, withTemporal } from '../context';
import { EXAMPLE } from '../ask/flags';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import type { Output } from '../output';
import type { CliCommand } from '../program';
import { portsReport } from '../show/ports-report';

export interface PortsFlags {
  server?: string;
}

export async function listPorts({ server }: PortsFlags, output: Output): Promise<ExitCode> {
  const serverId = server === undefined ? null : checkServerId(server);
  return withTemporal(async (context) => {
    const kept = await readKeptPorts(context.temporal, serverId);
    output.say(portsReport(kept, serverId, pageOf(output)));
    output.document({
      ports: kept.ports.map(({ workflowId, runId, endedAt, ...port }) => ({
        ...port,
        ...context.run({ workflowId, runId, firstRunId: runId }),
        endedAt: endedAt?.toISOString() ?? null,
      })),
      more: kept.more,
      unread: kept.unread,
      held: kept.held.map(({ run, ports }) => ({ run, ports })),
      windows: kept.windows.map(({ ids, ...window }) => ({ ...window, ports: ids.length })),
    });
    return EXIT.done;
  });
}

export const command: CliCommand<PortsFlags> = {
  description:
    'Shows the ports that closed runs have kept, and that no later run has put back or deleted: with keepPort, ' +
    "by a cancelled undo window, by the NIC's own flag, or since they were in use or changed when they were to be deleted. " +
    'Also those that may be left over, since their run ended before the fate of the NIC was known.',
  examples: ['ports', `ports --server ${EXAMPLE.server} --json`],
  flags: (command) => command.option('--server <id>', 'only those of this server'),
  run: (_words, flags, output) => listPorts(flags, output),
  help: `
It reads what Temporal still knows of closed runs, 2,000 of them at most, and
asks no cloud: a port that somebody has deleted or attached by hand is shown,
one whose run is forgotten is not. Only a worker can show the rows of a
cancelled run. To delete kept ports: ecs-nics release`,
};
