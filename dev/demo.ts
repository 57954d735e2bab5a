/**
 * `npm run demo`: deletes NICs of a simulated server through a real Temporal server, the real worker and the real starter,
 * and checks every step against the simulated cloud's ledger. Exit code 0 only if everything was as told.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ResultDocument } from '../src/contract/types';
import { closeOnSignals } from './closing';
import type { Ledger, SimServer, Truth } from './simulator';
import { tellDecommission } from './demo-decommission';
import { startStack } from './stack';
import type { Stack } from './stack';
import { Checks, pc, command, fact, heading, say, short, verdict } from './story';

/** Short waits: the simulated jobs take 6 s. Each can be set per run; real ones are learned or 10 s and more. */
const TIMING = { firstPoll: '3s', pollInterval: '3s', settle: '3s', verifyFor: '10s' };
const JOB_SECONDS = 6;
/** Far beyond the 10 s that the longest step takes. */
const STEP_LIMIT_MS = 90_000;

type Document = ResultDocument & { url: string; failure?: { type: string; message: string } };
interface Step {
  code: number | null;
  document: Document;
}

const HELP = `Usage: npm run demo [-- decommission]

Without an argument: NICs of one server are deleted, an answer gets lost, a
deletion is undone, and one is put back (a minute).
decommission: forty servers go, after a plan and an approval, in waves; failures
stop the run, and a person mends it (under two minutes).

Each starts its own Temporal server, simulated cloud and worker, checks every step
against the cloud's ledger, and ends with exit code 0 only if all was as told.
`;

const STORIES = {
  one: { title: 'deleting NICs of a simulated server', tell, workerEnv: {} },
  // An exact undo takes some 25 calls a server: at the default rate nobody would wait for forty of them.
  decommission: {
    title: 'deleting NICs of forty simulated servers',
    tell: tellDecommission,
    workerEnv: { ECS_NICS_CLOUD_RPS: '50' },
  },
};

/** `null`: help was asked for, or something that is no story. */
function storyOf(words: readonly string[]): (typeof STORIES)[keyof typeof STORIES] | null {
  if (words.length === 0) return STORIES.one;
  return words.length === 1 && words[0] === 'decommission' ? STORIES.decommission : null;
}

async function main(): Promise<number> {
  const words = process.argv.slice(2);
  const story = storyOf(words);
  if (story === null) {
    const asked = words.length === 1 && words[0] === '--help';
    (asked ? process.stdout : process.stderr).write(HELP);
    return asked ? 0 : 2;
  }
  const began = Date.now();
  say(pc.bold(`ecs-nics · ${story.title}, through a real Temporal server`));
  const stack = await startStack({
    label: 'demo',
    simulatorArgs: ['--job-seconds', String(JOB_SECONDS)],
    workerEnv: story.workerEnv,
  });
  const release = closeOnSignals(stack);
  const checks = new Checks();
  let toSee: string | null = null;
  try {
    introduce(stack);
    toSee = (await story.tell(stack, checks)) ?? null;
  } catch (error) {
    checks.that('the story could be told to its end', false, error instanceof Error ? error.message : error);
  }
  if (checks.failed > 0) showWorkerTroubles(stack);
  release();
  await stack.close();
  if (toSee !== null) await showLink(stack, toSee);
  say();
  const seconds = Math.round((Date.now() - began) / 1000);
  const total = checks.passed + checks.failed;
  if (checks.failed === 0) say(pc.green(`✔ all ${total} checks hold · ${seconds} s`));
  else say(pc.red(`✘ ${checks.failed} of ${total} checks do not hold · ${seconds} s`));
  return checks.failed === 0 ? 0 : 1;
}

function introduce({ temporal, simulator, taskQueue, worker }: Stack): void {
  say();
  fact('Temporal', `${temporal.address} · ${temporal.origin}`);
  fact('Web UI', temporal.uiUrl ?? 'of that server');
  fact('queue', `${taskQueue}, of this demo alone`);
  fact('cloud', `${simulator.url} · simulated, with a ledger of every effect`);
  fact('worker', `process ${worker.pid}`);
}

