/** The program: reads the command line, loads the one command that it names, and ends with its exit code. */
import { Command, CommanderError } from 'commander';
import { version } from '../version';
import { CliError, asCliError } from './errors';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { Output } from './output';

/** What a command says of itself on the command line, and does. Its file exports it; name, argument and `--json` are ours. */
export interface CliCommand<Flags> {
  description: string;
  usage?: string;
  /** Below the flags. */
  help?: string;
  flags?: (command: Command) => void;
  /** The command names unknown flags and stray words by itself, together with all else that is wrong. */
  takesAll?: boolean;
  /** @param words what is on the command line beside the flags that are known */
  run: (words: readonly string[], flags: Flags, output: Output) => Promise<ExitCode>;
}

/** A command as the program lists it. It is loaded when it is asked for. */
export type Listed = readonly [
  name: string,
  argument: string | null,
  summary: string,
  load: () => Promise<CliCommand<never>>,
];

export async function runProgram(argv: string[], commands: readonly Listed[]): Promise<number> {
  // Read before the command line is: its own problems are a document, too.
  const output = new Output(argv.includes('--json'));
  let exitCode: ExitCode = EXIT.done;
  try {
    const program = await buildProgram(argv, commands, output, (code) => (exitCode = code));
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

async function buildProgram(
  argv: readonly string[],
  commands: readonly Listed[],
  output: Output,
  done: (code: ExitCode) => void,
): Promise<Command> {
  const program = new Command('ecs-nics')
    .description('Deletes network interfaces (NICs) of Huawei Cloud servers, durably, and puts them back.')
    .version(version)
    .exitOverride()
    // Told once, by us.
    .configureOutput({ outputError: () => {} })
    .showHelpAfterError(false)
    .addHelpText('after', HELP);
  const asked = nameIn(argv);
  for (const [name, argument, summary, load] of commands) {
    const command = program.command(name).summary(summary);
    if (argument !== null) command.argument(argument, 'the server, a lower-case UUID');
    if (name === asked) declare(command, await load(), output, done);
    command.option('--json', 'one JSON document on standard output, all else on standard error');
  }
  return program;
}

function declare(
  command: Command,
  { description, usage, help, flags, takesAll = false, run }: CliCommand<never>,
  output: Output,
  done: (code: ExitCode) => void,
): void {
  command.description(description).allowUnknownOption(takesAll).allowExcessArguments(takesAll);
  if (usage !== undefined) command.usage(usage);
  if (help !== undefined) command.addHelpText('after', help);
  flags?.(command);
  // A command knows the flags that it has declared.
  command.action(async () => done(await run(command.args, command.opts<never>(), output)));
}

/** The command that is asked for, or asked about. The program has no flag with a value, so that words are words. */
function nameIn(argv: readonly string[]): string | undefined {
  const [first, second] = argv.filter((word) => !word.startsWith('-'));
  return first === 'help' ? second : first;
}

const HELP = `
Environment:
  TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_…,
  TEMPORAL_PROFILE     where Temporal is (default: localhost:7233, default)
  TEMPORAL_UI_URL      address of Temporal's Web UI, for links
  ECS_NICS_TASK_QUEUE  queue of the workers (default: ecs-nics)
  NO_COLOR             no colours on a terminal`;

function usageText(error: CommanderError): string {
  // Bare `ecs-nics` has shown its help already.
  if (error.code === 'commander.help') return 'no command given';
  return `${error.message.replace(/^error: /, '').replace(/\.$/, '')}. See ecs-nics --help`;
}
