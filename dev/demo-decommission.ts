/**
 * `npm run demo -- decommission`: forty servers go, after a plan and an approval, in waves; a storm of failures stops the run, which
 * a person mends; and then all of it was a mistake, and comes back. Every step through the real starter, and checked against the
 * simulated cloud's ledger.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { DecommissionReport, DecommissionStatus, PlanDocument } from '../src/contract';
import { bar } from '../src/contract/text';
import type { Ledger, SimServer } from './simulator';
import type { Stack } from './stack';
import type { Checks } from './story';
import { command, fact, heading, say, short } from './story';

const RUN = 'old-web';
const SERVERS = 40;
const TIMING = JSON.stringify({
  firstPoll: '2s',
  pollInterval: '2s',
  settle: '2s',
  verifyFor: '3s',
  busyWait: '2s',
});
const WHO = ['--by', 'demo', '--reason', 'T-42'];
const LOOK_EVERY_MS = 1_000;
/** Far beyond the half minute that the longest step takes. */
const STEP_LIMIT_MS = 150_000;
/** Among the second wave, which has nine servers. */
const STORM = [2, 3, 4];

export async function tellDecommission(stack: Stack, checks: Checks): Promise<void> {
  const { simulator } = stack;
  const post = <T>(path: string, body: object) => simulator.post<T>(path, body);
  const posts = async () => {
    const { requests } = await simulator.get<Ledger>('/_sim/ledger');
    return requests.filter((request) => request.class === 'delete' && request.accepted === true).length;
  };

  heading('1 · Forty servers with four NICs each, on a list');
  const servers: SimServer[] = [];
  for (let n = 1; n <= SERVERS; n++) {
    const name = `old-${String(n).padStart(2, '0')}`;
    const special =
      n === 12 ? { tags: [{ key: 'ecs-nics-protect', value: 'true' }] } : n === 13 ? { locked: true } : {};
    servers.push(await post<SimServer>('/_sim/servers', { name, nics: 4, jobSeconds: 2, ...special }));
  }
  const stateOf = ({ id }: SimServer) => simulator.get(`/_sim/servers/${id}/state`);
  const before = await Promise.all(servers.map(stateOf));
  const folder = mkdtempSync(join(tmpdir(), 'ecs-nics-demo-'));
  const [list, protect] = [join(folder, 'servers.txt'), join(folder, 'protected.txt')];
  writeFileSync(list, `# the old web servers\n${servers.map(({ id }) => id).join('\n')}\n`);
  writeFileSync(protect, 'old-14\n');
  fact('on the list', `${SERVERS} servers; one is tagged as protected, one is locked`);
  fact('protected', 'old-14, by name');
  try {
    heading('2 · A plan, which changes nothing');
    await run(stack, [
      ...['start', list, '--run', RUN, '--max-servers', '50', '--protect', protect],
      ...['--waves', '1,10,100%', '--max-errors', '1', '--undo-window', '1 hour', '--timing', TIMING],
      ...['--requested-by', 'demo', '--reason', 'T-42', '--no-wait'],
    ]);
    await until(stack, ({ phase }) => phase === 'planned');
    const { document: plan } = await run<PlanDocument>(stack, ['plan', RUN]);
    const left = plan.excludedCount;
    fact('on the list', `${plan.listed} servers: ${plan.servers} would go, ${left} are left alone`);
    fact('would go', `${plan.servers} servers with 3 NICs each: ${plan.nics} NICs; digest ${plan.digest}`);
    for (const { serverName, code, reason } of plan.excluded)
      fact('left alone', `${serverName}: ${code}, ${reason}`);
    checks.that(
      '37 servers would go, three are left alone',
      plan.servers === 37 && plan.excludedCount === 3,
      plan,
    );
    checks.that('the cloud has got no deletion', (await posts()) === 0);

    heading('3 · Approved: by its digest and its counts, or not at all');
    const wrong = await run(stack, [
      'approve',
      RUN,
      '--digest',
      'another',
      '--servers',
      '37',
      '--nics',
      '111',
      ...WHO,
    ]);
    checks.that('another digest is refused', wrong.code !== 0 && (await posts()) === 0, wrong.document);
    const approval = [
      '--digest',
      String(plan.digest),
      '--servers',
      `${plan.servers}`,
      '--nics',
      `${plan.nics}`,
    ];
    await run(stack, ['approve', RUN, ...approval, ...WHO]);
    const canary = await until(stack, ({ phase }) => phase === 'paused');
    fact('paused', canary.reason ?? '');
    checks.that('after the canary, one server, the run waits', (await posts()) === 1, canary);

    heading('4 · A storm: three jobs of the second wave fail in part');
    const planned = servers.filter((_, n) => ![11, 12, 13].includes(n));
    for (const n of STORM) {
      await post('/_sim/faults', {
        match: { class: 'delete', serverId: planned[n]?.id },
        what: { kind: 'partial-failure', nics: [1], code: 'Ecs.0507' },
        times: 1,
      });
    }
    await run(stack, ['resume', RUN, ...WHO]);
    const stopped = await until(stack, ({ phase }) => phase === 'stopped');
    fact('stopped', stopped.reason ?? '');
    const begun = await posts();
    await sleep(3_000);
    checks.that('nothing more is started', (await posts()) === begun && begun <= 10, begun);
    const early = await run(stack, ['resume', RUN, ...WHO]);
    checks.that('it does not go on while the cause is there', early.code !== 0, early.document);

    heading('5 · The cause is gone: the failed ones are taken up again');
    await until(stack, ({ inFlight }) => inFlight === 0);
    await run(stack, ['retry', RUN, ...WHO]);
    await run(stack, ['resume', RUN, ...WHO]);
    const gone = await until(stack, ({ phase }) => phase === 'undo-window');
    checks.that(
      '37 servers are done, none failed; their ports are kept for an hour',
      gone.failed === 0 && gone.counts.detached === 37,
      gone.counts,
    );

    heading("6 · The report, and the cloud's ledger");
    const report = await reported();
    const { detached = 0 } = report.nics;
    const by = Object.entries(report.outcomes).map(([outcome, count]) => `${count} ${outcome}`);
    fact('', `${report.servers} servers: ${by.join(', ')}`);
    fact('', `${report.outcomes.detached ?? 0} servers with 3 NICs each: ${detached} NICs detached`);
    const { summary } = await simulator.get<Ledger>('/_sim/ledger');
    checks.that('every one of the 40 servers has its line', report.servers === SERVERS);
    checks.that(
      'the report says what the ledger says',
      detached === 111 && summary.nicsDetached === detached,
      summary,
    );

    heading('7 · The wrong list: all of it comes back');
    await run(stack, ['undo', RUN, '--yes', ...WHO]);
    const end = await until(stack, ({ phase }) => phase === 'done');
    checks.that(
      '37 servers are put back, none is left',
      end.outcome === 'undone' && end.counts.restored === 37,
      end.counts,
    );
    const { restored = 0 } = (await reported()).nics;
    const after = await Promise.all(servers.map(stateOf));
    fact('', `${restored} NICs restored`);
    checks.that(
      'port ids, MACs, IPs and flags of all NICs are what they were',
      isDeepStrictEqual(after, before),
    );
    const invariants = await simulator.get<{ ok: boolean; violations: unknown[] }>('/_sim/invariants');
    checks.that('all invariants of the ledger hold', invariants.ok, invariants.violations);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }

  async function reported(): Promise<{
    servers: number;
    outcomes: Partial<Record<string, number>>;
    nics: Partial<Record<string, number>>;
  }> {
    const { document } = await run<DecommissionReport>(stack, ['report', RUN]);
    const outcomes: Partial<Record<string, number>> = {};
    for (const { outcome } of document.servers) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    const nics: Partial<Record<string, number>> = {};
    for (const { outcome } of document.servers.flatMap((server) => server.nics))
      nics[outcome] = (nics[outcome] ?? 0) + 1;
    return { servers: document.servers.length, outcomes, nics };
  }

  async function until(
    stack: Stack,
    reached: (status: DecommissionStatus) => boolean,
  ): Promise<DecommissionStatus> {
    const limit = Date.now() + STEP_LIMIT_MS;
    let told = '';
    for (;;) {
      const { stdout } = await stack.starter(['decommission', 'status', RUN, '--json']);
      const status = JSON.parse(stdout) as DecommissionStatus;
      const { phase, wave, failed, progress, back } = status;
      const line =
        wave === null
          ? `${phase.padEnd(8)} ${bar(progress.inspected, progress.listed, 20)} inspected`
          : back !== null
            ? `${phase.padEnd(8)} ${bar(back.done, back.of, 20)} put back`
            : `${phase.padEnd(8)} wave ${wave.number} ${bar(wave.done, wave.size, 20)} · failed ${failed}`;
      if (line !== told) fact('', (told = line));
      if (reached(status)) return status;
      if (Date.now() > limit) throw new Error(`the run is still ${phase}: ${status.reason}`);
      await sleep(LOOK_EVERY_MS);
    }
  }
}

/** Runs `ecs-nics decommission`. */
async function run<T = unknown>(
  stack: Stack,
  words: string[],
): Promise<{ code: number | null; document: T }> {
  const shown = words.map((word) =>
    word.startsWith('{') ? '…' : word.includes('/') ? word.slice(word.lastIndexOf('/') + 1) : word,
  );
  command(
    `ecs-nics decommission ${shown.map((word) => (/^[0-9a-f-]{36}$/.test(word) ? short(word) : word)).join(' ')}`,
  );
  const { code, stdout, stderr } = await stack.starter(['decommission', ...words, '--json']);
  if (stdout.trim() === '') throw new Error(`the starter ended with ${code ?? 'a signal'}: ${stderr.trim()}`);
  const document = JSON.parse(stdout) as T & { error?: { message: string } };
  if (document.error !== undefined) say(`  ${document.error.message}`);
  return { code, document };
}
