/** `ecs-nics status` */
import { askedOf } from '../show/asked';
import type { CliCommand } from '../program';
import { checkServerId, pageOf, withTemporal } from '../context';
import type { Context } from '../context';
import { endDocument, openDocument } from '../show/documents';
import { readEnding } from '../../client/ending';
import { CliError } from '../cli-error';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import type { KnownRun } from '../../client/find';
import { askStatus, findRun } from '../../client/find';
import { endSteps, openSteps } from '../show/next-steps';
import type { Output } from '../output';
import { endReport, openReport, silentReport } from '../show/report';
import { readSilent } from '../../client/silent';
import { mainReason, reasonText, reasonType, whyDocument } from '../show/silent-texts';

export async function status(serverId: string, output: Output): Promise<ExitCode> {
  checkServerId(serverId);
  return withTemporal(async (context) => {
    const run = await findRun(context.temporal, serverId);
    await (run.open ? showOpen : showClosed)(context, serverId, run, output);
    return EXIT.done;
  });
}

async function showOpen(context: Context, serverId: string, run: KnownRun, output: Output): Promise<void> {
  const ref = context.run(run);
  const answer = await askStatus(context.temporal, run);
  const steps = openSteps(serverId, 'status', answer.document);
  if (answer.document !== null) {
    output.say(openReport(answer.document, ref, steps, pageOf(output)));
    output.document(openDocument(ref, answer.document));
    return;
  }
  // Temporal also knows something about the run, but that is not the status that was asked for.
  const silent = await readSilent(context.temporal, serverId, run);
  const { namespace } = context.temporal;
  const where = { ...ref, namespace };
  output.say(silentReport(silent, where, steps, pageOf(output)));
  const reason = mainReason(silent);
  const message =
    reason.kind === 'no-answer' ? `${reasonText(reason)} (${answer.why}).` : `${reasonText(reason)}.`;
  const known = { ...ref, ...silent, ...whyDocument(silent, where, namespace) };
  throw new CliError(EXIT.starterFailed, reasonType(reason), message, known);
}

async function showClosed(context: Context, serverId: string, run: KnownRun, output: Output): Promise<void> {
  const ending = await readEnding(context.temporal, run);
  const ref = context.run(run);
  const asked = askedOf(run.description.type);
  const steps = endSteps(ending, { serverId, runId: ref.runId, asked });
  output.say(endReport(ending, ref, steps, pageOf(output), asked.kind));
  output.document(endDocument(ref, ending));
}

export const command: CliCommand<unknown> = {
  description:
    'Shows the current or last run on a server, without a worker as far as Temporal knows it. ' +
    'Exit code 0 when the status could be shown, whatever it is; 1 when an open run does not answer.',
  run: ([serverId = ''], _flags, output) => status(serverId, output),
};
