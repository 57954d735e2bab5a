/** Undo windows, undo, commit and restore at the command line, against runs that only talk: no cloud, no worker of ours. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../../dev/stack';
import { until } from '../../dev/ports';
import { startStack } from '../support/watched-stack';

type Json = Record<string, unknown> & { error?: { type: string; message: string } };

const NICS = ['6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01', '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e02'];
const WHO = ['--by', 'ops', '--reason', 'T-7'];

let stack: Stack;
let connection: NativeConnection;
let working: Promise<unknown>;
let workers: Worker[];
beforeAll(async () => {
  stack = await startStack({ label: 'undo', startWorker: false });
  const { namespace, address } = stack.temporal;
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  connection = await NativeConnection.connect({ address });
  const options = { connection, namespace, shutdownGraceTime: 0 };
  const workflowsPath = join(__dirname, '../support/window-workflows.ts');
  workers = [
    await Worker.create({ ...options, workflowsPath, taskQueue: stack.taskQueue }),
    // The starter looks whether anybody polls here, too.
    ...(await Promise.all(
      ['cloud', 'looks'].map((what) =>
        Worker.create({
          ...options,
          activities: { nothing: async () => {} },
          taskQueue: `${stack.taskQueue}-${what}`,
        }),
      ),
    )),
  ];
  working = Promise.all(workers.map((worker) => worker.run()));
});
afterAll(async () => {
  for (const worker of workers ?? []) worker.shutdown();
  await working;
  await connection?.close();
  await stack?.close();
});

async function json(args: string[]): Promise<{ code: number | null; answer: Json; stderr: string }> {
  const { code, stdout, stderr } = await stack.starter([...args, '--json']);
  return { code, answer: JSON.parse(stdout) as Json, stderr };
}

const deleteArgs = (server: string, more: string[]) => [
  ...['delete', server, ...NICS.flatMap((id) => ['--nic', id]), '--yes'],
  ...more,
];
const openWindow = (server: string, reason: string) =>
  json(deleteArgs(server, ['--undo-window', '1 hour', '--reason', reason]));

describe('an undo window', { timeout: 240_000 }, () => {
  it('ends the waiting of delete with its document; whoever attaches later gets the same at once', async () => {
    const server = randomUUID();
    const first = await stack.starter(deleteArgs(server, ['--undo-window', '1 hour']));
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/detached: 2 NICs · undo possible until .* UTC \(in 59 min/);
    for (const command of ['undo', 'commit', 'watch'])
      expect(first.stdout).toContain(`ecs-nics ${command} ${server}`);
    const again = await json(deleteArgs(server, ['--undo-window', '60 minutes']));
    expect([again.code, again.answer]).toEqual([
      0,
      expect.objectContaining({
        workflowId: `nics/${server}`,
        url: expect.any(String) as unknown,
        phase: 'undo-window',
        outcome: 'detached',
      }),
    ]);
    const status = await stack.starter(['status', server]);
    expect(status.stdout).toContain(`ecs-nics undo ${server} --by YOU --reason WHY`);
    const restore = await json(['restore', server, ...WHO]);
    expect([restore.code, restore.answer.error?.type]).toEqual([4, 'DifferentRequest']);
    expect(restore.stderr).toContain(`ecs-nics undo ${server}`);
  });

  it('with a NIC that stayed ends with 3', async () => {
    const { code, answer } = await openWindow(randomUUID(), 'not-deleted');
    expect([code, answer.phase, answer.outcome]).toEqual([3, 'undo-window', 'not-deleted']);
  });

  it('that closes at once is told either way: exit code 0', async () => {
    const { code, answer } = await json(deleteArgs(randomUUID(), ['--undo-window', '1s']));
    expect(code).toBe(0);
    expect(['detached', 'deleted']).toContain(answer.outcome);
  });

  it('is followed to its end by watch, which hears of a commit elsewhere', async () => {
    const server = randomUUID();
    await openWindow(server, 'T-1');
    const watching = stack.startStarter(['watch', server, '--json']);
    await until(async () => /phase: undo-window: undo until .* UTC/.test(watching.stderr()), 120_000);
    const commit = await json(['commit', server, ...WHO]);
    expect([commit.code, commit.answer]).toEqual([
      0,
      expect.objectContaining({
        outcome: 'deleted',
        decision: expect.objectContaining({ what: 'commit', by: 'ops', reason: 'T-7' }) as unknown,
      }),
    ]);
    const { code, stdout } = await watching.finished;
    expect([code, (JSON.parse(stdout) as Json).outcome]).toEqual([0, 'deleted']);
  });
});

describe('undo', { timeout: 240_000 }, () => {
  it('shows the restore, ends with 0; twice is once; afterwards there is nothing to put back', async () => {
    const server = randomUUID();
    await openWindow(server, 'slow');
    const first = stack.startStarter(['undo', server, ...WHO]);
    await until(async () => first.stdout().includes('phase: restoring'), 120_000);
    const second = await json(['undo', server, '--by', 'other', '--reason', 'T-7']);
    expect([second.code, second.answer.outcome]).toEqual([0, 'undone']);
    const { code, stdout } = await first.finished;
    expect([code, stdout]).toEqual([0, expect.stringContaining('✔ undone: 2 restored')]);
    const late = await json(['undo', server, ...WHO]);
    expect([late.code, late.answer.error?.type]).toEqual([1, 'NoOpenRun']);
    // Everything is back: a restore would find nothing to do.
    expect(late.stderr).toContain('nothing to put back');
    expect(late.stderr).not.toContain(`ecs-nics restore ${server} --run-id`);
  });

  it('that comes after a commit is refused with 4', async () => {
    const server = randomUUID();
    await openWindow(server, 'slow');
    const commit = stack.startStarter(['commit', server, ...WHO]);
    await until(async () => commit.stdout().includes('phase: committing'), 120_000);
    const { code, answer } = await json(['undo', server, ...WHO]);
    expect([code, answer.error]).toEqual([
      4,
      { type: 'NotApplicable', message: expect.stringContaining('commit was accepted first') as unknown },
    ]);
    expect((await commit.finished).code).toBe(0);
  });

  it('that can not put everything back ends with 6 and what a person does', async () => {
    const server = randomUUID();
    await openWindow(server, 'incomplete');
    const { code, stdout } = await stack.starter(['undo', server, ...WHO]);
    expect(code).toBe(6);
    expect(stdout).toContain('✘ restore-incomplete: 1 detached, 1 restored');
    expect(stdout).toMatch(/By hand:\n {4}POST \/nics\n/);
    expect(stdout).toContain(`ecs-nics restore ${server} --run-id`);
  });

  it('goes on under a new run id: asked again there', async () => {
    const server = randomUUID();
    await openWindow(server, 'chain');
    const { code, answer } = await json(['undo', server, ...WHO]);
    expect([code, answer]).toEqual([
      0,
      expect.objectContaining({ outcome: 'undone', firstRunId: expect.any(String) as unknown }),
    ]);
  });

  it('Ctrl-C stops waiting: 130, and the undo goes on', async () => {
    const server = randomUUID();
    await openWindow(server, 'slow');
    const undo = stack.startStarter(['undo', server, ...WHO]);
    await until(async () => undo.stdout().includes('phase: restoring'), 120_000);
    undo.child.kill('SIGINT');
    const { code, stderr } = await undo.finished;
    expect(code).toBe(130);
    expect(stderr).toContain('It has accepted the undo and carries it out');
    expect((await json(['watch', server])).answer.outcome).toBe('undone');
  });

  it('a commit before any window is open is refused; of a run that nobody knows both end with 1', async () => {
    const server = randomUUID();
    await stack.starter(deleteArgs(server, ['--no-wait', '--undo-window', '1 hour', '--reason', 'late']));
    const early = await json(['commit', server, ...WHO]);
    expect([early.code, early.answer.error?.type]).toEqual([4, 'NotApplicable']);
    for (const command of ['undo', 'commit'])
      expect((await json([command, randomUUID(), ...WHO])).code).toBe(1);
  });
});

describe('restore', { timeout: 240_000 }, () => {
  it('finds the last run that took NICs off, past dry runs and restores; attaches to the same, not to another', async () => {
    const server = randomUUID();
    const none = await json(['restore', server, ...WHO]);
    expect([none.code, none.answer.error?.type]).toEqual([2, 'NothingToRestore']);

    const deleted = await json(deleteArgs(server, ['--undo-window', '1s']));
    await json(['watch', server]);
    const plan = await stack.starter(['restore', server, '--dry-run', ...WHO]);
    expect(plan.code).toBe(0);
    expect(plan.stdout).toContain(
      `from run    ${deleted.answer.runId as string}\n              deleted, ended`,
    );
    expect(plan.stdout).toMatch(/would return +exact/);
    expect(plan.stdout).toContain(`To put this NIC back (exactly as before)`);

    const slow = ['restore', server, '--by', 'ops', '--reason', 'slow'];
    const first = stack.startStarter([...slow, '--json']);
    await until(async () => first.stderr().includes('restore started'), 120_000);
    const same = stack.startStarter(['restore', server, '--by', 'me', '--reason', 'too', '--json']);
    const other = await json(['restore', server, ...WHO, '--nic', NICS[0]!]);
    expect([other.code, other.answer.error?.type]).toEqual([4, 'DifferentRequest']);
    for (const starter of [first, same]) {
      const { code, stdout, stderr } = await starter.finished;
      const document = JSON.parse(stdout) as Json & { warnings: string[] };
      expect([code, document.outcome], stderr).toEqual([0, 'restored']);
      expect(JSON.parse(document.warnings[0]!)).toEqual({
        serverId: server,
        from: { workflowId: `nics/${server}`, runId: deleted.answer.runId },
        nics: 'all',
        requestedBy: 'ops',
        reason: 'slow',
      });
    }
    expect((await same.finished).stderr).toContain('attached to it');
  });

  it('takes the run or the document that it is told', async () => {
    const server = randomUUID();
    const { answer } = await json(deleteArgs(server, ['--undo-window', '1s']));
    const unknown = await json(['restore', server, '--run-id', randomUUID(), ...WHO]);
    expect([unknown.code, unknown.answer.error?.type]).toEqual([2, 'NoRun']);
    await json(['watch', server]);
    const file = join(await mkdtemp(join(tmpdir(), 'ecs-nics-')), 'result.json');
    await writeFile(file, JSON.stringify(answer));
    const saved = await json(['restore', server, '--document', file, '--nic', NICS[1]!, ...WHO]);
    const [input] = saved.answer.warnings as string[];
    expect([saved.code, JSON.parse(input!)]).toMatchObject([
      0,
      { from: { document: { serverId: server, runId: answer.runId } }, nics: [{ id: NICS[1] }] },
    ]);
  });
});
