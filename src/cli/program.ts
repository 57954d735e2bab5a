/** The program: reads the command line, loads the one command that it names, and ends with its exit code. */
import { Command, CommanderError } from 'commander';
import { environmentHelp } from '../contract/variables';
import { version } from '../version';
import { CliError, asCliError } from './cli-error';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { commandLines } from './format';
import { asTyped } from './invocation';
import { Output } from './output';

/**
 * What a command declares for the command line, and what it does. The command's file exports it; the program adds the
 * name, the argument and `--json`.
 */
export interface CliCommand<Flags> {
  description: string;
  /** What follows the name of the command; by default its argument and `[options]`. */
  usage?: string;
  /** Command lines that work, with other ids, without the name of the program. */
  examples: readonly string[];
  /** Text below the flags. */
  help?: string;
  flags?: (command: Command) => void;
  /** The command itself reports unknown flags and extra words, together with its other problems. */
  takesAll?: boolean;
  /** @param words arguments of the command line beside the known flags */
  run: (words: readonly string[], flags: Flags, output: Output) => Promise<ExitCode>;
}

/**
 * A command as the program lists it. Its file is loaded only when the command is used. A list instead of a file: commands
 * below this one.
 */
export type Listed = readonly [
  name: string,
  argument: string | null,
  summary: string,
  load: (() => Promise<CliCommand<never>>) | readonly Listed[],
];

const ARGUMENTS: Readonly<Record<string, string>> = {
  'server-id': 'the server, by its id',
  run: 'the name of the run',
  file: 'the list of servers; "-" is standard input',
};

export async function runProgram(argv: string[], commands: readonly Listed[]): Promise<number> {
  // Read before the command line is parsed, because problems of parsing are reported as a document, too.
  const output = new Output(
    argv.includes('--json') || /(^| )--format[ =]json( |$)/.test(argv.join(' ')),
    argv.includes('--quiet'),
  );
  let exitCode: ExitCode = EXIT.done;
  try {
    const program = programOf(HELP);
    const words = argv.filter((word) => !word.startsWith('-'));
    await addCommands(program, words, commands, output, (code) => (exitCode = code));
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

function programOf(help: string): Command {
  return (
    new Command('ecs-nics')
      .description('Deletes network interfaces (NICs) of Huawei Cloud servers, durably, and puts them back.')
      .version(version)
      .exitOverride()
      // The program reports the error itself, once.
      .configureOutput({ outputError: () => {} })
      .showHelpAfterError(false)
      .addHelpText('after', help)
  );
}

/**
 * @param words of the command line, without flags: the first ones name the command to run or to show help for, since
 *   neither the program nor a command with commands below it has a flag with a value
 */
async function addCommands(
  program: Command,
  [first, ...rest]: readonly string[],
  commands: readonly Listed[],
  output: Output,
  done: (code: ExitCode) => void,
): Promise<void> {
  const asked = first === 'help' ? rest[0] : first;
  for (const [name, argument, summary, load] of commands) {
    const command = program.command(name).summary(summary);
    if (argument !== null) command.argument(argument, ARGUMENTS[argument.replace(/[^a-z-]/g, '')]);
    if (typeof load !== 'function') {
      command.description(summary);
      await addCommands(command, first === 'help' ? rest.slice(1) : rest, load, output, done);
      continue;
    }
    const usage = argument === null ? '[options]' : `${argument} [options]`;
    if (name === asked) declare(command.usage(usage), await load(), output, done);
    command.option('--quiet', 'nothing on the way, only the result and what is wrong');
    command.option('--json', 'one JSON document on standard output, all else on standard error');
  }
}

function declare(
  command: Command,
  { description, usage, examples, help, flags, takesAll = false, run }: CliCommand<never>,
  output: Output,
  done: (code: ExitCode) => void,
): void {
  command.description(description).allowUnknownOption(takesAll).allowExcessArguments(takesAll);
  if (usage !== undefined) command.usage(usage);
  // The command itself says that its argument is missing, together with its other problems.
  if (takesAll) for (const argument of command.registeredArguments) argument.required = false;
  command.addHelpText('after', `\n${exampleLines(examples).join('\n')}`);
  if (help !== undefined) command.addHelpText('after', help);
  flags?.(command);
  // A command reads only the flags that it has declared.
  command.action(async () => done(await run(command.args, command.opts<never>(), output)));
}

function exampleLines(examples: readonly string[]): string[] {
  const lines = examples.flatMap((example) => commandLines(asTyped(`ecs-nics ${example}`), HELP_WIDTH));
  return [examples.length === 1 ? 'Example:' : 'Examples:', ...lines.map((line) => `  ${line}`)];
}

const HELP_WIDTH = 76;

const HELP = `
Environment:
${environmentHelp('starter')}`;

function usageText(error: CommanderError): string {
  // `ecs-nics` without arguments has already shown its help.
  if (error.code === 'commander.help') return 'no command given';
  return `${error.message.replace(/^error: /, '').replace(/\.$/, '')}. See ecs-nics --help`;
}
