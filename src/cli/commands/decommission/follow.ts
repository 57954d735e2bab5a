/** Follows a decommission run, for `start` and `watch`: until it needs a person, or to its end. */
import type { DecommissionStatus } from '../../../contract';
import type { DecommissionEnding } from '../../../client/decommission/read';
import { followDecommission } from '../../../client/decommission/read';
import type { FollowEnd, FollowedRun } from '../../../client/follow';
import { reasonOf } from '../../../client/grpc';
import { CliError } from '../../cli-error';
import type { Context } from '../../context';
import { pageOf } from '../../context';
import type { ExitCode } from '../../exit-codes';
import { EXIT } from '../../exit-codes';
import type { Output } from '../../output';
import { runLines, stepLines } from '../../show/lines';
import { whyLines } from '../../show/report';
import { mainReason, hintOf, whyDocument } from '../../../client/explain/silence';
import { decommissionView } from '../../show/decommission/progress';
import { headText } from '../../show/decommission/status';
import { decommissionSteps } from '../../show/decommission/steps';
import { stopOf } from '../wait';

export interface AwaitedFleet extends FollowedRun {
  firstRunId: string;
  startedAt: number;
}

/** Its status when it was enough, or at its end. Throws {@link CliError} when waiting ends otherwise. */
export async function followFleet(
  context: Context,
  run: AwaitedFleet,
  output: Output,
  isEnough: (status: DecommissionStatus) => boolean,
): Promise<DecommissionStatus> {
  const { temporal } = context;
  const view = decommissionView(output, run.startedAt, { ...run, namespace: temporal.namespace });
  let end: FollowEnd<DecommissionStatus, DecommissionEnding>;
  try {
    end = await followDecommission(temporal, run, { view, until: context.interrupted, isEnough });
  } catch (error) {
    if (error instanceof CliError) throw error;
    const message = `the run can't be followed any more: ${reasonOf(error)}.`;
    const ref = context.run(run);
    throw new CliError(EXIT.starterFailed, 'LostRun', message, ref, runLines(ref), { cause: error });
  } finally {
    view.end();
  }
  if (end.kind === 'enough') return end.document;
  if (end.kind === 'closed') return documentOf(context, run, end.ending);
  throw stopped(context, run, end, output);
}

/** The document of a closed run. Throws {@link CliError} when it was ended from outside, or its input was refused. */
export function documentOf(
  context: Context,
  run: Pick<AwaitedFleet, 'workflowId' | 'runId' | 'firstRunId'>,
  ending: DecommissionEnding,
): DecommissionStatus {
  if (ending.document !== null) return ending.document;
  const ref = context.run(run);
  if (ending.kind === 'completed')
    throw new CliError(
      EXIT.starterFailed,
      'NoDocument',
      'the run has ended without a document.',
      ref,
      runLines(ref),
    );
  const { type, message } = ending;
  const isInput = type === 'InvalidInput';
  const text = isInput
    ? `the run has refused its input: ${message}`
    : `the run was ended from outside (${type}: ${message}); what was under way goes on, each server under its own run.`;
  const failure = { failure: { type, message } };
  const code = isInput ? EXIT.badInput : EXIT.needsPerson;
  throw new CliError(code, type, text, { ...ref, ...failure }, runLines(ref));
}

function stopped(
  { temporal: { namespace }, run: refOf }: Context,
  run: AwaitedFleet,
  end: Exclude<FollowEnd<DecommissionStatus, DecommissionEnding>, { kind: 'closed' | 'enough' }>,
  output: Output,
): CliError {
  const ref = refOf(run);
  const where = { ...ref, namespace };
  const why = end.kind === 'silent' ? end.why : null;
  const page = pageOf(output);
  const [code, type, message] = stopOf(end);
  const isOver = end.document?.phase === 'done';
  return new CliError(
    code,
    type,
    message,
    { ...ref, ...end.document, ...(why === null ? {} : whyDocument(why, where, namespace)) },
    [
      end.document === null ? 'The run has not answered yet.' : `Last known: ${headText(end.document)}.`,
      ...(why === null ? [] : [hintOf(mainReason(why))].filter(Boolean)),
      ...runLines(ref),
      ...whyLines(why, where, page),
      ...(end.document === null || isOver ? [] : stepLines(decommissionSteps(end.document), page)),
    ],
  );
}

/** Who waits learns how the run stands; `status` ends with 0 whatever it is. */
export function exitCodeOfFleet(status: DecommissionStatus): ExitCode {
  const { phase, outcome, failed, counts, reason } = status;
  if (phase === 'stopped') return EXIT.notDeleted;
  if (phase === 'planned') return status.next.includes('approve') ? EXIT.done : EXIT.refused;
  if (phase === 'paused') return isExpectedPause(status) ? EXIT.done : EXIT.needsPerson;
  if (outcome === 'invalid-input') return EXIT.badInput;
  if ((counts['restore-incomplete'] ?? 0) > 0 || (status.undone && outcome === 'incomplete'))
    return EXIT.needsPerson;
  if (outcome === 'undone') return EXIT.done;
  if (failed > 0 || (counts.failed ?? 0) + (counts.unknown ?? 0) > 0) return EXIT.notDeleted;
  // In its undo window a run has a reason if it was aborted.
  if (outcome === 'aborted' || (phase === 'undo-window' && reason !== null)) return EXIT.cancelled;
  return outcome === 'incomplete' ? EXIT.notDeleted : EXIT.done;
}

/** A person has paused it, or it waits between two waves; otherwise the cloud refuses the worker. */
function isExpectedPause({ by, betweenWaves }: DecommissionStatus): boolean {
  return by !== null || betweenWaves;
}
