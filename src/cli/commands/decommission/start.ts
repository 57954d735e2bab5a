/** `ecs-nics decommission start`: starts a run, uploads its list, and follows it until it needs a person. */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { DecommissionInput, DecommissionStatus, JoinedPlan, ListedServer } from '../../../contract';
import { loadList } from '../../../client/decommission/load';
import { findDecommission } from '../../../client/decommission/read';
import { readPlan } from '../../../client/decommission/join';
import { decommission } from '../../../client/decommission/request';
import type { KnownRun } from '../../../client/find';
import { reasonOf } from '../../../client/grpc';
import type { Started } from '../../../client/start';
import type { Counts, StartFlags, StartRequest } from '../../ask/decommission-request';
import { startFrom } from '../../ask/decommission-request';
import { oneArgument } from '../../ask/flags';
import type { List } from '../../ask/list/read-list';
import { readList, readProtected } from '../../ask/list/read-list';
import { decommissionOptions } from '../../ask/option-flags';
import { CliError } from '../../cli-error';
import type { Context } from '../../context';
import { pageOf, withTemporal } from '../../context';
import type { ExitCode } from '../../exit-codes';
import { EXIT } from '../../exit-codes';
import { plural } from '../../format';
import type { Output } from '../../output';
import type { CliCommand } from '../../program';
import { openDocument } from '../../show/documents';
import { runLines, stepLines } from '../../show/lines';
import { planSummary } from '../../show/decommission/plan';
import { decommissionTexts } from '../../show/decommission/start-texts';
import { decommissionCommand, decommissionSteps } from '../../show/decommission/steps';
import { findOrStart } from '../launch';
import { tell } from './control';
import { Patience, badInput, hasEnded, refusal, showStatus, unanswered } from './context';
import { exitCodeOfFleet, followFleet } from './follow';

/** Pages between two lines about an upload. */
const TOLD_PAGES = 25;

export async function start(words: readonly string[], flags: StartFlags, output: Output): Promise<ExitCode> {
  const { argument: file, unknown } = oneArgument(words, 'decommission start');
  const problems = [...unknown];
  const protect = await protectFrom(flags.protect, file, problems);
  const request = startFrom(flags, protect);
  const list = await listFrom(file, problems);
  problems.push(...request.problems, ...list.problems);
  if (problems.length > 0) throw badInput('nothing was started', problems);
  return withTemporal((context) => startFleet(context, request, list, flags.wait, output), {
    interruptible: true,
  });
}

async function listFrom(file: string | undefined, problems: string[]): Promise<List> {
  const none: List = { servers: [], notes: [], problems: [] };
  if (file === undefined) problems.push('<file>: missing; the list of servers, "-" is standard input');
  const bytes = await bytesOf('<file>', file, problems);
  if (bytes === null) return none;
  const list = readList(bytes);
  const from = file === '-' ? 'standard input' : file;
  return { ...list, problems: list.problems.map((problem) => `${from}: ${problem}`) };
}

async function protectFrom(
  file: string | undefined,
  list: string | undefined,
  problems: string[],
): Promise<string[]> {
  if (file === '-' && list === '-') {
    problems.push('--protect: "-" is the list already; give a file');
    return [];
  }
  const bytes = await bytesOf('--protect', file, problems);
  if (bytes === null) return [];
  const names = readProtected(bytes);
  // A file that protects nothing is a mistake: its author believes that it does.
  if (names === null) problems.push(`--protect: ${file} is not a text in UTF-8`);
  else if (names.length === 0)
    problems.push(`--protect: ${file} is empty; leave the flag out to protect nothing`);
  return names ?? [];
}

async function bytesOf(
  what: string,
  file: string | undefined,
  problems: string[],
): Promise<Uint8Array | null> {
  if (file === undefined) return null;
  try {
    return file === '-' ? await buffer(process.stdin) : await readFile(file);
  } catch (error) {
    problems.push(`${what}: ${file} can't be read: ${reasonOf(error)}`);
    return null;
  }
}

async function startFleet(
  context: Context,
  { run: name, input, approveIf }: StartRequest,
  { servers, notes }: List,
  wait: boolean,
  output: Output,
): Promise<ExitCode> {
  output.say(notes.map((note) => `note: ${note}`));
  const request = decommission(name, input, decommissionTexts(name, input, servers));
  const started = await begin(context, name, request, output);
  const run = await findDecommission(context.temporal, name);
  const ref = context.run(run);
  const title =
    started.kind === 'attached' ? `run ${name} is open already: attached to it` : `run ${name} started`;
  output.note([title, ...runLines(ref)]);
  await load(context, name, run, servers, output);
  if (!wait) {
    const steps = [
      { text: 'To follow it until the plan stands:', command: decommissionCommand('watch', name) },
      { text: 'To read the plan:', command: decommissionCommand('plan', name) },
    ];
    output.say(stepLines(steps, pageOf(output)));
    output.document(openDocument(ref, null));
    return EXIT.done;
  }
  const awaited = { ...run, startedAt: started.startedAt, startedByUsAt: started.startedByUsAt };
  let status = await followFleet(context, awaited, output, needsPerson);
  if (status.phase === 'planned') {
    const problem = whyNotApproved(status, input.maxServers, approveIf);
    if (problem !== null) throw await notApproved(context, run, status, problem, output);
    if (approveIf !== null) {
      await approve(context, run, status, input, output);
      status = await followFleet(context, awaited, output, needsPerson);
    }
  }
  const isAbove = awaited.runId === run.runId;
  const plan = status.phase === 'planned' ? await planOf(context, awaited) : null;
  output.note('');
  showStatus(status, context.run(awaited), output, { isAbove, plan });
  return exitCodeOfFleet(status);
}

