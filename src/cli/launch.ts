/** Starts a run or attaches to the open one of the same request, and waits for it: of deletions and restores alike. */
import { serverWorkflowId } from '../contract';
import type { Asked } from './asked';
import type { Context } from './context';
import { pageOf } from './context';
import { openDocument } from './documents';
import { CliError } from './errors';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import type { RunRef } from './link';
import { openSteps } from './next-steps';
import type { Output } from './output';
import { askStatus } from './query';
import { runLines, stepLines } from './report';
import type { StartRequest } from './start';
import { startOrAttach } from './start';
import { waitForEnd } from './wait';
import { isInWindow, undoText } from './wording';

export interface Launch {
  request: StartRequest;
  asked: Asked;
  /** In words: `deletion`, `dry run`. */
  what: string;
  /** Lines below the ids of the run. */
  about: readonly string[];
  wait: boolean;
}

export async function launch(context: Context, launch: Launch, output: Output): Promise<ExitCode> {
  const { request, asked, what, about, wait } = launch;
  const { serverId } = request.input;
  const starting = startOrAttach(context.temporal, context.taskQueue, request);
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
  if (started.kind === 'other')
    throw await otherRun(context, { ...started, workflowId }, ref, serverId, output);
  const title =
    started.kind === 'attached'
      ? `the same ${what} is already running for this server: attached to it`
      : `${what} started`;
  output.say([title, ...runLines(ref), ...about]);
  const run = { workflowId, serverId, asked, announced: true, ...started };
  if (wait) return waitForEnd(context, run, output, { untilWindow: true });
  output.say(stepLines(openSteps(serverId), pageOf(output)));
  output.document(openDocument(ref, null));
  return EXIT.done;
}

/** The server is taken: by whom, and what can be done about it. */
export async function otherRun(
  context: Context,
  run: { workflowId: string; runId: string; taskQueue: string; type: string },
  ref: RunRef,
  serverId: string,
  output: Output,
): Promise<CliError> {
  const page = pageOf(output);
  const { document } = await askStatus(context.temporal, run);
  const undo = document !== null && isInWindow(document) ? undoText(document, page.now) : null;
  return new CliError(
    EXIT.refused,
    'DifferentRequest',
    `another run (${run.type}) is open on this server, for a different request; nothing was started.` +
      (undo === null ? '' : ` Its undo window is open: ${undo}.`),
    ref,
    [...runLines(ref), ...stepLines(openSteps(serverId, undefined, document), page)],
  );
}