/** Returns the link to what is worth a look in the Web UI. */
async function tell(stack: Stack, checks: Checks): Promise<string> {
  const { simulator } = stack;
  const server = await simulator.post<SimServer>('/_sim/servers', { name: 'web-01', nics: 4 });
  const [primary, first, second, third] = server.nics;
  if (!primary?.primary || !first || !second || !third) throw new Error('the simulator made another server');
  const ledger = () => simulator.get<Ledger>('/_sim/ledger');
  const truth = () => simulator.get<Truth>(`/_sim/truth/${server.id}`);
  const posts = async () => (await ledger()).requests.filter((request) => request.class === 'delete');
  const run = (nics: { id: string }[], ...more: string[]) => starter(stack, server.id, nics, more);

  heading('1 · A server with four NICs');
  fact(server.name, server.id);
  for (const nic of server.nics) fact('', `${nic.ip.padEnd(11)} ${nic.id}${nic.primary ? '  primary' : ''}`);

  heading('2 · What would happen? A dry run');
  const plan = await run([first, second], '--dry-run');
  checks.that(
    'exit code 0, outcome "planned"',
    plan.code === 0 && plan.document.outcome === 'planned',
    plan.code,
  );
  checks.that('the cloud has got no deletion', (await posts()).length === 0, await posts());

  heading('3 · Two NICs go, in one job of the cloud');
  const happy = await run([first, second], '--timing', JSON.stringify(TIMING));
  checks.that(
    'exit code 0, both verdicts "deleted"',
    happy.code === 0 && allDeleted(happy.document),
    happy.document,
  );
  checks.that('the cloud agrees: both ports are gone', isGone(await truth(), [first, second]), await truth());
  checks.that('one POST was sent', (await posts()).length === 1, await posts());

  heading('4 · The answer to a deletion gets lost on the way');
  await simulator.post('/_sim/faults', {
    match: { class: 'delete' },
    what: { kind: 'drop', accepted: true },
    times: 1,
  });
  say('  The cloud will accept the next deletion and close the connection unanswered.');
  const lost = await run([third], '--timing', JSON.stringify(TIMING));
  const lostPosts = (await posts()).slice(1);
  checks.that('no answer came back, yet the cloud had accepted', isLost(lostPosts), lostPosts);
  checks.that(
    'exit code 0: the run found out the truth',
    lost.code === 0 && allDeleted(lost.document),
    lost.document,
  );
  checks.that('the cloud agrees: the port is gone', isGone(await truth(), [third]), await truth());
  checks.that('nothing was sent twice', lostPosts.length === 1, lostPosts);

  heading('5 · The primary NIC is asked for');
  const refused = await run([primary]);
  const type = refused.document.failure?.type;
  checks.that('exit code 4, failure type "Refused"', refused.code === 4 && type === 'Refused', refused);
  checks.that('the cloud has got no further deletion', (await posts()).length === 2, await posts());

  const undone = await tellUndo(stack, checks);
  await tellRestore(stack, checks, server.id);

  heading("The end of the first server, by the cloud's ledger");
  const end = await truth();
  for (const nic of end.nics) {
    const state =
      nic.state === 'port-gone' ? 'deleted' : nic.primary ? 'kept: primary' : `${nic.state}: made again`;
    fact('', `${nic.ip.padEnd(11)} ${nic.id}  ${verdict(state)}`);
  }
  const first3 = end.nics.filter(({ id }) => server.nics.some((nic) => nic.id === id));
  const once = first3.every((nic) => nic.deletions === (nic.primary ? 0 : 1));
  checks.that('each of its three NICs was deleted once, the primary one never', once, end);

  heading("What was sent in all, by the cloud's ledger");
  const { summary } = await ledger();
  const counted = [
    { name: server.name, how: 'steps 3 and 4', ...(await countsOf(stack, server.id)) },
    { name: undone.name, how: 'step 6; all of them are back', ...(await countsOf(stack, undone.id)) },
  ];
  for (const { name, how, posts, off } of counted) fact(name, `${sums(posts, off)} (${how})`);
  const all = { posts: summary.requests.delete ?? 0, off: summary.nicsDetached };
  fact('together', sums(all.posts, all.off));
  checks.that(
    'these lines add up',
    all.posts === total(counted, 'posts') && all.off === total(counted, 'off'),
    { counted, all },
  );
  const invariants = await simulator.get<{ ok: boolean; violations: unknown[] }>('/_sim/invariants');
  checks.that('all invariants of the ledger hold', invariants.ok, invariants.violations);
  return lost.document.url;
}

