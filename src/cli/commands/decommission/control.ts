/** `ecs-nics decommission approve`, `pause`, `resume`, …: what people tell an open run. Each is answered at once. */
import type { Command } from 'commander';
import type { ByWhom, DecommissionStatus } from '../../../contract';
import { checkApproval, checkDecision, checkLimits, checkNamed } from '../../../contract';
import { cleanLine } from '../../../contract/text';
import type { Control, ControlArguments } from '../../../client/decommission/steer';
import { steer } from '../../../client/decommission/steer';
import type { KnownRun } from '../../../client/find';
import type { ByWhomFlags, FlagNames } from '../../ask/flags';
import { EXAMPLE, byWhomFrom, declareByWhom, inFlags } from '../../ask/flags';
import { CliError } from '../../cli-error';
import type { Context } from '../../context';
import { withTemporal } from '../../context';
import type { ExitCode } from '../../exit-codes';
import { EXIT } from '../../exit-codes';
import { plural } from '../../format';
import { foldedIds } from '../../ids';
import type { CliCommand } from '../../program';
import type { Output } from '../../output';
import { COMMAND_OF, decommissionCommand } from '../../show/decommission/steps';
import { canAsk, question } from '../confirm';
import { Patience, hasEnded, openRun, refusal, runFrom, showStatus, unanswered } from './context';

interface ControlFlags extends ByWhomFlags {
  digest?: string;
  servers?: string;
  nics?: string;
  concurrency?: string;
  maxErrors?: string;
  server?: string[];
  yes?: boolean;
  json?: boolean;
}

const FLAG_OF: FlagNames = [
  [/^digest\b/, '--digest'],
  [/^nics\b/, '--nics'],
  [/^maxErrors\b/, '--max-errors'],
  [/^concurrency, maxErrors: both missing/, '--concurrency, --max-errors: both missing'],
  [/^concurrency\b/, '--concurrency'],
];

interface Told<C extends Control> {
  control: C;
  description: string;
  usage?: string;
  /** Flags of its example beside those of every message. */
  example?: string;
  flags?: (command: Command) => void;
  /** How the check calls a list of servers, and how the command line does. */
  servers?: string;
  argument: (flags: ControlFlags) => ControlArguments[C];
  check: (argument: unknown) => { problems: string[] };
  /** The question on a terminal; none without it. */
  asks?: (flags: ControlFlags) => string;
}

/** Sends the message and returns the answer. Throws {@link CliError} when it is refused, or when nobody answers. */
export async function tell<C extends Control>(
  context: Context,
  run: KnownRun,
  name: string,
  control: C,
  argument: ControlArguments[C] & ByWhom,
  output: Output,
): Promise<DecommissionStatus> {
  const patience = new Patience();
  const until = Promise.race([context.interrupted, patience.ended]);
  const asking = steer(context.temporal, run, control, argument, { until });
  const answer = await asking.answer.finally(() => patience.stop());
  const ref = context.run(run);
  switch (answer.kind) {
    case 'done':
      if (answer.document !== null) return answer.document;
      throw new CliError(
        EXIT.starterFailed,
        'NoDocument',
        'the run has answered, but not with a status.',
        ref,
      );
    case 'failed':
      throw refusal(COMMAND_OF[control], answer, ref);
    case 'closed':
      throw hasEnded(name, ref);
    case 'interrupted': {
      const known = asking.accepted
        ? 'The run has accepted the message.'
        : `The run may or may not have received the message; look first: ${decommissionCommand('status', name)}`;
      if (patience.over) throw await unanswered(context, run, known, output);
      throw new CliError(
        EXIT.interrupted,
        'Interrupted',
        `interrupted before the answer came. ${known}`,
        ref,
      );
    }
  }
}

function commandOf<C extends Control>(told: Told<C>): CliCommand<ControlFlags> {
  const { control, flags: declared, servers = '--servers' } = told;
  const name = COMMAND_OF[control];
  const names: FlagNames = [...FLAG_OF, [/^servers\b/, servers]];
  return {
    description: told.description,
    examples: [['decommission', name, EXAMPLE.run, told.example, EXAMPLE.byWhom].filter(Boolean).join(' ')],
    usage: `<run> ${told.usage ?? ''}--by <who> --reason <text> [options]`,
    flags: (command) => {
      declared?.(command);
      declareByWhom(command, 'kept with the run');
    },
    takesAll: true,
    run: async (words, flags, output) => {
      const { who, problems } = byWhomFrom(flags);
      const argument = { ...told.argument(flags), ...who };
      const further = told
        .check(argument)
        .problems.filter((problem) => !/^(by|reason):/.test(problem))
        .map((problem) => inFlags(problem, names));
      if (told.asks !== undefined && flags.yes !== true && !canAsk(output))
        further.push('--yes: required without a terminal, since nobody can be asked');
      const run = runFrom(words, name, [...further, ...problems]);
      return withTemporal((context) => send(context, run, argument, flags, output), { interruptible: true });
    },
    help: HELP,
  };

  async function send(
    context: Context,
    name: string,
    argument: ControlArguments[C] & ByWhom,
    flags: ControlFlags,
    output: Output,
  ): Promise<ExitCode> {
    const run = await openRun(context, name);
    if (told.asks !== undefined && flags.yes !== true) {
      const answer = await question(told.asks(flags), output);
      if (answer !== 'yes')
        throw new CliError(
          answer === 'interrupted' ? EXIT.interrupted : EXIT.badInput,
          'NotConfirmed',
          'nothing was asked for.',
        );
    }
    const status = await tell(context, run, name, control, argument, output);
    output.say(`${COMMAND_OF[control]}: taken, by ${cleanLine(argument.by)}`);
    showStatus(status, context.run(run), output);
    return EXIT.done;
  }
}

