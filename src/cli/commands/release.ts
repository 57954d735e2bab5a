/** `ecs-nics release`: deletes ports that an earlier run has kept. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { ReleasePortsInput } from '../../contract';
import { WORKFLOW_TYPE, serverWorkflowId } from '../../contract';
import type { KeptPort } from '../../client/kept';
import { readKeptPorts } from '../../client/kept';
import { describe, firstRunOf, isOpenRun } from '../../client/find';
import { findOpen, release } from '../../client/start';
import { BY_WHOM_WORDS, declareByWhom, EXAMPLE, sortOut } from '../ask/flags';
import { releaseOptions } from '../ask/option-flags';
import type { ReleaseFlags, ReleaseRequest } from '../ask/release-request';
import { releaseCommand, releaseFrom } from '../ask/release-request';
import { CliError } from '../cli-error';
import type { Context } from '../context';
import { environmentProblems, listed, pageOf, withTemporal } from '../context';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import { clean, plural } from '../format';
import type { Output } from '../output';
import type { CliCommand } from '../program';
import { fact, indent, stepLines } from '../show/lines';
import { portsCommand } from '../show/release-steps';
import { releaseTexts } from '../show/start-texts';
import { agoText } from '../show/wording';
import { canAsk, question } from './confirm';
import { launch, otherRun } from './launch';
import { foldedFlags } from './nic-ids';
import { namedRun } from './restore-source';
import { readSaved } from './saved';

/** @param words arguments of the command line beside the known flags */
export async function releaseKept(
  words: readonly string[],
  flags: ReleaseFlags,
  output: Output,
): Promise<ExitCode> {
  const { serverId, unknown } = sortOut(words, 'release');
  const { folded, unread } = await foldedFlags(flags);
  const request = releaseFrom(serverId, folded, await readSaved(flags.document), unread);
  const problems = [...unknown, ...request.problems];
  if (!canAsk(output) && flags.yes !== true && flags.dryRun !== true)
    problems.push('--yes: required without a terminal, since nobody can be asked');
  if (problems.length > 0) {
    const message = listed([...problems, ...environmentProblems()]);
    throw new CliError(EXIT.badInput, 'InvalidInput', `nothing was started: ${message}`);
  }
  return withTemporal((context) => releaseAll(context, request, flags, output), { interruptible: true });
}

async function releaseAll(
  context: Context,
  request: ReleaseRequest,
  flags: ReleaseFlags,
  output: Output,
): Promise<ExitCode> {
  const sought = sourceOf(context, request, output);
  const found = await Promise.race([sought, context.interrupted]);
  if (!found) {
    sought.catch(() => {});
    throw new CliError(EXIT.interrupted, 'Interrupted', 'interrupted; nothing was started.');
  }
  const { from, lines } = found;
  const input: ReleasePortsInput = { ...request.input, from };
  const start = release(input, releaseTexts(input));
  // No question if the command attaches to an open run or cannot start one.
  const asks = flags.yes !== true && input.dryRun !== true;
  if (asks && (await findOpen(context.temporal, start)) === null) await ask(request, lines, output);
  return launch(
    context,
    {
      request: start,
      asked: {
        kind: 'release',
        input,
        source: 'runId' in from ? ['--run-id', from.runId] : request.source,
      },
      what: input.dryRun === true ? 'dry run of a release' : 'release',
      about: lines,
      wait: flags.wait,
    },
    output,
  );
}

async function ask(
  { input: { serverId, nics } }: ReleaseRequest,
  lines: readonly string[],
  output: Output,
): Promise<void> {
  output.ask([
    '',
    `Server  ${serverId}`,
    ...nics.map(({ id }) => `Port    ${id}`),
    ...lines,
    '',
    ...indent(
      'The ports are deleted, each after a look whether it is free and still what it was; this cannot be undone: ' +
        'what is put back later gets a new MAC, and its old IP address only if nobody has taken it.',
      pageOf(output),
      '',
    ),
    '',
  ]);
  const what = nics.length === 1 ? 'this port' : `these ${plural(nics.length, 'port')}`;
  const answer = await question(`Delete ${what}?`, output);
  if (answer === 'yes') return;
  const code = answer === 'interrupted' ? EXIT.interrupted : EXIT.badInput;
  throw new CliError(code, 'NotConfirmed', 'nothing was started.');
}

interface Found {
  from: ReleasePortsInput['from'];
  lines: string[];
}

async function sourceOf(context: Context, { input }: ReleaseRequest, output: Output): Promise<Found> {
  const { serverId, from, nics, dryRun } = input;
  // Its window has to be closed by its own messages, so nobody needs to search for what it keeps.
  if (dryRun !== true) await refuseOther(context, serverId, output);
  if (from !== null && 'document' in from) return { from, lines: [] };
  const workflowId = serverWorkflowId(serverId);
  if (from !== null)
    return { from: { workflowId, runId: await namedRun(context, serverId, from.runId) }, lines: [] };
  const kept = await readKeptPorts(context.temporal, serverId);
  const ids = nics.map(({ id }) => id);
  const found = kept.ports.filter(({ id }) => ids.includes(id));
  const [first] = found;
  const missing = ids.filter((id) => !found.some((port) => port.id === id));
  const holder = kept.held.find((held) => held.ids.some((id) => missing.includes(id)));
  if (holder !== undefined) throw heldBy(holder.run, workflowId, output);
  if (missing.length > 0 || first === undefined) {
    const unsure = kept.more || kept.unread.length > 0;
    throw nothingKept(serverId, workflowId, missing, unsure, output);
  }
  if (found.some(({ runId }) => runId !== first.runId))
    throw severalRuns(serverId, workflowId, found, output);
  return { from: { workflowId, runId: first.runId }, lines: aboutRun(first, output) };
}

