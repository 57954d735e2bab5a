/** `ecs-nics status` */
import { askedOf } from '../show/asked';
import { decommissionOf } from '../../contract/decommission/names';
import { quoted } from '../../contract/text';
import { isUuid } from '../../contract/values';
import { foldedId } from '../ids';
import type { CliCommand } from '../program';
import { BY_WHOM_WORDS, EXAMPLE } from '../ask/flags';
import { clean, shellQuote } from '../format';
import { checkServerId, pageOf, withTemporal } from '../context';
import type { Context } from '../context';
import { endDocument, openDocument } from '../show/documents';
import type { Asker } from '../../contract';
import type { Ending } from '../../client/ending';
import { readEnding } from '../../client/ending';
import { CliError } from '../cli-error';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import type { KnownRun } from '../../client/find';
import { askStatus, findRun, findRunById, readAsker } from '../../client/find';
import { endSteps, openSteps } from '../show/next-steps';
import type { Output } from '../output';
import type { Step } from '../show/lines';
import { endReport, openReport, silentReport } from '../show/report';
import { readSilent } from '../../client/silent';
import { mainReason, reasonText, reasonType, whyDocument } from '../../client/explain/silence';

export interface StatusFlags {
  runId?: string;
}

export async function status(typed: string, { runId }: StatusFlags, output: Output): Promise<ExitCode> {
  const serverId = checkServerId(typed);
  const wanted = runId === undefined ? null : runIdFrom(runId);
  return withTemporal(async (context) => {
    const { temporal } = context;
    const run =
      wanted === null ? await findRun(temporal, serverId) : await findRunById(temporal, serverId, wanted);
    await (run.open ? showOpen : showClosed)(context, serverId, run, output);
    return EXIT.done;
  });
}

function runIdFrom(typed: string): string {
  const runId = foldedId(typed);
  if (isUuid(runId)) return runId;
  const message = `--run-id: ${quoted(typed)} is not the id of a run; ecs-nics list --json names them`;
  throw new CliError(EXIT.badInput, 'InvalidInput', message);
}

async function showOpen(context: Context, serverId: string, run: KnownRun, output: Output): Promise<void> {
  const ref = context.run(run);
  const answer = await askStatus(context.temporal, run);
  const steps = [...fleetSteps(run, serverId), ...openSteps(serverId, 'status', answer.document)];
  const asker = await readAsker(context.temporal, run, answer.document).catch(() => NOBODY);
  if (answer.document !== null) {
    const document = { ...answer.document, ...asker };
    output.say(openReport(document, ref, steps, { ...pageOf(output), witnesses: true }));
    output.document(openDocument(ref, document));
    return;
  }
  // Temporal also knows something about the run, but that is not the status that was asked for.
  const silent = await readSilent(context.temporal, serverId, run);
  const { namespace } = context.temporal;
  const where = { ...ref, namespace };
  output.say(silentReport(silent, where, steps, { ...pageOf(output), witnesses: true }, asker));
  const reason = mainReason(silent);
  const message =
    reason.kind === 'no-answer' ? `${reasonText(reason)} (${answer.why}).` : `${reasonText(reason)}.`;
  const known = { ...ref, ...silent, ...asker, ...whyDocument(silent, where, namespace) };
  throw new CliError(EXIT.starterFailed, reasonType(reason), message, known);
}

async function showClosed(context: Context, serverId: string, run: KnownRun, output: Output): Promise<void> {
  const found = await readEnding(context.temporal, run);
  const asker = await readAsker(context.temporal, run, found.document).catch(() => NOBODY);
  const ending = withAsker(found, asker);
  const ref = context.run(run);
  const asked = askedOf(run.description.type);
  const steps = [...fleetSteps(run, serverId), ...endSteps(ending, { serverId, runId: ref.runId, asked })];
  output.say(endReport(ending, ref, steps, { ...pageOf(output), witnesses: true }, asked.kind, asker));
  output.document({ ...asker, ...endDocument(ref, ending) });
}

/** A decommission run decides what becomes of the ports that its servers' runs have kept. */
function fleetSteps({ description }: KnownRun, serverId: string): Step[] {
  const fleet = decommissionOf(description.parentExecution?.workflowId ?? '')?.run;
  if (fleet === undefined) return [];
  const name = shellQuote(fleet);
  return [
    {
      text: `This server is one of decommission run ${clean(fleet)}, which deletes what has been kept at the end of its own window. To see it:`,
      command: `ecs-nics decommission status ${name}`,
    },
    {
      text: 'To have it put this server back:',
      command: `ecs-nics decommission undo ${name} --server ${serverId} ${BY_WHOM_WORDS.join(' ')}`,
    },
  ];
}

/** The request could not be read. */
const NOBODY: Asker = { requestedBy: null, reason: null };

/** The document of a run of an older release does not say it. */
function withAsker(ending: Ending, asker: Asker): Ending {
  if (ending.kind === 'ended-from-outside' || ending.document === null) return ending;
  return { ...ending, document: { ...ending.document, ...asker } };
}

export const command: CliCommand<StatusFlags> = {
  description:
    'Shows the current or last run on a server, without a worker as far as Temporal knows it. ' +
    'Exit code 0 when the status could be shown, whatever it is; 1 when an open run does not answer.',
  examples: [`status ${EXAMPLE.server}`],
  flags: (command) => command.option('--run-id <id>', 'this run, also a closed one or a dry run'),
  run: ([serverId = ''], flags, output) => status(serverId, flags, output),
};
