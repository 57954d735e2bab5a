/** The starter as a process, beside a worker: following, steering and listing runs, and what scripts read of it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import { cleanEnvironment, startProgram } from '../../dev/processes';
import type { Stack } from '../../dev/stack';
import { startStack } from '../support/watched-stack';
import { createServer, TIMING, untilPosted } from '../support/e2e';

type Answer = Partial<ResultDocument> & {
  workflowId: string;
  runId: string;
  url: string;
  failure?: { type: string; message: string };
  error?: { type: string; message: string };
};

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ label: 'starter', workerEnv: { ECS_NICS_CLOUD_RPS: '50' } });
});
afterAll(async () => {
  await stack?.close();
});

/** Exactly one document on standard output, whatever happens. */
async function json(
  args: string[],
  env?: Record<string, string>,
): Promise<{ code: number | null; answer: Answer; stderr: string }> {
  const { code, stdout, stderr } = await stack.starter([...args, '--json'], env);
  return { code, answer: JSON.parse(stdout) as Answer, stderr };
}

const timing = (changes: object = {}) => ['--timing', JSON.stringify({ ...TIMING, ...changes })];
const start = (id: string, nics: string[], more: string[] = []) =>
  json(['delete', id, ...nics.flatMap((nic) => ['--nic', nic]), '--yes', '--no-wait', ...timing(), ...more]);

function fault(serverId: string, what: object): Promise<unknown> {
  return stack.simulator.post('/_sim/faults', { match: { class: 'delete', serverId }, what, times: 1 });
}

describe('watch', { timeout: 240_000 }, () => {
  it('follows a run that somebody else started to its end, and ends with its exit code', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 15 });
    const started = await start(server.id, server.nics);
    const { code, stdout, stderr } = await stack.starter(['watch', server.id]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/following the open run/);
    expect(stdout).toContain(started.answer.url);
    expect(stdout).toMatch(/phase: polling/);
    expect(stdout).toMatch(/✔ deleted: 3 NICs/);
    // eslint-disable-next-line no-control-regex
    expect(stdout + stderr).not.toMatch(/\u001b/);
  });

  it.each([
    ['some NIC stayed', 3, 'not-deleted', {}, { kind: 'partial-failure', nics: [1] }, []],
    ['it was refused', 4, 'refused', { locked: true }, null, []],
    ['the outcome is unknown', 6, 'outcome-unknown', {}, { kind: 'job-stuck' }, ['--deadline', '4s']],
  ])(
    'when %s: exit code %d, now and later; status shows the same with exit code 0',
    async (_name, exit, outcome, settings, what, flags) => {
      const server = await createServer(stack.simulator, settings);
      if (what !== null) await fault(server.id, what);
      await start(server.id, server.nics.slice(0, 2), flags);
      const open = await json(['watch', server.id]);
      expect([open.code, open.answer.outcome]).toEqual([exit, outcome]);
      const closed = await json(['watch', server.id]);
      expect(closed.code).toBe(exit);
      expect(closed.answer).toEqual(open.answer);
      const status = await json(['status', server.id]);
      expect(status.code).toBe(0);
      expect(status.answer).toEqual(open.answer);
      expect(status.answer.failure?.type).toMatch(/^(NotDeleted|Refused|OutcomeUnknown)$/);
    },
  );

  it('of a cancelled run: 7, with the rows', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 15 });
    await start(server.id, server.nics.slice(0, 1));
    await untilPosted(stack.simulator, server.id);
    const cancelled = await json(['cancel', server.id]);
    expect([cancelled.code, cancelled.answer]).toEqual([
      0,
      expect.objectContaining({ cancelRequested: true, outcome: 'running', serverId: server.id }),
    ]);
    const { code, answer } = await json(['watch', server.id]);
    expect([code, answer.outcome, answer.nics?.map((nic) => nic.outcome)]).toEqual([
      7,
      'cancelled',
      ['deleted'],
    ]);
    const again = await json(['cancel', server.id]);
    expect([again.code, again.answer.error?.type]).toEqual([1, 'NoOpenRun']);
  });

  it('Ctrl-C: 130, what is known, and the run goes on', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 4 });
    await start(server.id, server.nics.slice(0, 1));
    const watching = stack.startStarter(['watch', server.id, '--json']);
    await new Promise<void>((resolve) =>
      watching.onLine('stderr', (line) => {
        if (line.includes('phase: polling')) resolve();
      }),
    );
    watching.child.kill('SIGINT');
    const { code, stdout, stderr } = await watching.finished;
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({
      workflowId: `nics/${server.id}`,
      outcome: 'running',
      phase: 'polling',
      error: { type: 'Interrupted' },
    });
    expect(stderr).toContain(`ecs-nics watch ${server.id}`);
    expect((await json(['watch', server.id])).code).toBe(0);
  });
});

