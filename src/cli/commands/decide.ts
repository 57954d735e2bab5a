/** `ecs-nics undo`, `ecs-nics commit`: decide what happens to the ports that an open run keeps. */
import type { ByWhom } from '../../contract';
import { FAILURE_TYPE, NOT_APPLICABLE, WORKFLOW_TYPE } from '../../contract';
import { quoted } from '../../contract/text';
import { isUuid } from '../../contract/values';
import { askedOf } from '../show/asked';
import type { Asking, UpdateAnswer } from '../../client/update';
import { decide as decideOnRun } from '../../client/update';
import type { Context } from '../context';
import { environmentProblems, listed, pageOf, withTemporal } from '../context';
import { openDocument } from '../show/documents';
import type { Ending } from '../../client/ending';
import { readEnding } from '../../client/ending';
import { NoOpenRun } from '../../client/errors';
import { CliError, asCliError } from '../cli-error';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import type { ByWhomFlags } from '../ask/flags';
import { EXAMPLE, byWhomFrom, declareByWhom, sortOut } from '../ask/flags';
import type { RunRef } from '../link';
import { clean } from '../format';
import type { KnownRun } from '../../client/find';
import { findOpenRun } from '../../client/find';
import type { Output } from '../output';
import { runLines, stepLines } from '../show/lines';
import { putBackSteps } from '../show/restore-steps';
import { restoreCommand } from '../ask/restore-request';
import type { CliCommand } from '../program';
import type { AwaitedRun } from './wait';
import { followRun, reportEnd, stoppedWaiting } from './wait';

export type DecisionCommand = 'undo' | 'commit';

export interface DecisionFlags extends ByWhomFlags {
  json?: boolean;
}

/** The answer and the close of the run arrive shortly after each other, in either order. */
const MOMENT_MS = 10_000;

/** @param words arguments of the command line beside the known flags */
export async function decide(
  what: DecisionCommand,
  words: readonly string[],
  flags: DecisionFlags,
  output: Output,
): Promise<ExitCode> {
  const { serverId, unknown } = sortOut(words, what);
  const { who, problems } = byWhomFrom(flags);
  const first =
    serverId === undefined
      ? ['<server-id>: missing']
      : isUuid(serverId)
        ? []
        : [`<server-id>: ${quoted(serverId)} is not a UUID`];
  const all = [...unknown, ...first, ...problems];
  if (all.length > 0 || serverId === undefined) {
    const message = listed([...all, ...environmentProblems()]);
    throw new CliError(EXIT.badInput, 'InvalidInput', `nothing was asked for: ${message}`);
  }
  return withTemporal((context) => decideOn(context, { what, serverId, who }, output), {
    interruptible: true,
  });
}

interface Wish {
  what: DecisionCommand;
  serverId: string;
  who: ByWhom;
}

async function decideOn(context: Context, wish: Wish, output: Output): Promise<ExitCode> {
  const { what, serverId } = wish;
  const known = await findOpenRun(context.temporal, serverId).catch(async (error: unknown) => {
    throw error instanceof NoOpenRun ? await noOpenRun(context, wish, error, error.run, output) : error;
  });
  const ref = context.run(known);
  if (known.description.type !== WORKFLOW_TYPE.deleteServerNics) {
    const message = `the open run on server ${serverId} is not a deletion (${clean(known.description.type)}): there is nothing to ${what}.`;
    throw new CliError(EXIT.refused, NOT_APPLICABLE, message, ref, runLines(ref));
  }
  output.note([`${what} asked for`, ...runLines(ref)]);
  const run: AwaitedRun = {
    ...known,
    serverId,
    startedAt: known.startedAt.getTime(),
    startedByUsAt: null,
    announced: true,
    asked: askedOf(known.description.type),
  };
  const asking = decideOnRun(context.temporal, known, what, wish.who);
  try {
    return await untilDecided(context, wish, asking, known, run, output);
  } finally {
    asking.stop();
  }
}

async function untilDecided(
  context: Context,
  wish: Wish,
  asking: Asking,
  known: KnownRun,
  run: AwaitedRun,
  output: Output,
): Promise<ExitCode> {
  const announcedId = output.isMuted ? null : run.runId;
  let answer: Answered | null = null;
  const told = asking.answer.catch((error: unknown) => {
    throw asCliError(error, context.temporal, context.run);
  });
  const enough = told.then(async (it) => {
    // Reached after `stop` below, when everything has been printed.
    if (it.kind === 'interrupted') return;
    answer = it;
    // A refusal is final. After any other answer the end of the run is about to come, and it says more.
    if (!isRefusal(it)) await moment();
  });
  const interrupted = { yet: false };
  const interruption = context.interrupted.then(() => void (interrupted.yet = true));
  const end = await followRun(context, run, output, Promise.race([interruption, enough]));
  if (end.kind === 'closed' && answer === null) {
    // The answer and the end of the run arrive independently of each other.
    await Promise.race([told, moment()]).catch(() => {});
  }
  const ref = context.run(run);
  const isAbove = ref.runId === announcedId;
  // A cast: the compiler does not see that the promise above has set the variable.
  const said = answer as Answered | null;
  if (said !== null && isRefusal(said))
    throw refused(wish, said, ref, end.kind === 'closed' ? null : end.document);
  if (end.kind === 'closed') {
    const { ending } = end;
    if (!asking.accepted && !isFulfilled(wish, ending)) {
      const error = new NoOpenRun(wish.serverId, known, known.closedAt);
      throw await noOpenRun(context, wish, error, run, output);
    }
    const code = reportEnd(ending, run, ref, isAbove, output);
    return said?.kind === 'done' ? codeOfDone(ending, code) : code;
  }
  if (interrupted.yet || said === null || end.kind !== 'interrupted') {
    if (end.kind === 'enough') throw new Error('nothing short of the end is enough here');
    throw stoppedWaiting(context, end, ref, isAbove, wish.serverId, output, [knownOf(wish, asking)]);
  }
  return reportAnswer(wish, said, run, ref, isAbove, output);
}

