/** The starter where workers are versioned: it says which version is missing, and the commands that it names are right. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../../dev/ports';
import type { Running } from '../../dev/processes';
import { cleanEnvironment, startProgram } from '../../dev/processes';
import { cloudSettings } from '../../dev/simulator';
import type { Stack } from '../../dev/stack';
import { findTemporal } from '../../dev/temporal-binary';
import type { Worker } from '../../dev/worker';
import { createServer, TIMING } from '../support/e2e';
import { startStack } from '../support/watched-stack';

type Json = Record<string, unknown> & { error?: { type: string; message: string } };

const run = promisify(execFile);
const DEPLOYMENT = 'ecs-nics-versions';
const version = (build: string) => ({
  TEMPORAL_DEPLOYMENT_NAME: DEPLOYMENT,
  TEMPORAL_WORKER_BUILD_ID: build,
});
const WHO = ['--by', 'ops', '--reason', 'TICKET-8'];

let stack: Stack;
let connection: Connection;
let client: Client;
beforeAll(async () => {
  stack = await startStack({
    label: 'versions',
    startWorker: false,
    workerEnv: { ECS_NICS_CLOUD_RPS: '50' },
  });
  connection = await Connection.connect({ address: stack.temporal.address });
  client = new Client({ connection, namespace: stack.temporal.namespace });
});
afterAll(async () => {
  await connection?.close();
  await stack?.close();
});

async function json(args: string[]): Promise<{ code: number | null; answer: Json; stderr: string }> {
  const { code, stdout, stderr } = await stack.starter([...args, '--json']);
  return { code, answer: JSON.parse(stdout) as Json, stderr };
}

/** A command as the starter has printed it, with the real tool of Temporal. */
async function typed(command: string, { temporal } = stack): Promise<void> {
  const found = await findTemporal({ ...process.env, TEMPORAL_ADDRESS: undefined }, () => {});
  if (found.kind !== 'binary') throw new Error('no Temporal CLI');
  const [tool, ...words] = command.split(' ').filter((word) => word !== '\\');
  expect(tool).toBe('temporal');
  await run(found.path, words, {
    env: { ...process.env, ...temporal.env, TEMPORAL_ADDRESS: temporal.address },
  });
}

const commandIn = (text: string, pattern: RegExp): string => pattern.exec(text)?.[0] ?? '';
const SET_CURRENT = /temporal worker deployment set-current-version --deployment-name \S+ --build-id \S+/;
const MOVE =
  /temporal workflow update-options --workflow-id \S+ --run-id \S+ --versioning-override-behavior pinned --versioning-override-deployment-name \S+ --versioning-override-build-id \S+/;

async function tells(starter: Running, ...patterns: RegExp[]): Promise<void> {
  // Long enough on a busy machine; each line is a write of its own.
  await until(async () => patterns.every((pattern) => pattern.test(starter.stderr())), 120_000);
  for (const pattern of patterns) expect(starter.stderr()).toMatch(pattern);
}

/** The line of `--check` about the version. */
async function checked({ simulator, starterEnv }: Stack, build: string): Promise<string> {
  const off = { ECS_NICS_HEALTH_ADDRESS: 'off', ECS_NICS_METRICS_ADDRESS: 'off' };
  const env = { ...cloudSettings(simulator), ...off, ...starterEnv, ...version(build) };
  const { stdout } = await startProgram('worker.js', ['--check'], cleanEnvironment(process.env, env))
    .finished;
  return stdout.split('\n').find((line) => line.includes(' deployment ')) ?? stdout;
}