/** A run that is open on the server, and no release, has the server to itself. */
async function refuseOther(context: Context, serverId: string, output: Output): Promise<void> {
  const workflowId = serverWorkflowId(serverId);
  const latest = await describe(context.temporal, workflowId).catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  });
  if (latest === null || !isOpenRun(latest) || latest.type === WORKFLOW_TYPE.releasePorts) return;
  const { runId, taskQueue, type } = latest;
  const ref = context.run({ workflowId, runId, firstRunId: firstRunOf(latest) });
  throw await otherRun(
    context,
    { workflowId, runId, taskQueue, type },
    ref,
    { input: { serverId }, isPlan: false },
    output,
  );
}

function aboutRun({ runId, endedAt, requestedBy }: KeptPort, output: Output): string[] {
  const page = pageOf(output);
  const ended = endedAt === null ? '' : `, ended ${agoText(endedAt, page.now)}`;
  const by = requestedBy === null ? '' : `, by ${clean(requestedBy)}`;
  return fact('kept by', `run ${runId}${ended}${by}`, page);
}

function nothingKept(
  serverId: string,
  workflowId: string,
  missing: readonly string[],
  unsure: boolean,
  output: Output,
): CliError {
  const which = missing.map((id) => `port ${id}`).join(', ');
  return new CliError(
    EXIT.badInput,
    'NothingToRelease',
    `nothing was started: no closed run on server ${serverId} is known to have kept ${which}` +
      `${unsure ? '; not every closed run could be read' : ''}.`,
    { workflowId },
    stepLines(
      [
        { text: 'To see which ports are kept:', command: portsCommand(serverId) },
        {
          text: 'To name the run, or its saved result (the document of --json):',
          command: releaseCommand({ serverId, nics: missing, source: ['--run-id', 'RUN'] }),
        },
      ],
      pageOf(output),
    ),
  );
}

function heldBy(run: string, workflowId: string, output: Output): CliError {
  return new CliError(
    EXIT.refused,
    'Held',
    `nothing was started: decommission run ${run} is open, and keeps these ports for its undo window.`,
    { workflowId },
    stepLines(
      [
        {
          text: 'To close its window now and for good, for all of its servers:',
          command: `ecs-nics decommission commit ${run} ${BY_WHOM_WORDS.join(' ')}`,
        },
      ],
      pageOf(output),
    ),
  );
}

/** One run reads the snapshots of one other. */
function severalRuns(
  serverId: string,
  workflowId: string,
  found: readonly KeptPort[],
  output: Output,
): CliError {
  const runs = [...new Set(found.map(({ runId }) => runId))];
  return new CliError(
    EXIT.badInput,
    'SeveralRuns',
    `nothing was started: ${runs.length} runs have kept these ports. Release those of each run by themselves:`,
    { workflowId },
    stepLines(
      runs.map((runId) => ({
        text: `Kept by run ${runId}:`,
        command: releaseCommand({
          serverId,
          nics: found.filter((port) => port.runId === runId).map(({ id }) => id),
          source: ['--run-id', runId],
        }),
      })),
      pageOf(output),
    ),
  );
}

export const command: CliCommand<ReleaseFlags> = {
  description:
    'Deletes ports that a closed run has kept, each after the look that the end of an undo window makes: one that ' +
    'is in use, or no longer what it was, is left. Without --run-id or --document it uses the last run that has kept them.',
  examples: [`release ${EXAMPLE.server} --nic ${EXAMPLE.nic} ${EXAMPLE.byWhom}`],
  usage: '<server-id> --nic <id>... --by <who> --reason <text>',
  flags: (command) => {
    command.option('--nic <port-id...>', 'a kept port; may be repeated');
    command.option('--run-id <id>', 'the run that has kept them');
    command.option(
      '--document <file>',
      'its saved result instead: what --json has printed ("-": standard input)',
    );
    releaseOptions.declare(command);
    declareByWhom(command, 'shown with the run');
    command.option('--no-wait', 'start only');
    command.option('--yes', "don't ask; required without a terminal");
  },
  takesAll: true,
  run: releaseKept,
  help: `
Exit codes:
    0  the ports are gone; dry run; --no-wait
    1  the starter failed: Temporal not reachable, no worker; says what is known
    2  bad command line, environment or input, or no run has kept these ports
    3  finished, some port was left: its NIC is back on the server, it is in
       use, or it was changed
    4  refused, and nothing was deleted, or another run is open on the server
    6  needs a person: the outcome is not known
    7  cancelled; what was deleted stays deleted
  130  interrupted while waiting; the run goes on`,
};