const sums = (posts: number, off: number) =>
  `${posts} POST${posts === 1 ? '' : 's'} took ${off} NIC${off === 1 ? '' : 's'} off`;
const total = <K extends string>(rows: readonly Record<K, number>[], field: K) =>
  rows.reduce((sum, row) => sum + row[field], 0);

/** Of one server: what was sent to delete, and how many NICs went. */
async function countsOf({ simulator }: Stack, serverId: string): Promise<{ posts: number; off: number }> {
  const { requests } = await simulator.get<Ledger>(`/_sim/ledger?serverId=${serverId}`);
  const { nics } = await simulator.get<Truth>(`/_sim/truth/${serverId}`);
  return {
    posts: requests.filter((request) => request.class === 'delete').length,
    off: total(nics, 'deletions'),
  };
}

/** At the very end: a link that leads nowhere any more is called so. */
async function showLink({ temporal }: Stack, url: string): Promise<void> {
  say();
  if (temporal.pid !== undefined) {
    say('  The Web UI has closed with the demo, and its link is dead. It had the lost answer');
    say(`  as a story: ${pc.dim(url)}`);
    say(`  ${pc.bold('npm run dev')} starts the same and stays up.`);
  } else if (await isAlive(url)) {
    say('  The lost answer as a story in the Web UI:');
    say(`  ${pc.underline(url)}`);
  } else {
    say('  The lost answer is a story in the Web UI of that server. Nothing answers at');
    say(`  ${pc.dim(url)}; TEMPORAL_UI_URL says where it is.`);
  }
}

async function isAlive(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(3_000) })).ok;
  } catch {
    return false;
  }
}

/** Everything is taken back while the undo window is open: same port, IP, MAC, groups, flag, place. */
async function tellUndo(stack: Stack, checks: Checks): Promise<SimServer> {
  const { simulator } = stack;
  heading('6 · Deleted, regretted, undone');
  const groups = ['3b1d1f5e-0000-4000-8000-000000000001', '3b1d1f5e-0000-4000-8000-000000000002'];
  const server = await simulator.post<SimServer>('/_sim/servers', {
    name: 'db-01',
    nics: [{ primary: true }, { name: 'backup', securityGroups: groups }, {}],
  });
  const state = () => simulator.get<object>(`/_sim/servers/${server.id}/state`);
  const before = await state();
  const nics = server.nics.filter((nic) => !nic.primary);
  const window = await starter(stack, server.id, nics, [
    ...['--undo-window', '1 day', '--timing', JSON.stringify(TIMING)],
  ]);
  checks.that(
    'the starter is back as soon as the NICs are off, with exit code 0 and the window open',
    window.code === 0 && window.document.phase === 'undo-window',
    window.document,
  );
  const undone = await steer(stack, ['undo', server.id, '--by', 'demo', '--reason', 'wrong server']);
  checks.that(
    'exit code 0, both NICs "restored"',
    undone.code === 0 && undone.document.nics.every(({ outcome }) => outcome === 'restored'),
    undone.document,
  );
  const after = await state();
  checks.that(
    'by the cloud: every field of the server’s NICs is what it was',
    isDeepStrictEqual(after, before),
    { before, after },
  );
  return server;
}

