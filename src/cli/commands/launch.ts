/** Starts a run, or attaches to the open run of the same request, and waits for its end. For deletions and restores. */
import type { Asked } from '../show/asked';
import type { Context } from '../context';
import { pageOf } from '../context';
import { openDocument } from '../show/documents';
import { CliError } from '../cli-error';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import { clean } from '../format';
import type { RunRef } from '../link';
import { openSteps } from '../show/next-steps';
import type { Output } from '../output';
import { askStatus } from '../../client/find';
import { runLines, stepLines } from '../show/lines';
import { whyLines } from '../show/report';
import { readWhy } from '../../client/silent';
import { mainReason, reasonText, whyDocument } from '../../client/explain/silence';
import type { StartRequest, Started } from '../../client/start';
import { findOpen, startOrAttach } from '../../client/start';
import type { AwaitedRun } from './wait';
import { waitForEnd } from './wait';
import { isInWindow, undoText } from '../show/wording';
import { untilWorkersPoll } from './await-workers';

export interface Launch {
  request: StartRequest;
  asked: Asked;
  /** For messages: `deletion`, `dry run`. */
  what: string;
  /** Lines shown below the ids of the run. */
  about: readonly string[];
  wait: boolean;
}

/** Another dry run on the server ends within seconds. */
const PLAN_MS = 60_000;
const PLAN_STEP_MS = 500;

export async function launch(context: Context, launch: Launch, output: Output): Promise<ExitCode> {
  const { asked, what, about, wait, request } = launch;
  const { run, ref, kind } = await begin(context, request, asked, output);
  const title =
    kind === 'attached'
      ? `the same ${what} is already running for this server: attached to it`
      : `${what} started`;
  output.note([title, ...runLines(ref), ...about]);
  if (wait) return waitForEnd(context, { ...run, announced: true }, output, { untilWindow: true });
  output.note(stepLines(request.isPlan ? [] : openSteps(run.serverId), pageOf(output)));
  output.document(openDocument(ref, null));
  return EXIT.done;
}

/**
 * Returns the run that serves the request. If there is none, waits for workers and starts one. Throws a
 * {@link CliError} when another run holds the server; a dry run waits for the end of another dry run instead.
 */
export async function begin(
  context: Context,
  request: StartRequest,
  asked: Asked,
  output: Output,
): Promise<{ run: AwaitedRun; ref: RunRef; kind: 'started' | 'attached' }> {
  const { serverId } = request.input;
  const until = Date.now() + PLAN_MS;
  for (;;) {
    const started = await findOrStart(context, request, `ecs-nics status ${serverId}`, output);
    const ref = context.run(started);
    if (started.kind !== 'other') {
      return { run: { serverId, asked, announced: false, ...started }, ref, kind: started.kind };
    }
    if (!request.isPlan || Date.now() >= until) throw await otherRun(context, started, ref, request, output);
    const pause = new Promise((resolve) => setTimeout(resolve, PLAN_STEP_MS));
    await orInterrupted(context, pause, 'interrupted; nothing was started.');
  }
}

/**
 * The run that is open under the id of the request. If there is none, waits for workers and starts one.
 * @param look command that shows the run
 */
export async function findOrStart(
  context: Context,
  request: StartRequest<object>,
  look: string,
  output: Output,
): Promise<Started> {
  const { temporal, taskQueue } = context;
  const open = await orInterrupted(context, findOpen(temporal, request), 'interrupted; nothing was started.');
  if (open !== null) return open;
  await untilWorkersPoll(context, output);
  return orInterrupted(
    context,
    startOrAttach(temporal, taskQueue, request),
    `interrupted while starting: the run may or may not be open. To see: ${look}`,
  );
}

/** Throws when the operator interrupts it. */
async function orInterrupted<T>(context: Context, work: Promise<T>, message: string): Promise<T> {
  work.catch(() => {});
  const interrupted = context.interrupted.then(() => {
    throw new CliError(EXIT.interrupted, 'Interrupted', message);
  });
  return Promise.race([work, interrupted]);
}

/** Reports which run holds the server, and what the operator can do about it. */
export async function otherRun(
  context: Context,
  run: { workflowId: string; runId: string; taskQueue: string; type: string },
  ref: RunRef,
  { input: { serverId }, isPlan }: Pick<StartRequest, 'isPlan'> & { input: { serverId: string } },
  output: Output,
): Promise<CliError> {
  const page = pageOf(output);
  const { temporal } = context;
  const where = { ...ref, namespace: temporal.namespace };
  const { document } = await askStatus(temporal, run);
  const why = document === null ? await readWhy(temporal, run).catch(() => null) : null;
  const undo = document !== null && isInWindow(document) ? undoText(document, page.now) : null;
  const sentences = [
    isPlan
      ? 'another dry run is open on this server, and does not end; nothing was started.'
      : `another run (${clean(run.type)}) is open on this server, for a different request; nothing was started.`,
    ...(undo === null ? [] : [`Its undo window is open: ${undo}.`]),
    ...(why === null ? [] : [`It does not answer: ${reasonText(mainReason(why))}.`]),
  ];
  return new CliError(
    isPlan ? EXIT.starterFailed : EXIT.refused,
    'DifferentRequest',
    sentences.join(' '),
    { ...ref, ...(why === null ? {} : whyDocument(why, where, where.namespace)) },
    [
      ...runLines(ref),
      ...whyLines(why, where, page),
      ...stepLines(isPlan ? [] : openSteps(serverId, undefined, document), page),
    ],
  );
}
