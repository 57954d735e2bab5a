/** `ecs-nics delete` */
import type { DeleteServerNicsInput } from '../contract';
import { serverWorkflowId } from '../contract';
import { confirm } from './confirm';
import type { Context } from './context';
import { environmentProblems, listed, pageOf, withTemporal } from './context';
import { openDocument } from './documents';
import { CliError } from './errors';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import type { RunRef } from './link';
import { openSteps } from './next-steps';
import type { Output } from './output';
import { runLines, stepLines } from './report';
import type { DeleteFlags } from './request';
import { requestFrom, sortOut } from './request';
import type { Started } from './start';
import { startOrAttach } from './start';
import { waitForEnd } from './wait';

/** @param words what is on the command line beside the flags that are known */
export async function deleteNics(
  words: readonly string[],
  flags: DeleteFlags,
  output: Output,
): Promise<ExitCode> {
  const { serverId, unknown } = sortOut(words);
  const { input, problems } = requestFrom(serverId, flags);
  problems.unshift(...unknown);
  const interactive = process.stdin.isTTY === true && (output.live || process.stderr.isTTY === true);
  if (!interactive && flags.yes !== true && flags.dryRun !== true) {
    problems.push('--yes: required without a terminal, since nobody can be asked');
  }
  if (problems.length > 0) {
    // Who has to correct the command line may as well hear of the rest.
    const message = listed([...problems, ...environmentProblems()]);
    throw new CliError(EXIT.badInput, 'InvalidInput', `nothing was started: ${message}`);
  }
  if (flags.yes !== true && flags.dryRun !== true) {
    const answer = await confirm(input, output);
    if (answer !== 'yes') {
      const code = answer === 'interrupted' ? EXIT.interrupted : EXIT.badInput;
      throw new CliError(code, 'NotConfirmed', 'nothing was started.');
    }
  }
  return withTemporal((context) => startAndFollow(context, input, flags.wait, output), {
    interruptible: true,
  });
}

async function startAndFollow(
  context: Context,
  input: DeleteServerNicsInput,
  wait: boolean,
  output: Output,
): Promise<ExitCode> {
  const { serverId } = input;
  const starting = startOrAttach(context.temporal, context.taskQueue, input);
  const started = await Promise.race([starting, context.interrupted]);
  if (!started) {
    starting.catch(() => {});
    throw new CliError(
      EXIT.interrupted,
      'Interrupted',
      `interrupted while starting: the run may be open or not. ecs-nics status ${serverId} tells.`,
    );
  }
  const workflowId = serverWorkflowId(serverId);
  const ref = context.run({ workflowId, ...started });
  if (started.kind === 'other') throw otherRun(started, ref, serverId, output);
  output.say([announcement(started, input), ...runLines(ref)]);
  if (wait) return waitForEnd(context, { workflowId, serverId, input, announced: true, ...started }, output);
  output.say(stepLines(openSteps(serverId), pageOf(output)));
  output.document(openDocument(ref, null));
  return EXIT.done;
}

function announcement(started: Started, input: DeleteServerNicsInput): string {
  const what = input.dryRun === true ? 'dry run' : 'deletion';
  return started.kind === 'attached'
    ? `the same ${what} is already running for this server: attached to it`
    : `${what} started`;
}

function otherRun(
  started: Started & { kind: 'other' },
  run: RunRef,
  serverId: string,
  output: Output,
): CliError {
  return new CliError(
    EXIT.refused,
    'DifferentRequest',
    `another run (${started.type}) is open on this server, for a different request; nothing was started.`,
    run,
    [...runLines(run), ...stepLines(openSteps(serverId), pageOf(output))],
  );
}