/** The ports of the first server are long gone: its NICs are made again, with their IPs. */
async function tellRestore(stack: Stack, checks: Checks, serverId: string): Promise<void> {
  heading('7 · Put back although the port is gone');
  const restored = await steer(stack, [
    ...['restore', serverId, '--by', 'demo', '--reason', 'needed after all'],
    ...['--timing', JSON.stringify(TIMING)],
  ]);
  const { document } = restored;
  checks.that(
    'exit code 0, the last NIC that went is "recreated" with its IP',
    restored.code === 0 &&
      document.nics.every(({ outcome, ip, replacedBy }) => outcome === 'recreated' && replacedBy?.ip === ip),
    document,
  );
  const fields = document.nics.flatMap(({ differences }) => differences.map(({ field }) => field));
  checks.that('what is not as it was is named: the MAC', fields.includes('mac'), fields);
}

/** Another command of the starter about a server. */
async function steer(stack: Stack, words: string[]): Promise<Step> {
  command(`ecs-nics ${words.map(shown).join(' ')}`);
  return follow(stack, [...words, '--json']);
}

/** A word of a command line, short enough for a line. */
function shown(word: string): string {
  if (word.startsWith('{')) return '…';
  if (word.includes(' ')) return `'${word}'`;
  return /^[0-9a-f-]{36}$/.test(word) ? `${short(word)}…` : word;
}

/** Runs `ecs-nics delete`. */
async function starter(stack: Stack, server: string, nics: { id: string }[], more: string[]): Promise<Step> {
  const flags = more.map(shown);
  command(
    ['ecs-nics delete', `${short(server)}…`, ...nics.map((nic) => `--nic ${short(nic.id)}…`), ...flags].join(
      ' ',
    ),
  );
  const targets = nics.flatMap((nic) => ['--nic', nic.id]);
  return follow(stack, ['delete', server, ...targets, ...more, '--yes', '--json']);
}

/** Runs the real starter; shows its progress as it comes, and what the document says at the end. */
async function follow(stack: Stack, words: string[]): Promise<Step> {
  const began = Date.now();
  const running = stack.startStarter(words);
  running.onLine('stderr', (line) => {
    const progress = /^(?:phase: (.+)|(job) \w+: (.+))$/.exec(line);
    if (!progress) return;
    const text = progress[1] ?? `${progress[2] ?? ''} ${progress[3] ?? ''}`;
    say(pc.dim(`  ${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`));
  });
  const limit = new AbortController();
  const late = sleep(STEP_LIMIT_MS, undefined, { signal: limit.signal }).then(
    () => running.child.kill('SIGKILL'),
    () => {},
  );
  const { code, stdout, stderr } = await running.finished;
  limit.abort();
  await late;
  if (stdout.trim() === '') throw new Error(`the starter ended with ${code ?? 'a signal'}: ${stderr.trim()}`);
  const document = JSON.parse(stdout) as Document;
  for (const nic of document.nics) {
    const text = outcomeText(document, nic);
    fact('', `${(nic.ip ?? '').padEnd(11)} ${short(nic.id)}  ${verdict(text)}`);
  }
  for (const line of [...document.warnings, document.failure?.message ?? '']) if (line) wrapped(line);
  return { code, document };
}

function outcomeText(document: Document, nic: Document['nics'][number]): string {
  if (document.outcome === 'planned') return `would be deleted · way back: ${nic.restore}`;
  return nic.replacedBy === null ? nic.outcome : `${nic.outcome} as ${short(nic.replacedBy.id)}`;
}

function wrapped(text: string): void {
  const lines = text.match(/.{1,64}(?:\s|$)|\S{64}/g) ?? [text];
  lines.forEach((line) => fact('', pc.yellow(line.trim())));
}

const allDeleted = (document: Document) => document.nics.every((nic) => nic.outcome === 'deleted');

function isGone(truth: Truth, nics: { id: string }[]): boolean {
  return nics.every(({ id }) => truth.nics.some((nic) => nic.id === id && nic.state === 'port-gone'));
}

function isLost(posts: Ledger['requests']): boolean {
  return posts[0]?.accepted === true && posts[0].status === 0;
}

function showWorkerTroubles({ worker }: Stack): void {
  heading("The worker's warnings and errors");
  const lines = worker.log.split('\n').filter((line) => /"level":"(warn|error|fatal)"/.test(line));
  for (const line of lines.slice(-20)) say(`  ${line}`);
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