describe('status of an open run', { timeout: 240_000 }, () => {
  it('is the document that the query answers, with the run it belongs to', async () => {
    // Two starters have to look at it meanwhile, on a machine with other work.
    const server = await createServer(stack.simulator, { jobSeconds: 12 });
    const started = await start(server.id, server.nics.slice(0, 1), [
      '--requested-by',
      'ops',
      '--reason',
      'T-1',
    ]);
    await untilPosted(stack.simulator, server.id);
    const { code, answer } = await json(['status', server.id]);
    expect(code).toBe(0);
    expect(answer).toMatchObject({ ...started.answer, outcome: 'running', serverId: server.id });
    expect(answer.nics?.map((nic) => nic.id)).toEqual(server.nics.slice(0, 1));
    const { stdout } = await stack.starter(['status', server.id]);
    expect(stdout).toMatch(/^running · (submitting|polling)/m);
    expect(stdout).toMatch(/at most {5}until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(in /);
    await json(['watch', server.id]);
  });
});

describe('poll-now', { timeout: 240_000 }, () => {
  it('ends the wait for the next poll', async () => {
    const server = await createServer(stack.simulator);
    // At the deadline the run would look by itself.
    await start(server.id, server.nics.slice(0, 1), timing({ firstPoll: '30 minutes' }));
    await untilPosted(stack.simulator, server.id);
    // The job takes a second; a look too early would leave half an hour to wait again.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    const { code, stdout } = await stack.starter(['poll-now', server.id]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/looks at the cloud at once instead of in (20 min|19 min \d+ s)/);
    expect((await json(['watch', server.id])).answer.outcome).toBe('deleted');
    const closed = await json(['poll-now', server.id]);
    expect([closed.code, closed.answer.error?.type]).toEqual([1, 'NoOpenRun']);
    expect(closed.answer.runId).toBeTruthy();
  });

  it('as JSON: the document, and that the signal was sent', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 15 });
    const started = await start(server.id, server.nics.slice(0, 1));
    await untilPosted(stack.simulator, server.id);
    const { code, answer } = await json(['poll-now', server.id]);
    expect([code, answer]).toEqual([
      0,
      expect.objectContaining({ ...started.answer, signalled: true, outcome: 'running' }),
    ]);
    await json(['watch', server.id]);
  });
});

describe('flags of delete that change what happens', { timeout: 240_000 }, () => {
  it('--allow-elastic-ip: refused without, done with', async () => {
    const server = await createServer(stack.simulator, {
      nics: [{ primary: true }, { elasticIp: true }, {}],
    });
    const wait = ['delete', server.id, '--all', '--yes', ...timing()];
    const without = await json(wait);
    expect([without.code, without.answer.failure?.message]).toEqual([4, expect.stringMatching(/elastic IP/)]);
    const { code, answer } = await json([...wait, '--allow-elastic-ip']);
    expect([code, answer.outcome]).toEqual([0, 'deleted']);
  });

  it('--dry-run needs no --yes, and its plan names the command that carries it out', async () => {
    const server = await createServer(stack.simulator);
    const { code, stdout } = await stack.starter(['delete', server.id, '--all', '--dry-run']);
    expect(code).toBe(0);
    const names = server.nics.map((id) => `--nic ${id}`).join(' ');
    expect(stdout).toContain(`ecs-nics delete ${server.id} ${names}\n`);
  });
});

