/** The program: reads the command line, loads the one command that it names, and ends with its exit code. */
import { Command, CommanderError } from 'commander';
import { version } from '../version';
import { CliError, asCliError } from './cli-error';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { Output } from './output';

/**
 * What a command declares for the command line, and what it does. The command's file exports it; the program adds the
 * name, the argument and `--json`.
 */
export interface CliCommand<Flags> {
  description: string;
  usage?: string;
  /** Text below the flags. */
  help?: string;
  flags?: (command: Command) => void;
  /** The command itself reports unknown flags and extra words, together with its other problems. */
  takesAll?: boolean;
  /** @param words arguments of the command line beside the known flags */
  run: (words: readonly string[], flags: Flags, output: Output) => Promise<ExitCode>;
}

/** A command as the program lists it. Its file is loaded only when the command is used. */
export type Listed = readonly [
  name: string,
  argument: string | null,
  summary: string,
  load: () => Promise<CliCommand<never>>,
];

export async function runProgram(argv: string[], commands: readonly Listed[]): Promise<number> {
  // Read before the command line is parsed, because problems of parsing are reported as a document, too.
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
    // The program reports the error itself, once.
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
  // A command reads only the flags that it has declared.
  command.action(async () => done(await run(command.args, command.opts<never>(), output)));
}

/** The command to run, or to show help for. The program has no flag with a value: other words are arguments. */
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
  // `ecs-nics` without arguments has already shown its help.
  if (error.code === 'commander.help') return 'no command given';
  return `${error.message.replace(/^error: /, '').replace(/\.$/, '')}. See ecs-nics --help`;
}
