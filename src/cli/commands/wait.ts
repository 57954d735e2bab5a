/** Follows a run to its end, shows it, and reports. It does not matter who started the run. */
import type { ResultDocument } from '../../contract';
import { formatDuration } from '../../contract';
import { reasonOf } from '../../client/grpc';
import type { Asked } from '../show/asked';
import type { Context } from '../context';
import { pageOf } from '../context';
import { endDocument, openDocument } from '../show/documents';
import { readBefore, takenOffBy } from '../../client/beside';
import type { Ending } from '../../client/ending';
import { CliError } from '../cli-error';
import type { ExitCode } from '../exit-codes';
import { EXIT, exitCodeInWindow, exitCodeOf } from '../exit-codes';
import type { FollowEnd, FollowedRun } from '../../client/follow';
import { followRun as followOnTemporal } from '../../client/follow';
import type { RunRef } from '../link';
import { endSteps, openSteps, windowSteps } from '../show/next-steps';
import type { Output } from '../output';
import { progressView } from '../show/progress';
import { runLines, stepLines } from '../show/lines';
import { endReport, openReport, whyLines } from '../show/report';
import { hintOf, mainReason, reasonText, reasonType, whyDocument } from '../../client/explain/silence';
import type { Beside } from '../show/beside';
import { besideDocument, NOTHING_BESIDE } from '../show/beside';
import { isInWindow, isNeverSeen, jobText, phaseText } from '../show/wording';

export interface AwaitedRun extends FollowedRun {
  serverId: string;
  firstRunId: string;
  startedAt: number;
  /** The ids and the link of the run have been printed. */
  announced: boolean;
  asked: Asked;
}

interface Habits {
  /** Stops waiting as soon as the verdicts stand: an undo window may be open for days. */
  untilWindow?: boolean;
}

export async function waitForEnd(
  context: Context,
  run: AwaitedRun,
  output: Output,
  { untilWindow = false }: Habits = {},
): Promise<ExitCode> {
  // What was not shown at the start is shown at the end.
  const announcedId = run.announced && !output.isMuted ? run.runId : null;
  const end = await followRun(
    context,
    run,
    output,
    context.interrupted,
    untilWindow ? isInWindow : undefined,
  );
  // Built after the wait: the run may have continued as new meanwhile.
  const ref = context.run(run);
  const isAbove = ref.runId === announcedId;
  switch (end.kind) {
    case 'closed':
      return reportEnd(
        end.ending,
        run,
        ref,
        isAbove,
        output,
        await besideOf(context, run, end.ending.document),
      );
    case 'enough':
      shown(
        output,
        exitCodeInWindow(end.document),
        openReport(end.document, isAbove ? null : ref, windowSteps(run.serverId), pageOf(output)),
      );
      output.document(openDocument(ref, end.document));
      return exitCodeInWindow(end.document);
    case 'interrupted':
    case 'silent':
    case 'lost':
      throw stoppedWaiting(context, end, ref, isAbove, run.serverId, output);
  }
}

/** Shows the run until it has closed, `stop` resolves, or its document is enough. */
export async function followRun(
  context: Context,
  run: AwaitedRun,
  output: Output,
  stop: Promise<unknown>,
  isEnough?: (document: ResultDocument) => boolean,
): Promise<FollowEnd> {
  const view = progressView(output, run.startedAt, { ...run, namespace: context.temporal.namespace });
  try {
    return await followOnTemporal(context.temporal, run, { view, until: stop, isEnough });
  } catch (error) {
    if (error instanceof CliError) throw error;
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
}

/** What other runs have to do with this end. The end itself is told also where that can't be read. */
export async function besideOf(
  { temporal }: Context,
  { serverId, asked }: Pick<AwaitedRun, 'serverId' | 'asked'>,
  document: ResultDocument | null,
): Promise<Beside> {
  const isPlan = asked.input?.dryRun === true;
  const unseen = (document?.nics ?? []).filter((nic) => document !== null && isNeverSeen(nic, document));
  const [before, takenOff] = await Promise.all([
    isPlan ? readBefore(temporal, serverId).catch(() => null) : null,
    asked.kind === 'delete' && unseen.length > 0
      ? takenOffBy(
          temporal,
          serverId,
          unseen.map(({ id }) => id),
        ).catch(() => null)
      : null,
  ]);
  return { before, takenOffBy: takenOff };
}

/** @param isAbove the ids of the run have been printed */
export function reportEnd(
  ending: Ending,
  { serverId, asked }: AwaitedRun,
  ref: RunRef,
  isAbove: boolean,
  output: Output,
  beside = NOTHING_BESIDE,
): ExitCode {
  const steps = endSteps(ending, { serverId, runId: ref.runId, asked }, beside);
  const code = exitCodeOf(ending);
  const lines = endReport(ending, isAbove ? null : ref, steps, pageOf(output), asked.kind, null, beside);
  shown(output, code, lines);
  output.document({ ...endDocument(ref, ending), ...besideDocument(beside) });
  return code;
}

/** A person who asked for the document alone is told all the same when something is wrong. */
function shown(output: Output, code: ExitCode, lines: readonly string[]): void {
  if (code === EXIT.done) output.say(lines);
  else output.warn(lines);
}

export type Stop = Exclude<FollowEnd, { kind: 'closed' | 'enough' }>;

/** @param known what else is known, in sentences */
export function stoppedWaiting(
  { temporal: { namespace } }: Context,
  end: Stop,
  run: RunRef,
  isAbove: boolean,
  serverId: string,
  output: Output,
  known: readonly string[] = [],
): CliError {
  const why = end.kind === 'silent' ? end.why : null;
  const page = pageOf(output);
  const where = { ...run, namespace };
  const lines = [
    ...lastKnown(end.document),
    why === null
      ? 'It is open and goes on by itself.'
      : 'It is open and goes on as soon as that is repaired.',
    ...known,
    // Without a terminal, standard error may go to another place than the lines printed before.
    ...(isAbove && output.live ? [] : runLines(run)),
    ...whyLines(why, where, page),
    ...stepLines(openSteps(serverId, undefined, end.document), page),
  ];
  const [code, type, message] = stopOf(end);
  const facts = why === null ? {} : whyDocument(why, where, namespace);
  return new CliError(code, type, message, { ...openDocument(run, end.document), ...facts }, lines);
}

function lastKnown(document: ResultDocument | null): string[] {
  if (document === null) return ['The run has not answered yet.'];
  return [
    `Last known: phase ${phaseText(document)}.`,
    ...document.jobs.slice(-1).map((job) => `Job ${jobText(job)}.`),
  ];
}

/** Exit code, type and message of a wait that has ended before the run. */
export function stopOf(
  end: Exclude<FollowEnd<unknown, unknown>, { kind: 'closed' | 'enough' }>,
): [ExitCode, string, string] {
  switch (end.kind) {
    case 'interrupted':
      return [EXIT.interrupted, 'Interrupted', 'stopped waiting; the run goes on.'];
    case 'silent': {
      const reason = mainReason(end.why);
      const message = `${reasonText(reason)} (for ${formatDuration(end.forMs)}); stopped waiting. ${hintOf(reason)}`;
      return [EXIT.starterFailed, reasonType(reason), message.trimEnd()];
    }
    case 'lost':
      return [
        EXIT.starterFailed,
        'TemporalUnreachable',
        `Temporal has not answered for ${formatDuration(end.forMs)} (${end.why}); stopped waiting.`,
      ];
  }
}
