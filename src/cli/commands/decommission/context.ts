/** What the commands about a decommission run share: the run, its texts, and how long an answer is waited for. */
import type { DecommissionStatus, JoinedPlan } from '../../../contract';
import { FAILURE_TYPE, NOT_APPLICABLE } from '../../../contract';
import { findDecommission } from '../../../client/decommission/read';
import type { KnownRun } from '../../../client/find';
import { FOLLOW_LIMITS } from '../../../client/follow';
import type { UpdateAnswer } from '../../../client/update';
import { runProblems } from '../../ask/decommission-request';
import { oneArgument } from '../../ask/flags';
import { CliError } from '../../cli-error';
import type { Context } from '../../context';
import { environmentProblems, listed, pageOf } from '../../context';
import { EXIT } from '../../exit-codes';
import { clean } from '../../format';
import type { RunRef } from '../../link';
import type { Output } from '../../output';
import { runLines, stepLines } from '../../show/lines';
import { silenceOf } from '../../show/silence';
import { planSummary } from '../../show/decommission/plan';
import { headText, statusLines } from '../../show/decommission/status';
import { decommissionCommand, decommissionSteps, inCommands } from '../../show/decommission/steps';

/** The name of the run, from the words of a command that takes all words. Throws {@link CliError} with all problems. */
export function runFrom(words: readonly string[], command: string, further: readonly string[] = []): string {
  const { argument, unknown } = oneArgument(words, `decommission ${command}`);
  const problems = [...unknown, ...runProblems('<run>', argument), ...further];
  if (problems.length > 0) throw badInput('nothing was asked for', problems);
  return argument ?? '';
}

export function badInput(what: string, problems: readonly string[]): CliError {
  // The command line has to be corrected anyway, so problems of the environment are reported with it.
  const message = listed([...problems, ...environmentProblems()]);
  return new CliError(EXIT.badInput, 'InvalidInput', `${what}: ${message}`);
}

/** The open run of that name. Throws {@link CliError} when it has ended. */
export async function openRun(context: Context, name: string): Promise<KnownRun> {
  const run = await findDecommission(context.temporal, name);
  if (!run.open) throw hasEnded(name, context.run(run));
  return run;
}

export function hasEnded(name: string, ref: RunRef): CliError {
  const command = decommissionCommand('report', name);
  const message = `the run ${name} has ended. To read its report: ${command}`;
  return new CliError(EXIT.starterFailed, 'NoOpenRun', message, ref);
}

interface Shown {
  /** The command that shows it need not be named as a next step. */
  but?: string;
  /** The ids of the run have been printed. */
  isAbove?: boolean;
  /** What there is to approve: it says more than the status. */
  plan?: JoinedPlan | null;
}

/** Shows a run: headline, state, ids, what can be done. */
export function showStatus(
  status: DecommissionStatus,
  ref: RunRef,
  output: Output,
  { but, isAbove = false, plan = null }: Shown = {},
): void {
  const page = pageOf(output);
  output.say([
    page.colors.bold(headText(status)),
    ...(plan === null ? statusLines(status, page) : planSummary(plan, page)),
    ...(isAbove ? [] : runLines(ref)),
    ...stepLines(decommissionSteps(status, but), page),
  ]);
  output.document({ ...ref, ...status });
}

/** Ends a wait in which nothing has come for as long as a starter waits for workers. */
export class Patience {
  over = false;
  /** Resolves when it is over. */
  readonly ended: Promise<void>;
  private timer: NodeJS.Timeout | undefined;
  private end = () => {};

  constructor(private readonly ms: number = FOLLOW_LIMITS.silentMs) {
    this.ended = new Promise((resolve) => {
      this.end = () => {
        this.over = true;
        resolve();
      };
    });
    this.renew();
  }

  /** Something has come. */
  renew(): void {
    this.stop();
    this.timer = setTimeout(this.end, this.ms);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

/** @param known what is known of the message, as a sentence */
export async function unanswered(
  context: Context,
  run: KnownRun,
  known: string,
  output: Output,
): Promise<CliError> {
  const ref = context.run(run);
  const silence = await silenceOf(context, run, ref, output);
  const why = silence?.text ?? 'Temporal does not answer';
  return new CliError(EXIT.starterFailed, 'NoAnswer', `${why}. ${known}`, { ...ref, ...silence?.document }, [
    ...runLines(ref),
    ...(silence?.lines ?? []),
  ]);
}

/** @param what the message, as people call it */
export function refusal(
  what: string,
  { type, message }: UpdateAnswer<DecommissionStatus> & { kind: 'failed' },
  ref: RunRef,
): CliError {
  const code =
    type === NOT_APPLICABLE
      ? EXIT.refused
      : type === FAILURE_TYPE.invalidInput
        ? EXIT.badInput
        : EXIT.starterFailed;
  return new CliError(code, type, `${what} refused: ${inCommands(clean(message))}`, ref, runLines(ref));
}