type Answered = Exclude<UpdateAnswer, { kind: 'interrupted' }>;

/** The run is still open, for whatever reason: the answer is all that can be reported. */
function reportAnswer(
  wish: Wish,
  answer: Answered,
  run: AwaitedRun,
  ref: RunRef,
  isAbove: boolean,
  output: Output,
): ExitCode {
  switch (answer.kind) {
    case 'done':
      return reportEnd({ kind: 'completed', document: answer.document }, run, ref, isAbove, output);
    case 'failed': {
      const { type, message } = answer;
      if (!(Object.values(FAILURE_TYPE) as string[]).includes(type))
        throw new CliError(EXIT.starterFailed, type, `the run answered the ${wish.what}: ${message}`, ref);
      return reportEnd(answer, run, ref, isAbove, output);
    }
    case 'closed':
      throw new CliError(
        EXIT.starterFailed,
        'NoOpenRun',
        `the run has closed, but its result could not be read. To see it: ecs-nics status ${wish.serverId}`,
        ref,
        runLines(ref),
      );
  }
}

/** The decision is carried out. Other outcomes do not change the exit code, unless a person has to act. */
function codeOfDone(ending: Ending, code: ExitCode): ExitCode {
  const isDone = ending.kind === 'cancelled' && (code === EXIT.putBack || code === EXIT.cancelled);
  return isDone ? EXIT.done : code;
}

/** Another caller asked for the same, and the run has done it. */
function isFulfilled({ what }: Wish, { document }: Ending): boolean {
  return document?.decision?.what === what;
}

function isRefusal(answer: UpdateAnswer): answer is UpdateAnswer & { kind: 'failed' } {
  return (
    answer.kind === 'failed' && (answer.type === NOT_APPLICABLE || answer.type === FAILURE_TYPE.invalidInput)
  );
}

function refused(
  { what }: Wish,
  { type, message }: UpdateAnswer & { kind: 'failed' },
  ref: RunRef,
  document: Parameters<typeof openDocument>[1],
): CliError {
  const code = type === NOT_APPLICABLE ? EXIT.refused : EXIT.badInput;
  return new CliError(code, type, `${what} refused: ${message}`, openDocument(ref, document), runLines(ref));
}

function knownOf({ what }: Wish, { accepted }: Asking): string {
  return accepted
    ? `It has accepted the ${what} and carries it out; to wait for it, repeat the same command.`
    : `It may or may not have accepted the ${what}: it is safe to repeat the same command.`;
}

/** No run is open. What run `runId` took off can still be put back by a restore. */
async function noOpenRun(
  context: Context,
  { what, serverId }: Wish,
  error: NoOpenRun,
  { workflowId, runId }: { workflowId: string; runId: string },
  output: Output,
): Promise<CliError> {
  const shown = asCliError(error, context.temporal, context.run);
  if (what === 'commit') return shown;
  const page = pageOf(output);
  const ending = await readEnding(context.temporal, { workflowId, runId }).catch(() => null);
  if (ending !== null && ending.document !== null) {
    const steps = putBackSteps(ending.document, { serverId, runId });
    // Nothing was taken off, or nothing can come back: a restore would find nothing to do.
    if (steps.length > 0) return shown.with({ details: stepLines(steps, page) });
    return shown.with({ details: ['It has left nothing to put back.'] });
  }
  const command = restoreCommand({ serverId, source: ['--run-id', runId] });
  const text = 'To put back what it took off, as well as the cloud allows:';
  return shown.with({ details: stepLines([{ text, command }], page) });
}

function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, MOMENT_MS));
}

/** The command line of both commands. */
function commandOf(what: DecisionCommand, description: string): CliCommand<DecisionFlags> {
  return {
    description,
    examples: [`${what} ${EXAMPLE.server} ${EXAMPLE.byWhom}`],
    usage: '<server-id> --by <who> --reason <text> [options]',
    flags: (command) => declareByWhom(command, 'kept with the run'),
    takesAll: true,
    run: (words, flags, output) => decide(what, words, flags, output),
    help: `
Exit codes:
    0  done
    1  the starter failed, or no run is open; says what is known
    2  bad command line or environment; nothing was asked for
    3  done, some NIC is still attached
    4  refused: there is nothing to undo or commit, or the other came first
    5  the run failed, and was put back
    6  needs a person: not all could be put back, or the outcome is not known
  130  interrupted while waiting; what was asked for goes on`,
  };
}

export const undo = commandOf(
  'undo',
  'Puts back everything that the open run on a server has taken off: exactly, as long as the run keeps the ports. ' +
    'Waits until all of it is done and checked. Asks no question: the command line names who wants it, and why.',
);

export const commit = commandOf(
  'commit',
  'Closes the undo window of the open run on a server now, so that the kept ports are deleted, and waits for that. ' +
    'Asks no question: the command line names who wants it, and why.',
);
