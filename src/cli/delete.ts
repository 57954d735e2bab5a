/** `ecs-nics delete` */
import type { DeleteServerNicsInput } from '../contract';
import { formatDuration, serverWorkflowId } from '../contract';
import { reasonOf } from '../connection';
import { confirm } from './confirm';
import type { Context } from './context';
import { onInterrupt, pageOf, withTemporal } from './context';
import type { Ending } from './ending';
import { CliError } from './errors';
import type { ExitCode } from './exit-codes';
import { EXIT, exitCodeOf } from './exit-codes';
import type { FollowEnd } from './follow';
import { follow } from './follow';
import type { RunRef } from './link';
import { endSteps, openSteps } from './next-steps';
import type { Output } from './output';
import { progressView } from './progress';
import { endReport, runLines, stepLines } from './report';
import type { DeleteFlags } from './request';
import { requestFrom } from './request';
import { runSource } from './run-source';
import type { Started } from './start';
import { startOrAttach } from './start';

export async function deleteNics(
  serverId: string | undefined,
  flags: DeleteFlags,
  output: Output,
): Promise<ExitCode> {
  const { input, problems } = requestFrom(serverId, flags);
  const interactive = process.stdin.isTTY === true && (output.live || process.stderr.isTTY === true);
  if (!interactive && flags.yes !== true && flags.dryRun !== true) {
    problems.push('--yes: required without a terminal, since nobody can be asked');
  }
  if (problems.length > 0) {
    const message =
      problems.length === 1 ? problems[0] : problems.map((problem) => `\n  - ${problem}`).join('');
    throw new CliError(EXIT.badInput, 'InvalidInput', `nothing was started: ${message}`);
  }
  if (flags.yes !== true && flags.dryRun !== true) {
    const answer = await confirm(input, output);
    if (answer !== 'yes') {
      const code = answer === 'interrupted' ? EXIT.interrupted : EXIT.badInput;
      throw new CliError(code, 'NotConfirmed', 'nothing was started.');
    }
  }
  const interrupt = onInterrupt();
  try {
    return await withTemporal(
      (context) => startAndFollow(context, input, flags, output, interrupt.promise),
      interrupt.promise,
    );
  } finally {
    interrupt.off();
  }
}

async function startAndFollow(
  context: Context,
  input: DeleteServerNicsInput,
  flags: DeleteFlags,
  output: Output,
  interrupted: Promise<void>,
): Promise<ExitCode> {
  const starting = startOrAttach(context.temporal, context.taskQueue, input);
  const started = await Promise.race([starting, interrupted]);
  if (!started) {
    starting.catch(() => {});
    throw new CliError(
      EXIT.interrupted,
      'Interrupted',
      `interrupted while starting: the run may be open or not. ecs-nics status ${input.serverId} tells.`,
    );
  }
  const run = context.run(serverWorkflowId(input.serverId), started.runId);
  if (started.kind === 'other') throw otherRun(started, run, input, output);
  announce(started, run, input, output);
  if (flags.wait) return wait(context, started, run, input, output, interrupted);
  output.say(stepLines(openSteps(input.serverId, input), pageOf(output)));
  output.document(run);
  return EXIT.done;
}

function announce(started: Started, run: RunRef, input: DeleteServerNicsInput, output: Output): void {
  const what = input.dryRun === true ? 'dry run' : 'deletion';
  output.say([
    started.kind === 'attached'
      ? `the same ${what} is already running for this server: attached to it`
      : `${what} started`,
    ...runLines(run),
  ]);
}

function otherRun(
  started: Started & { kind: 'other' },
  run: RunRef,
  input: DeleteServerNicsInput,
  output: Output,
): CliError {
  return new CliError(
    EXIT.refused,
    'DifferentRequest',
    `another run (${started.type}) is open on this server, for a different request; nothing was started.`,
    run,
    [...runLines(run), ...stepLines(openSteps(input.serverId, null), pageOf(output))],
  );
}

async function wait(
  { temporal }: Context,
  started: Exclude<Started, { kind: 'other' }>,
  run: RunRef,
  input: DeleteServerNicsInput,
  output: Output,
  interrupted: Promise<void>,
): Promise<ExitCode> {
  const source = runSource(temporal, {
    ...run,
    taskQueue: started.taskQueue,
    startedAt: started.kind === 'started' ? started.at : null,
  });
  const view = progressView(output, Date.now());
  let end: FollowEnd;
  try {
    end = await follow(source, view, interrupted);
  } catch (error) {
    throw new CliError(
      EXIT.starterFailed,
      'LostRun',
      `the run can't be followed any more: ${reasonOf(error)}.`,
      run,
      runLines(run),
      { cause: error },
    );
  } finally {
    view.end();
  }
  if (end.kind !== 'closed') throw stoppedWaiting(end, run, input, output);
  const { ending } = end;
  output.say(endReport(ending, run, endSteps(ending, input.serverId, input), pageOf(output)));
  output.document(endDocument(run, ending));
  return exitCodeOf(ending);
}

/** The one document of `delete --json`. */
export function endDocument(run: RunRef, ending: Ending): object {
  const document = ending.document ?? (ending.kind === 'cancelled' ? ending.totals : null) ?? {};
  const failure =
    ending.kind === 'failed' || ending.kind === 'ended-from-outside'
      ? { failure: { type: ending.type, message: ending.message } }
      : {};
  const open = ending.kind === 'ended-from-outside' && ending.open !== null ? { open: ending.open } : {};
  return { ...run, ...document, ...open, ...failure };
}

function stoppedWaiting(
  end: Exclude<FollowEnd, { kind: 'closed' }>,
  run: RunRef,
  input: DeleteServerNicsInput,
  output: Output,
): CliError {
  const { document } = end;
  const known =
    document === null
      ? 'The run has not answered yet'
      : `Last known: ${[`phase ${document.phase}`, ...document.jobs.slice(-1).map((job) => `job ${job.id} ${job.status}`)].join(', ')}`;
  const lines = [
    `${known}. It is open and goes on by itself${end.kind === 'no-worker' ? ' as soon as a worker polls' : ''}.`,
    ...runLines(run),
    ...stepLines(openSteps(input.serverId, input), pageOf(output)),
  ];
  const [code, type, first] = stopOf(end);
  return new CliError(code, type, first, { ...run, ...document }, lines);
}

function stopOf(end: Exclude<FollowEnd, { kind: 'closed' }>): [ExitCode, string, string] {
  switch (end.kind) {
    case 'interrupted':
      return [EXIT.interrupted, 'Interrupted', 'stopped waiting; the run goes on.'];
    case 'no-worker':
      return [
        EXIT.starterFailed,
        'NoWorker',
        `no worker polls task queue ${end.queues.join(' and ')} (${formatDuration(end.forMs)}); stopped waiting. ` +
          'Start a worker, or check ECS_NICS_TASK_QUEUE.',
      ];
    case 'lost':
      return [
        EXIT.starterFailed,
        'TemporalUnreachable',
        `Temporal has not answered for ${formatDuration(end.forMs)} (${end.why}); stopped waiting.`,
      ];
  }
}