const HELP = `
Exit codes:
    0  the run has taken it; how far it is, status tells
    1  the starter failed, no run is open, or no worker answers
    2  bad command line or environment; nothing was asked for
    4  refused: it does not apply now; says why, and what would help
  130  interrupted before the answer came`;

const namedServers = (command: Command, help: string) => command.option('--server <id...>', help);
/** The check shows what is no number. */
const numberOf = (text: string | undefined) =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : text;

export const approve = commandOf({
  control: 'approve',
  description:
    'Approves the plan of a run, which then begins to delete. Digest and counts are those of the plan, so that ' +
    'nobody approves another one than they have read.',
  usage: '--digest <d> --servers <n> --nics <n>\n         ',
  example: '--digest 4f1c0a --servers 40 --nics 120',
  flags: (command) =>
    command
      .option('--digest <d>', "the plan's digest")
      .option('--servers <n>', 'how many servers the plan would touch')
      .option('--nics <n>', 'how many NICs it would delete'),
  argument: ({ digest, servers, nics }) =>
    ({ digest, servers: numberOf(servers), nics: numberOf(nics) }) as ControlArguments['approve'],
  check: checkApproval,
});

export const pause = commandOf({
  control: 'pause',
  description: 'Starts no further server until resume. What is under way finishes.',
  argument: () => ({}),
  check: checkDecision,
});

export const resume = commandOf({
  control: 'resume',
  description:
    'Lets a paused run go on, a stopped one once its cause is gone, and makes servers that wait look at once.',
  argument: () => ({}),
  check: checkDecision,
});

export const retry = commandOf({
  control: 'retryFailed',
  description: 'Takes up failed and busy servers again.',
  argument: () => ({}),
  check: checkDecision,
});

export const abort = commandOf({
  control: 'abort',
  description: 'Starts nothing more and ends the run. What is under way finishes; what is gone stays gone.',
  argument: () => ({}),
  check: checkDecision,
});

export const commit = commandOf({
  control: 'commit',
  description: 'Closes the undo window of a run now, so that the kept ports are deleted.',
  argument: () => ({}),
  check: checkDecision,
});

export const limits = commandOf({
  control: 'setLimits',
  description: 'Changes how many servers are under way, and how many may fail.',
  example: '--concurrency 20',
  flags: (command) =>
    command
      .option('--concurrency <n>', 'servers under way')
      .option('--max-errors <n|share>', 'stop when more servers than this have failed'),
  argument: ({ concurrency, maxErrors }) =>
    ({
      ...(concurrency === undefined ? {} : { concurrency: numberOf(concurrency) }),
      ...(maxErrors === undefined ? {} : { maxErrors }),
    }) as ControlArguments['setLimits'],
  check: checkLimits,
});

export const skip = commandOf({
  control: 'skip',
  description: 'Leaves servers alone: they are not started, and failed ones do not count any more.',
  usage: '--server <id>...\n         ',
  example: `--server ${EXAMPLE.server}`,
  servers: '--server',
  flags: (command) => namedServers(command, 'a server to leave alone; may be repeated'),
  argument: ({ server }) => ({ servers: foldedIds(server ?? []) }),
  check: (argument) => checkNamed(argument, true),
});

export const undo = commandOf({
  control: 'undo',
  description: 'Puts back what a run has taken off: everything, or some servers.',
  usage: '[--server <id>...]\n         ',
  servers: '--server',
  flags: (command) =>
    namedServers(command, 'a server to put back; may be repeated (default: all)').option(
      '--yes',
      'ask nothing; required without a terminal',
    ),
  argument: ({ server }) => (server === undefined ? {} : { servers: foldedIds(server ?? []) }),
  check: (argument) => checkNamed(argument, false),
  asks: ({ server }) =>
    `Put back ${server === undefined ? 'every server of this run' : `${plural(foldedIds(server).length, 'server')}`}?`,
});
