#!/usr/bin/env node
/** The command line `ecs-nics`: starts runs, shows them, steers them. Needs no credentials of the cloud. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { CliError, asCliError } from './cli/errors';
import type { ExitCode } from './cli/exit-codes';
import { EXIT } from './cli/exit-codes';
import type { ListFlags } from './cli/commands/list';
import { Output, flushed } from './cli/output';
import type { DecisionFlags } from './cli/commands/decide';
import type { DeleteFlags } from './cli/ask/delete-request';
import type { RestoreFlags } from './cli/ask/restore-request';
import { version } from './version';

async function main(argv: string[]): Promise<number> {
  // Read before the command line is: its own problems are a document, too.
  const output = new Output(argv.includes('--json'));
  let exitCode: ExitCode = EXIT.done;
  const program = buildProgram(output, (code) => (exitCode = code));
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.done;
      output.error(new CliError(EXIT.badInput, 'InvalidInput', usageText(error)));
      return EXIT.badInput;
    }
    const shown = asCliError(error, null);
    output.error(shown);
    return shown.exitCode;
  }
}

type OnServer = (serverId: string, output: Output) => Promise<ExitCode>;

/** Commands about the current or last run on a server; each is loaded when it is asked for. */
const SERVER_COMMANDS: [name: string, summary: string, description: string, () => Promise<OnServer>][] = [
  [
    'status',
    'show the current or last run on a server',
    'Shows the current or last run on a server, without a worker as far as Temporal knows it. ' +
      'Exit code 0 when the status could be shown, whatever it is; 1 when an open run does not answer.',
    async () => (await import('./cli/commands/status.js')).status,
  ],
  [
    'watch',
    'follow the open run on a server to its end',
    'Follows the open run on a server to its end, whoever started it; of a closed one it shows the end. ' +
      'Exit codes as those of delete.',
    async () => (await import('./cli/commands/watch.js')).watch,
  ],
  [
    'cancel',
    'ask the open run on a server to stop',
    "Asks the open run on a server to stop. A job of the cloud can't be stopped: the run watches it to its end.",
    async () => (await import('./cli/commands/cancel.js')).cancel,
  ],
  [
    'poll-now',
    'make the open run on a server look at once',
    'Makes the open run on a server look at the cloud at once instead of at its next turn.',
    async () => (await import('./cli/commands/poll-now.js')).pollNow,
  ],
];

const DECISIONS: ['undo' | 'commit', summary: string, description: string][] = [
  [
    'undo',
    'put back everything that the open run has taken off',
    'Puts everything back that the open run on a server has taken off: exactly, as long as it keeps the ports. ' +
      'Waits until all of it is done and checked. Nobody is asked: the command line names who wants it, and why.',
  ],
  [
    'commit',
    'close the undo window of the open run',
    'Closes the undo window of the open run on a server now, so that the kept ports are deleted, and waits for that. ' +
      'Nobody is asked: the command line names who wants it, and why.',
  ],
];

const JSON_OPTION = ['--json', 'one JSON document on standard output, all else on standard error'] as const;