/** Nothing goes on by itself, or only after the undo window. */
function needsPerson({ phase }: DecommissionStatus): boolean {
  return phase === 'planned' || phase === 'paused' || phase === 'stopped' || phase === 'undo-window';
}

async function begin(
  context: Context,
  name: string,
  request: ReturnType<typeof decommission>,
  output: Output,
): Promise<Started> {
  const started = await findOrStart(context, request, decommissionCommand('status', name), output);
  if (started.kind !== 'other') return started;
  const ref = context.run(started);
  const message = `another run ${name} is open, with other settings; nothing was started. Choose another name, or the same settings.`;
  throw new CliError(EXIT.refused, 'DifferentRequest', message, ref, runLines(ref));
}

/** Uploads the list, or what is left of it. */
async function load(
  context: Context,
  name: string,
  run: KnownRun,
  servers: readonly ListedServer[],
  output: Output,
): Promise<void> {
  const patience = new Patience();
  const until = Promise.race([context.interrupted, patience.ended]);
  const onPage = (loaded: number, pages: number) => {
    patience.renew();
    if (loaded === pages || loaded % TOLD_PAGES === 0)
      output.note(`list: ${loaded} of ${plural(pages, 'page')} loaded`);
  };
  const answer = await loadList(context.temporal, run, servers, { until, onPage }).finally(() =>
    patience.stop(),
  );
  const ref = context.run(run);
  const again = 'The list is not loaded completely: the same command again goes on where it stopped.';
  switch (answer.kind) {
    case 'done':
      output.note(`list: ${plural(servers.length, 'server')} in all`);
      return;
    case 'failed': {
      const refused = refusal('the list was', answer, ref);
      throw refused.with({
        message: `${refused.message.replace(/\.$/, '')}. A run's list never changes: choose another --run for another list.`,
      });
    }
    case 'closed':
      throw hasEnded(name, ref);
    case 'interrupted':
      if (patience.over) throw await unanswered(context, run, again, output);
      throw new CliError(EXIT.interrupted, 'Interrupted', `interrupted. ${again}`, ref, runLines(ref));
  }
}

/** `null`: it can be approved, and if it may be without a person, it has the counts that were told. */
function whyNotApproved(
  { servers, nics, next }: DecommissionStatus,
  maxServers: number,
  told: Counts | null,
): string | null {
  if (servers > maxServers)
    return `the plan can't be approved: it has ${plural(servers, 'server')}, and --max-servers is ${maxServers}.`;
  if (!next.includes('approve')) return "the plan can't be approved any more: it has expired.";
  if (told === null || (servers === told.servers && nics === told.nics)) return null;
  return `not approved: the plan has servers=${servers},nics=${nics}, and --approve-if says servers=${told.servers},nics=${told.nics}.`;
}

async function approve(
  context: Context,
  run: KnownRun,
  { run: name, digest, servers, nics }: DecommissionStatus,
  { requestedBy = '', reason = '' }: DecommissionInput,
  output: Output,
): Promise<void> {
  const argument = { digest: digest ?? '', servers, nics, by: requestedBy, reason };
  await tell(context, run, name, 'approve', argument, output);
  output.say(`approved as told: servers=${servers},nics=${nics}, digest ${digest ?? ''}`);
}

async function notApproved(
  context: Context,
  run: KnownRun,
  status: DecommissionStatus,
  message: string,
  output: Output,
): Promise<CliError> {
  const page = pageOf(output);
  const plan = await planOf(context, run);
  if (plan !== null) output.say(['', ...planSummary(plan, page)]);
  const ref = context.run(run);
  return new CliError(EXIT.refused, 'NotApproved', message, { ...ref, ...status }, [
    ...runLines(ref),
    ...stepLines(decommissionSteps(status), page),
  ]);
}

/** Who approves a plan must have seen it. `null`: no worker has answered. */
async function planOf(
  context: Context,
  run: Pick<KnownRun, 'workflowId' | 'runId' | 'taskQueue'>,
): Promise<JoinedPlan | null> {
  return (await readPlan(context.temporal, run)).document;
}

export const command: CliCommand<StartFlags> = {
  description:
    'Starts a decommission run: uploads the list, lets every server be inspected, and shows the plan. Nothing is ' +
    'deleted before approve. Waits until the run needs a person, or has ended.',
  examples: ['decommission start servers.jsonl --run purge-7 --max-servers 100'],
  usage: '<file> --run <name> --max-servers <n>\n         [options]',
  flags: (command) => {
    command.option('--run <name>', 'the name of the run: 1 to 64 of a-z 0-9 . _ -');
    decommissionOptions.declare(command);
    command
      .option('--approve-if <counts>', 'approve a plan with exactly these, e.g. servers=40,nics=120')
      .option('--no-wait', 'start, upload the list, and end')
      .option('--yes', 'accepted for scripts: start asks nothing, approve is the question');
  },
  takesAll: true,
  run: start,
  help: `
The list: JSON lines {"serverId","nics":[{"id"}]} (or "nics":"all"), CSV with
the header server_id,nic_id, or lines "server-id [nic-id...]" (no NIC: all but
the primary one). "#" begins a comment. One bad line, and nothing is started.

Exit codes:
    0  the plan stands; paused between waves; done; --no-wait started
    1  the starter failed: Temporal not reachable, no worker; says what is known
    2  bad command line, list or input; nothing was started
    3  ended with failures, or stopped by --max-errors
    4  another run of that name is open; or the plan can't be approved
    6  paused because the cloud refuses the worker, or ended from outside
    7  aborted
  130  interrupted while waiting; the run goes on`,
};
