/** Follows a run to its end, shows it, and reports: the same for whoever started the run. */
import type { DeleteServerNicsInput, ResultDocument } from '../contract';
import { formatDuration } from '../contract';
import { reasonOf } from '../connection';
import type { Context } from './context';
import { pageOf } from './context';
import { endDocument, openDocument } from './documents';
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
import type { FollowedRun } from './run-source';
import { runSource } from './run-source';
import { jobText } from './wording';

export interface AwaitedRun extends FollowedRun {
  serverId: string;
  firstRunId: string;
  startedAt: number;
  /** Its ids and its link have been said. */
  announced: boolean;
  /** The request, when we know it. */
  input: DeleteServerNicsInput | null;
}

export async function waitForEnd(context: Context, run: AwaitedRun, output: Output): Promise<ExitCode> {
  const announcedId = run.announced ? run.runId : null;
  const view = progressView(output, run.startedAt);
  let end: FollowEnd;
  try {
    end = await follow(runSource(context.temporal, run), view, context.interrupted);
  } catch (error) {
    throw new CliError(
      EXIT.starterFailed,
      'LostRun',
      `the run can't be followed any more: ${reasonOf(error)}.`,
      context.run(run),
      runLines(context.run(run)),
      { cause: error },
    );
  } finally {
    view.end();
  }
  // Only now: the run may have continued as new meanwhile.
  const ref = context.run(run);
  const isAbove = ref.runId === announcedId;
  if (end.kind !== 'closed') throw stoppedWaiting(end, ref, isAbove, run.serverId, output);
  const { ending } = end;
  const steps = endSteps(ending, run.serverId, run.input);
  output.say(endReport(ending, isAbove ? null : ref, steps, pageOf(output)));
  output.document(endDocument(ref, ending));
  return exitCodeOf(ending);
}

function stoppedWaiting(
  end: Exclude<FollowEnd, { kind: 'closed' }>,
  run: RunRef,
  isAbove: boolean,
  serverId: string,
  output: Output,
): CliError {
  const goesOn = `It is open and goes on by itself${end.kind === 'no-worker' ? ' as soon as a worker polls' : ''}.`;
  const lines = [
    ...lastKnown(end.document),
    goesOn,
    // Standard error may well go elsewhere than what was said before.
    ...(isAbove && output.live ? [] : runLines(run)),
    ...stepLines(openSteps(serverId), pageOf(output)),
  ];
  const [code, type, message] = stopOf(end);
  return new CliError(code, type, message, openDocument(run, end.document), lines);
}

function lastKnown(document: ResultDocument | null): string[] {
  if (document === null) return ['The run has not answered yet.'];
  return [
    `Last known: phase ${document.phase}.`,
    ...document.jobs.slice(-1).map((job) => `Job ${jobText(job)}.`),
  ];
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
