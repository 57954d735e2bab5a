#!/usr/bin/env node
/** The command line `ecs-nics`: starts runs, shows them, cancels them. Needs no credentials of the cloud. */
import { Command, CommanderError } from 'commander';
import { CliError, asCliError } from './cli/errors';
import type { ExitCode } from './cli/exit-codes';
import { EXIT } from './cli/exit-codes';
import { Output, flushed } from './cli/output';
import type { DeleteFlags } from './cli/request';
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

function buildProgram(output: Output, done: (code: ExitCode) => void): Command {
  const program = new Command('ecs-nics')
    .description('Deletes network interfaces (NICs) of Huawei Cloud servers, durably.')
    .version(version)
    .exitOverride()
    // Told once, by main.
    .configureOutput({ outputError: () => {}, writeErr: (text) => void process.stderr.write(text) })
    .showHelpAfterError(false);

  program
    .command('delete')
    .summary('delete NICs of a server')
    .description(
      'Deletes NICs of one server, follows the deletion to its end and says what became of every NIC.',
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
    .option('--json', 'one JSON document on standard output, all else on standard error')
    .addHelpText('after', DELETE_HELP)
    .action(async (serverId: string | undefined, flags: DeleteFlags) => {
      const { deleteNics } = await import('./cli/delete.js');
      done(await deleteNics(serverId, flags, output));
    });

  program
    .command('status')
    .summary('show the current or last run on a server')
    .description('Shows the current or last run on a server.')
    .argument('<server-id>', 'the server, a lower-case UUID')
    .option('--json', 'the status document on standard output, all else on standard error')
    .action(async (serverId: string) => {
      const { status } = await import('./cli/status.js');
      done(await status(serverId, output));
    });

  program
    .command('cancel')
    .summary('ask the open run on a server to stop')
    .description(
      "Asks the open run on a server to stop. A job of the cloud can't be stopped: the run watches it to its end.",
    )
    .argument('<server-id>', 'the server, a lower-case UUID')
    .option('--json', 'the status document on standard output, all else on standard error')
    .action(async (serverId: string) => {
      const { cancel } = await import('./cli/cancel.js');
      done(await cancel(serverId, output));
    });

  program.addHelpText('after', PROGRAM_HELP);
  return program;
}

const DELETE_HELP = `
Exit codes:
    0  every NIC is where it was wanted (also: nothing to do, dry run, started with --no-wait)
    1  the starter failed: Temporal not reachable, no worker; the message says what is known
    2  bad command line or input; nothing was started
    3  finished, some NIC is still attached
    4  refused before anything changed, or another run is open on the server
    5  failed or cancelled, and put back
    6  needs a person: the outcome is not known
    7  cancelled; what was gone stays gone
  130  interrupted while waiting; the run goes on`;

const PROGRAM_HELP = `
Environment:
  TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_…, TEMPORAL_PROFILE
                       where Temporal is (default: localhost:7233, default)
  ECS_NICS_TASK_QUEUE  queue of the workers (default: ecs-nics)
  TEMPORAL_UI_URL      address of Temporal's Web UI, for links`;

function usageText(error: CommanderError): string {
  // Bare \`ecs-nics\` has shown its help already.
  if (error.code === 'commander.help') return 'no command given';
  return `${error.message.replace(/^error: /, '')}. See ecs-nics --help`;
}

// A reader that went away (\`| head\`) is no failure of the run.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

void main(process.argv.slice(2)).then(async (code) => {
  await flushed();
  // Long polls may still be open: nobody waits for them.
  process.exit(code);
});
