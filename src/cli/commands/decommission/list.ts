/** `ecs-nics decommission list`: the project's servers as a list that `start` takes. Changes nothing. */
import { WorkflowFailedError } from '@temporalio/client';
import type { FoundServer, ListServersInput } from '../../../contract';
import { checkListInput } from '../../../contract';
import { listServers } from '../../../client/list-servers';
import { CliError } from '../../cli-error';
import { withTemporal } from '../../context';
import type { ExitCode } from '../../exit-codes';
import { EXIT } from '../../exit-codes';
import { clean, plural } from '../../format';
import type { CliCommand } from '../../program';
import type { Output } from '../../output';
import { untilWorkersPoll } from '../await-workers';
import { badInput } from './context';
import { inFlags } from '../../ask/flags';

interface ListFlags {
  tag?: string[];
  name?: string;
  status?: string;
}

/** Servers left out that are named one by one. */
const MOST_NAMED = 20;

export const command: CliCommand<ListFlags> = {
  description:
    'Prints a line for each server of the project, with its NICs, their IPs and MACs, ready to be edited and handed to ' +
    '`decommission start`. The primary NIC is never on it. Reads only.',
  examples: ['decommission list --tag stage=test > servers.jsonl'],
  usage: '[options] > servers.jsonl',
  flags: (command) =>
    command
      .option('--tag <key=value...>', 'only servers with this tag; may be repeated: with all of them')
      .option('--name <pattern>', 'only servers of this name; * stands for any characters, ? for one')
      .option('--status <s>', "only servers in this state, the cloud's word, e.g. ACTIVE or SHUTOFF"),
  run: (_words, { tag, name, status }, output) => {
    const filter = {
      ...(tag === undefined ? {} : { tags: tag }),
      ...(name === undefined ? {} : { name }),
      ...(status === undefined ? {} : { status }),
    };
    const problems = checkListInput(filter).problems.map((problem) =>
      inFlags(problem, [[/^tags\b/, '--tag']]),
    );
    if (problems.length > 0) throw badInput('nothing was asked for', problems);
    return list(filter, output);
  },
  help: `
A server without further NICs is left out, and so is one of which the cloud
does not tell the primary NIC; both are told on standard error. What has changed
between this list and the plan of a run is left alone by it (Drifted).

Exit codes:
    0  the whole list was printed
    1  the starter failed, no worker polls, or the cloud can't be read: the
       list is not whole
    2  bad command line or environment
  130  interrupted: the list is not whole`,
};

function list(filter: ListServersInput, output: Output): Promise<ExitCode> {
  return withTemporal(async (context) => {
    await untilWorkersPoll(context, output);
    const all = { servers: [] as FoundServer[], bare: 0, unclear: [] as string[], seen: 0 };
    try {
      for await (const found of listServers(context.temporal, context.taskQueue, filter)) {
        all.bare += found.bare;
        all.unclear.push(...found.unclear);
        all.seen += found.seen;
        if (output.json) all.servers.push(...found.servers);
        else output.values(found.servers);
      }
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      const why = error.cause?.message ?? error.message;
      throw new CliError(EXIT.starterFailed, 'NotListed', `the list is not whole: ${clean(why)}`);
    }
    output.aside(left(all));
    output.document(all);
    return EXIT.done;
  });
}

function left({ bare, unclear, seen }: { bare: number; unclear: string[]; seen: number }): string[] {
  return [
    `${plural(seen, 'server')} looked at`,
    ...(bare === 0 ? [] : [`left out: ${plural(bare, 'server')} with no NIC but the primary one`]),
    ...(unclear.length === 0
      ? []
      : [
          `left out: ${plural(unclear.length, 'server')} of which the cloud does not tell which NIC is the primary one: ` +
            unclear.slice(0, MOST_NAMED).join(', ') +
            (unclear.length > MOST_NAMED ? ', …' : ''),
        ]),
  ];
}
