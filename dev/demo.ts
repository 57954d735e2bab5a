/** `npm run demo`: the product in under a minute, each step checked against the simulated cloud's ledger. */
import pc from 'picocolors';
import type { ResultDocument } from '../src/contract/types';
import { startStack } from './stack';
import type { Stack } from './stack';

/** Short waits, so that the story fits into a minute; the defaults are made for a real cloud. */
const TIMING = JSON.stringify({
  firstPoll: '2s',
  pollInterval: '2s',
  settle: '2s',
  verifyFor: '5s',
  busyWait: '2s',
});
const JOB_SECONDS = 4;

interface ServerView {
  id: string;
  name: string;
  nics: { id: string; ip: string; primary: boolean }[];
}
interface Ledger {
  summary: { acceptedSubmissions: number; nicsDetached: number };
  requests: { class: string }[];
}
type Answer = Partial<ResultDocument> & { url?: string; failure?: { type: string; message: string } };

const failures: string[] = [];

async function main(): Promise<void> {
  say(pc.bold('ecs-nics: a demonstration against a simulated cloud'));
  const stack = await startStack({ label: 'demo' });
  try {
    say(`Temporal   ${stack.temporal.address} (${stack.temporal.origin})`);
    say(`Task queue ${stack.taskQueue}, which no real request can reach`);
    await tell(stack);
  } finally {
    await stack.close();
  }
  if (failures.length > 0) {
    say(pc.red(`\nThe demonstration failed:\n${failures.map((failure) => `  - ${failure}`).join('\n')}`));
    process.exitCode = 1;
    return;
  }
  say(
    `\n${pc.green('Everything was as told.')} \`npm run dev\` keeps the same stack up to look at it in the Web UI.`,
  );
}

async function tell(stack: Stack): Promise<void> {
  const server = await stack.simulator.post<ServerView>('/_sim/servers', {
    name: 'web-01',
    nics: 4,
    jobSeconds: JOB_SECONDS,
  });
  const primary = server.nics.find((nic) => nic.primary);
  const [first, second, third] = server.nics.filter((nic) => !nic.primary);
  if (!primary || !first || !second || !third) throw new Error('the simulator gave no server with four NICs');
  say(`Server     web-01 (${server.id}) with four NICs`);

  title('1', 'A dry run: looks, checks, changes nothing');
  const planned = await run(stack, server.id, [first.id, second.id], ['--dry-run']);
  expect(planned.code === 0 && planned.answer.outcome === 'planned', 'the dry run ends as planned', planned);
  expect(
    (await ledger(stack)).requests.every(({ class: kind }) => kind !== 'delete'),
    'nothing was sent',
  );

  title('2', 'Two NICs deleted, with the real starter and its live progress');
  const live = stack.startStarter([
    ...['delete', server.id, '--nic', first.id, '--nic', second.id],
    ...['--yes', '--timing', TIMING, '--requested-by', 'demo', '--reason', 'demonstration'],
  ]);
  live.onLine('stdout', (line) => say(pc.dim(`  ${line}`)));
  const ended = await live.finished;
  expect(ended.code === 0, 'the starter ends with exit code 0', ended.stderr);
  expect((await ledger(stack)).summary.nicsDetached === 2, 'the ledger knows of two deletions');

  title('3', 'The answer to a submission is lost on the way');
  await stack.simulator.post('/_sim/faults', {
    match: { class: 'delete', serverId: server.id },
    what: { kind: 'drop', accepted: true },
    times: 1,
  });
  say('  The cloud accepts, and the connection breaks. Was it accepted? The run looks, twice,');
  say('  and sends nothing again.');
  const lost = await run(stack, server.id, [third.id], ['--timing', TIMING]);
  expect(
    lost.code === 0 && lost.answer.outcome === 'deleted',
    'the run finds out that the NIC is deleted',
    lost,
  );
  verdicts(lost.answer);
  const posts = (await ledger(stack)).requests.filter(({ class: kind }) => kind === 'delete').length;
  expect(posts === 2, `two submissions in all, none repeated (${posts})`);

  title('4', 'The primary NIC is never touched');
  const refused = await run(stack, server.id, [primary.id], ['--timing', TIMING]);
  expect(
    refused.code === 4 && refused.answer.failure?.type === 'Refused',
    'refused with exit code 4',
    refused,
  );
  say(pc.dim(`  ${refused.answer.failure?.message ?? ''}`));

  title('5', 'What the cloud’s own ledger says');
  const { summary } = await ledger(stack);
  const broken = await stack.simulator.get<{ violations: unknown[] }>('/_sim/invariants');
  say(
    `  effective deletions: ${summary.nicsDetached} · accepted submissions: ${summary.acceptedSubmissions}`,
  );
  expect(
    summary.nicsDetached === 3 && summary.acceptedSubmissions === 2,
    'each of the three NICs deleted once',
  );
  expect(broken.violations.length === 0, 'no rule broken', broken);
  if (lost.answer.url) say(`\nThe last run in the Web UI (while the stack is up): ${lost.answer.url}`);
}

async function run(
  stack: Stack,
  serverId: string,
  nicIds: string[],
  more: string[],
): Promise<{ code: number | null; answer: Answer; stderr: string }> {
  const nics = nicIds.flatMap((id) => ['--nic', id]);
  const { code, stdout, stderr } = await stack.starter([
    'delete',
    serverId,
    ...nics,
    '--yes',
    '--json',
    ...more,
  ]);
  return { code, answer: stdout === '' ? {} : (JSON.parse(stdout) as Answer), stderr };
}

function ledger(stack: Stack): Promise<Ledger> {
  return stack.simulator.get<Ledger>('/_sim/ledger');
}

function verdicts({ nics = [] }: Answer): void {
  for (const nic of nics) say(`  ${nic.id} ${nic.ip ?? ''} ${pc.bold(nic.outcome)}`);
}

function expect(holds: boolean, what: string, otherwise?: unknown): void {
  say(`  ${holds ? pc.green('✔') : pc.red('✘')} ${what}`);
  if (!holds)
    failures.push(
      `${what}${otherwise === undefined ? '' : `: ${JSON.stringify(otherwise).slice(0, 2_000)}`}`,
    );
}

function title(number: string, text: string): void {
  say(`\n${pc.bold(`${number}. ${text}`)}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