describe('list', { timeout: 240_000 }, () => {
  it('open runs first, with names, phases and outcomes; bounded', async () => {
    const [ended, open] = [
      await createServer(stack.simulator, { name: 'ended-01', locked: true }),
      await createServer(stack.simulator, { name: 'open-01', jobSeconds: 60 }),
    ];
    await start(open.id, open.nics.slice(0, 1));
    await untilPosted(stack.simulator, open.id);
    await json(['delete', ended.id, '--all', '--yes']);
    // Visibility lags.
    await new Promise((resolve) => setTimeout(resolve, 4_000));

    interface Row {
      serverId: string;
      serverName: string | null;
      status: string;
      phase: string | null;
      outcome: string | null;
      startedAt: string;
      endedAt: string | null;
      url: string;
    }
    const { stdout, stderr, code } = await stack.starter(['list', '--json']);
    expect(code, stderr).toBe(0);
    const { runs } = JSON.parse(stdout) as { runs: Row[]; more: boolean };
    expect(runs[0]).toMatchObject({
      serverId: open.id,
      serverName: 'open-01',
      status: 'running',
      phase: 'polling',
      outcome: 'running',
      endedAt: null,
      url: expect.stringContaining(encodeURIComponent(`nics/${open.id}`)) as string,
    });
    expect(runs[1]).toMatchObject({
      serverId: ended.id,
      serverName: 'ended-01',
      status: 'failed',
      outcome: 'refused',
    });
    expect(Date.parse(runs[1]?.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(runs[1]?.startedAt ?? ''));

    const text = await stack.starter(['list', '--limit', '1']);
    expect(text.stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^SERVER +NAME +STATE +STARTED +AGE +ASKED BY$/),
      expect.stringMatching(
        new RegExp(`^${open.id} {2}open-01 {2}polling {2}[-0-9]{10} [:0-9]{8} UTC {2}\\d+ s$`),
      ),
      '',
      'There are more: npx ecs-nics list --limit 2',
    ]);
    const onlyOpen = JSON.parse((await stack.starter(['list', '--open', '--json'])).stdout) as {
      runs: Row[];
    };
    expect(onlyOpen.runs.map((run) => run.serverId)).toEqual([open.id]);
    await json(['cancel', open.id]);
  });
});

describe('where Temporal is', { timeout: 240_000 }, () => {
  it.each([
    ['status', randomUUID()],
    ['watch', randomUUID()],
    ['cancel', randomUUID()],
    ['poll-now', randomUUID()],
  ])('%s of a server without runs: 1, named', async (...args) => {
    const { code, answer, stderr } = await json(args);
    expect([code, answer.error?.type]).toEqual([1, 'NoRun']);
    expect(stderr).toContain(stack.temporal.address);
  });

  it.each([
    [['delete', randomUUID(), '--all', '--yes']],
    [['status', randomUUID()]],
    [['list']],
    [['setup']],
  ])('a namespace that is not there: %j names it', async (args) => {
    const { code, answer } = await json(args, { TEMPORAL_NAMESPACE: 'no-such-namespace' });
    expect([code, answer.error]).toEqual([
      1,
      { type: 'NamespaceNotFound', message: expect.stringContaining('no-such-namespace') as string },
    ]);
  });

  it('TEMPORAL_UI_URL stands in links', async () => {
    const server = await createServer(stack.simulator, { locked: true });
    const args = ['delete', server.id, '--all', '--yes'];
    const { answer } = await json(args, { TEMPORAL_UI_URL: 'https://ui.example.com/t/' });
    expect(answer.url).toBe(
      `https://ui.example.com/t/namespaces/default/workflows/nics%2F${server.id}/${answer.runId}`,
    );
  });

  it('a profile file is read as every Temporal tool reads it; variables go before it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ecs-nics-'));
    try {
      const file = join(folder, 'temporal.toml');
      await writeFile(
        file,
        `[profile.staging]\naddress = "${stack.temporal.address}"\nnamespace = "no-such-namespace"\n`,
      );
      const env = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'staging' };
      const fromFile = startProgram('starter.js', ['list'], cleanEnvironment(process.env, env));
      expect((await fromFile.finished).stderr).toContain(
        `${stack.temporal.address} can't be used: it has no namespace "no-such-namespace"`,
      );
      expect((await json(['list'], env)).code).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
