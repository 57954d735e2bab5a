/** `ecs-nics status` */
import { checkServerId, pageOf, withTemporal } from './context';
import type { Context } from './context';
import { endDocument } from './delete';
import { CliError } from './errors';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import type { KnownRun } from './lookup';
import { askStatus, endingOf, findRun } from './lookup';
import { endSteps, openSteps } from './next-steps';
import type { Output } from './output';
import { endReport, openReport, runLines, stepLines } from './report';

export async function status(serverId: string, output: Output): Promise<ExitCode> {
  checkServerId(serverId);
  return withTemporal(async (context) => {
    const run = await findRun(context.temporal, serverId);
    await (run.open ? showOpen : showClosed)(context, serverId, run, output);
    return EXIT.done;
  });
}

async function showOpen(context: Context, serverId: string, run: KnownRun, output: Output): Promise<void> {
  const ref = context.run(run.workflowId, run.runId);
  const answer = await askStatus(context.temporal, run);
  if (answer.document === null) {
    throw new CliError(
      EXIT.starterFailed,
      'NoAnswer',
      `the run is open since ${run.startedAt.toISOString()} but does not answer (${answer.why}).`,
      ref,
      [
        `Is a worker polling task queue ${run.taskQueue}? The run goes on as soon as one does.`,
        ...runLines(ref),
        ...stepLines(openSteps(serverId, null), pageOf(output)),
      ],
    );
  }
  output.say(openReport(answer.document, ref, openSteps(serverId, null).slice(1), pageOf(output)));
  output.document(answer.document);
}

async function showClosed(context: Context, serverId: string, run: KnownRun, output: Output): Promise<void> {
  const ref = context.run(run.workflowId, run.runId);
  const ending = await endingOf(context.temporal, run);
  output.say(endReport(ending, ref, endSteps(ending, serverId, null), pageOf(output)));
  // A run that left no document is told with what there is.
  output.document(ending.document ?? endDocument(ref, ending));
}