function buildProgram(output: Output, done: (code: ExitCode) => void): Command {
  const program = new Command('ecs-nics')
    .description('Deletes network interfaces (NICs) of Huawei Cloud servers, durably, and puts them back.')
    .version(version)
    .exitOverride()
    // Told once, by main.
    .configureOutput({ outputError: () => {} })
    .showHelpAfterError(false);

  program
    .command('delete')
    .summary('delete NICs of a server')
    .description(
      'Deletes NICs of one server, follows the deletion and says what became of every NIC. ' +
        'With an undo window it ends as soon as that is known, and says until when undo is possible.',
    )
    .usage('<server-id> (--nic <port-id>... | --all) [options]')
    .argument('[server-id]', 'the server, a lower-case UUID')
    .option('--nic <port-id...>', 'a NIC to delete, by its port id; may be repeated')
    .option('--all', 'every NIC but the primary one')
    .option('--dry-run', 'inspect and check, show the plan, change nothing')
    .option('--keep-port', 'detach only; the port stays with its IP address')
    .option('--undo-window <duration>', 'keep the ports that long for an exact undo, e.g. "24 hours"')
    .option('--on-failure <keep|restore>', 'when some NIC does not go: keep what is gone, or restore all')
    .option('--on-cancel <keep|restore>', 'the same for a cancelled run')
    .option('--allow-elastic-ip', 'a NIC that carries an elastic IP may go, too')
    .option('--deadline <duration>', 'for the deletion, at most 20 hours (default: 20 minutes)')
    .option('--timing <json>', `pace of the run, e.g. '{"pollInterval":"5s"}'`)
    .option('--requested-by <who>', 'who wants it; shown with the run')
    .option('--reason <text>', 'why, e.g. a ticket; shown with the run')
    .option('--no-wait', 'start only')
    .option('--yes', "don't ask; required without a terminal")
    .option(...JSON_OPTION)
    .addHelpText('after', DELETE_HELP)
    // Named by us, together with all that is wrong.
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_serverId: string | undefined, flags: DeleteFlags, command: Command) => {
      const { deleteNics } = await import('./cli/commands/delete.js');
      done(await deleteNics(command.args, flags, output));
    });

  for (const [name, summary, description] of DECISIONS) {
    program
      .command(name)
      .summary(summary)
      .description(description)
      .usage('<server-id> --by <who> --reason <text> [options]')
      .argument('[server-id]', 'the server, a lower-case UUID')
      .option('--by <who>', 'who asks for it; kept with the run')
      .option('--reason <text>', 'why, e.g. a ticket; kept with the run')
      .option(...JSON_OPTION)
      .addHelpText('after', DECISION_HELP)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(async (_serverId: string | undefined, flags: DecisionFlags, command: Command) => {
        const { decide } = await import('./cli/commands/decide.js');
        done(await decide(name, command.args, flags, output));
      });
  }

  program
    .command('restore')
    .summary('put back what an earlier run has taken off')
    .description(
      'Puts NICs back that an earlier run has taken off a server: the same port where it was kept, else a new one ' +
        'with the old IP address. Without --run-id or --document from the last closed run that took NICs off.',
    )
    .usage('<server-id> --by <who> --reason <text> [options]')
    .argument('[server-id]', 'the server, a lower-case UUID')
    .option('--nic <port-id...>', 'a NIC of that run, by its old port id; may be repeated (default: all)')
    .option('--run-id <id>', 'the run that took them off')
    .option('--document <file>', 'its saved result instead: what --json has printed ("-": standard input)')
    .option('--allow-new-ip', 'a NIC whose IP address is taken meanwhile may get another one')
    .option('--dry-run', 'show how well each NIC could be put back, change nothing')
    .option('--timing <json>', `pace of the run, e.g. '{"pollInterval":"5s"}'`)
    .option('--by <who>', 'who asks for it; shown with the run')
    .option('--reason <text>', 'why, e.g. a ticket; shown with the run')
    .option('--no-wait', 'start only')
    .option(...JSON_OPTION)
    .addHelpText('after', RESTORE_HELP)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_serverId: string | undefined, flags: RestoreFlags, command: Command) => {
      const { restoreNics } = await import('./cli/commands/restore.js');
      done(await restoreNics(command.args, flags, output));
    });

  for (const [name, summary, description, load] of SERVER_COMMANDS) {
    program
      .command(name)
      .summary(summary)
      .description(description)
      .argument('<server-id>', 'the server, a lower-case UUID')
      .option(...JSON_OPTION)
      .action(async (serverId: string) => done(await (await load())(serverId, output)));
  }

  program
    .command('list')
    .summary('show the runs on servers')
    .description('Shows the runs on servers, open ones first, then those that ended last. Times are UTC.')
    .option('--open', 'only the open ones')
    .option('--limit <n>', 'at most so many', limitOf, 20)
    .option(...JSON_OPTION)
    .action(async (flags: ListFlags) => {
      const { list } = await import('./cli/commands/list.js');
      done(await list(flags, output));
    });

  program
    .command('setup')
    .summary('prepare the Temporal namespace, once')
    .description(
      'Registers the search attributes of ecs-nics in the Temporal namespace, where they are missing. ' +
        'Runs work without them, but can be searched with them.',
    )
    .option(...JSON_OPTION)
    .action(async () => {
      const { setup } = await import('./cli/commands/setup.js');
      done(await setup(output));
    });

  program.addHelpText('after', PROGRAM_HELP);
  return program;
}

const MAX_LIMIT = 1_000;

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new InvalidArgumentError(`Give a number from 1 to ${MAX_LIMIT}.`);
}

const DELETE_HELP = `
Exit codes:
    0  every NIC is where it was wanted, be it with an undo window open;
       nothing to do; dry run; --no-wait
    1  the starter failed: Temporal not reachable, no worker; says what is known
    2  bad command line, environment or input; nothing was started
    3  finished, some NIC is still attached
    4  refused before anything changed, or another run is open on the server
    5  failed or cancelled, and put back
    6  needs a person: the outcome is not known
    7  cancelled; what was gone stays gone
  130  interrupted while waiting; the run goes on`;

const DECISION_HELP = `
Exit codes:
    0  done
    1  the starter failed, or no run is open; says what is known
    2  bad command line or environment; nothing was asked for
    3  done, some NIC is still attached
    4  refused: there is nothing to undo or commit, or the other was first
    5  the run failed, and was put back
    6  needs a person: not all could be put back, or nobody knows
  130  interrupted while waiting; what was asked for goes on`;

const RESTORE_HELP = `
Exit codes:
    0  put back; nothing to do; dry run; --no-wait
    1  the starter failed: Temporal not reachable, no worker; says what is known
    2  bad command line, environment or input, or no run to put back from
    4  refused before anything changed, or another run is open on the server
    6  needs a person: not all could be put back, or nobody knows
    7  cancelled; what was not put back stays away
  130  interrupted while waiting; the run goes on`;

const PROGRAM_HELP = `
Environment:
  TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_…,
  TEMPORAL_PROFILE     where Temporal is (default: localhost:7233, default)
  TEMPORAL_UI_URL      address of Temporal's Web UI, for links
  ECS_NICS_TASK_QUEUE  queue of the workers (default: ecs-nics)
  NO_COLOR             no colours on a terminal`;

function usageText(error: CommanderError): string {
  // Bare \`ecs-nics\` has shown its help already.
  if (error.code === 'commander.help') return 'no command given';
  return `${error.message.replace(/^error: /, '').replace(/\.$/, '')}. See ecs-nics --help`;
}

// A reader that went away (\`| head\`) is no failure of the run.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

void main(process.argv.slice(2)).then(async (code) => {
  await flushed();
  // Long polls may still be open: nobody waits for them.
  process.exit(code);
});