describe('versioned workers', { timeout: 240_000 }, () => {
  let v2: Worker;

  it('no version is current: nothing is started, who meets an open run is told why, and the command helps', async () => {
    stack.worker.start(version('v1'));
    await stack.worker.ready(stack.temporal, stack.taskQueue);
    // The worker says it of itself, and so does its check.
    const SAYS =
      /build v1 of ecs-nics-versions gets no new runs: workers poll task queue .* no version is current: none of them is given new runs\. To make it the current one: temporal worker deployment set-current-version/;
    await until(async () => SAYS.test(stack.worker.log), 120_000);
    expect(stack.worker.log).toMatch(SAYS);
    expect(await checked(stack, 'v1')).toMatch(SAYS);

    const server = await createServer(stack.simulator, { nics: 2 });
    const first = stack.startStarter(['delete', server.id, '--all', '--yes', '--json']);
    await tells(first, SET_CURRENT);
    const refused = await first.finished;
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: { type: 'NoWorkerOfVersion', message: expect.stringContaining('nothing was started') as string },
      reasons: [{ kind: 'no-current-version', polling: [{ deploymentName: DEPLOYMENT, buildId: 'v1' }] }],
    });
    const none = await json(['status', server.id]);
    expect(none.answer.error?.type).toBe('NoRun');

    // As another service starts it.
    const handle = await client.workflow.start('deleteServerNics', {
      workflowId: `nics/${server.id}`,
      taskQueue: stack.taskQueue,
      args: [{ serverId: server.id, nics: 'all', undoWindow: '1 hour', timing: TIMING }],
    });
    const watching = stack.startStarter(['watch', server.id, '--json']);
    await tells(watching, SET_CURRENT, /temporal workflow terminate --workflow-id/);
    const status = await json(['status', server.id]);
    expect([status.code, status.answer.neverTaken, status.answer.error?.type]).toEqual([
      1,
      true,
      'NoWorkerOfVersion',
    ]);

    await typed(commandIn(watching.stderr(), SET_CURRENT) + ' --yes');
    await until(async () => /phase: undo-window/.test(watching.stderr()), 120_000);
    expect(watching.stderr()).toMatch(/phase: undo-window/);
    watching.child.kill('SIGINT');
    expect((await watching.finished).code).toBe(130);
    expect((await handle.describe()).status.name).toBe('RUNNING');
  });

  it('the version of an open window is gone: undo says so, and does it where the command has moved the run', async () => {
    const server = await createServer(stack.simulator, { nics: 3 });
    const opened = await json([
      ...[
        'delete',
        server.id,
        '--all',
        '--yes',
        '--undo-window',
        '1 hour',
        '--timing',
        JSON.stringify(TIMING),
      ],
    ]);
    expect([opened.code, opened.answer.phase]).toEqual([0, 'undo-window']);
    await stack.worker.terminate();
    v2 = stack.addWorker();
    v2.start(version('v2'));
    await v2.ready(stack.temporal, stack.taskQueue);
    await typed(
      `temporal worker deployment set-current-version --deployment-name ${DEPLOYMENT} --build-id v2 --yes`,
    );

    const undoing = stack.startStarter(['undo', server.id, ...WHO, '--json']);
    await tells(
      undoing,
      MOVE,
      new RegExp(`pinned to version v1 of deployment ${DEPLOYMENT}`),
      new RegExp(`TEMPORAL_DEPLOYMENT_NAME=${DEPLOYMENT} TEMPORAL_WORKER_BUILD_ID=v1 ecs-nics-worker`),
    );
    await typed(commandIn(undoing.stderr(), MOVE));
    const undone = await undoing.finished;
    // Waiting may have ended before; the same command again joins.
    const again = undone.code === 1 ? (await json(['undo', server.id, ...WHO])).code : undone.code;
    expect(again, undone.stderr).toBe(0);
    const closed = await json(['status', server.id]);
    expect(closed.answer.outcome).toBe('undone');
  });

  it('workers without a version have just ended: who asks is told who can’t take the run, and the command helps', async () => {
    const mixed = await startStack({ label: 'mixed', workerEnv: { ECS_NICS_CLOUD_RPS: '50' } });
    onTestFinished(() => mixed.close());
    await mixed.worker.kill();
    const versioned = mixed.addWorker();
    versioned.start(version('v1'));
    await versioned.ready(mixed.temporal, mixed.taskQueue);
    const server = await createServer(mixed.simulator, { nics: 2 });
    const own = await Connection.connect({ address: mixed.temporal.address });
    onTestFinished(() => own.close());
    const handle = await new Client({ connection: own }).workflow.start('deleteServerNics', {
      workflowId: `nics/${server.id}`,
      taskQueue: mixed.taskQueue,
      args: [{ serverId: server.id, nics: 'all', timing: TIMING }],
    });
    // The server lists the ended worker for a while, so that nobody knows for certain that it is gone.
    const { code, stdout } = await mixed.starter(['status', server.id, '--json']);
    const answer = JSON.parse(stdout) as { reasons: { remedies: { command: string }[] }[] };
    expect(code).toBe(1);
    expect(answer).toMatchObject({
      error: {
        message: expect.stringMatching(/no version is current.*version v1 .*can't take it/) as string,
      },
      reasons: [{ kind: 'no-answer', version: null, polling: [{ buildId: 'v1' }] }],
    });
    const command = answer.reasons[0]?.remedies[0]?.command ?? '';
    expect(command).toMatch(SET_CURRENT);
    await typed(`${command} --yes`, mixed);
    expect(await handle.result()).toMatchObject({ outcome: 'deleted' });
  });
});
