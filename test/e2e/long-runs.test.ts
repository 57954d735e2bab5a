/** Runs that continue as new on a real server: one deletion, one story, whoever looks at it by the workflow id. */
import {
  Client,
  Connection,
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultDocument, SubmittedAnswer } from '../../src/contract';
import type { Stack } from '../../dev/stack';
import { startStack } from '../support/watched-stack';
import { createServer, posts, TIMING, untilPosted } from '../support/e2e';
import { expectTruth } from '../support/truth';
import { judgeBack, startDeletion, WHO } from '../support/ways-back';

/** Some three polls; the server's own default is 4,096. */
const SUGGEST_AFTER_EVENTS = 40;
const JOB_SECONDS = 8;

let stack: Stack;
let client: Client;
let connection: Connection;

beforeAll(async () => {
  stack = await startStack({
    label: 'long',
    workerEnv: { ECS_NICS_CLOUD_RPS: '50' },
    temporal: {
      extraArgs: [
        '--dynamic-config-value',
        `limit.historyCount.suggestContinueAsNew=${SUGGEST_AFTER_EVENTS}`,
      ],
    },
  });
  connection = await Connection.connect({ address: stack.temporal.address });
  client = new Client({ connection, namespace: stack.temporal.namespace });
});
afterAll(async () => {
  await connection?.close();
  await stack?.close();
});

const request = (serverId: string, ids: string[]) => ({
  serverId,
  nics: ids.map((id) => ({ id })),
  timing: { ...TIMING, pollInterval: 300 },
});

async function start(
  ids = 2,
  jobSeconds = JOB_SECONDS,
  timing = {},
): Promise<{ server: { id: string; nics: string[] }; handle: WorkflowHandle }> {
  const server = await createServer(stack.simulator, { jobSeconds });
  const input = request(server.id, server.nics.slice(0, ids));
  const handle = await client.workflow.start('deleteServerNics', {
    taskQueue: stack.taskQueue,
    workflowId: `nics/${server.id}`,
    args: [{ ...input, timing: { ...input.timing, ...timing } }],
  });
  await untilPosted(stack.simulator, server.id);
  return { server, handle: client.workflow.getHandle(handle.workflowId) };
}

/** Run ids under the workflow's id, newest first. */
async function chain(workflowId: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
    ids.push(runId);
  return ids;
}

async function typeOf(update: Promise<unknown>): Promise<string | undefined> {
  try {
    await update;
    return undefined;
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure))
      throw error;
    return error.cause.type ?? '';
  }
}

describe('a run that continues as new', { timeout: 240_000 }, () => {
  it('sends once, keeps its document, its memo and its search attributes, and ends with the truth', async () => {
    const { server, handle } = await start();
    const document = (await handle.result()) as ResultDocument;
    expect(document.outcome).toBe('deleted');
    expect(document.jobs[0]?.polls).toBeGreaterThan(4);
    expect(await posts(stack.simulator, server.id)).toBe(1);
    await expectTruth(stack.simulator, document);
    const runs = await chain(handle.workflowId);
    expect(runs.length).toBeGreaterThan(2);
    for (const runId of runs) {
      const history = await client.workflow.getHandle(handle.workflowId, runId).fetchHistory();
      expect(history.events?.length).toBeLessThan(SUGGEST_AFTER_EVENTS + 30);
    }
    const last = await handle.describe();
    expect(last.memo?.open).toBe('settled');
    expect(last.searchAttributes).toMatchObject({
      EcsServerId: [server.id],
      NicsPhase: ['done'],
      NicsOutcome: ['deleted'],
    });
  });

  it('waiting Updates fail with ContinuedAsNew; asking again by the workflow id serves', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: JOB_SECONDS });
    const input = request(server.id, server.nics.slice(0, 1));
    const operation = new WithStartWorkflowOperation('deleteServerNics', {
      taskQueue: stack.taskQueue,
      workflowId: `nics/${server.id}`,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    const { jobId }: SubmittedAnswer = await client.workflow.executeUpdateWithStart('submitted', {
      startWorkflowOperation: operation,
      args: [input],
    });
    const handle = client.workflow.getHandle(`nics/${server.id}`);
    let asked = 0;
    let settled: ResultDocument | undefined;
    while (settled === undefined) {
      asked += 1;
      const again = await typeOf(
        handle.executeUpdate<ResultDocument, [unknown]>('settled', { args: [input] }).then((document) => {
          settled = document;
        }),
      );
      if (again !== undefined) expect(again).toBe('ContinuedAsNew');
    }
    expect(asked).toBeGreaterThan(1);
    expect([settled.outcome, settled.jobs[0]?.id]).toEqual(['deleted', jobId]);
    // A later run of the chain answers at once, and tells requests apart as the first one did.
    expect(await handle.result()).toEqual(settled);
  });

  it('tells a different request from its own in every run of the chain', async () => {
    const { server, handle } = await start(1);
    await untilContinued(handle);
    const other = request(server.id, server.nics.slice(1, 2));
    const own = request(server.id, server.nics.slice(0, 1));
    expect(await typeOf(handle.executeUpdate('submitted', { args: [other] }))).toBe('DifferentRequest');
    const answer: SubmittedAnswer = await handle.executeUpdate('submitted', { args: [own] });
    expect(answer.jobId).toMatch(/^[0-9a-f]{32}$/);
    await handle.result();
  });

  it('a cancel in the middle of the chain: observed to the end, totals in the memo', async () => {
    // The rest fits into one run: with a long history a cancelled run takes a minute for a step.
    const { handle } = await start(2, 5, { pollInterval: '3s' });
    await untilContinued(handle);
    await handle.cancel();
    await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    const { memo, status } = await handle.describe();
    expect(status.name).toBe('CANCELLED');
    expect(memo?.result).toEqual({ outcome: 'cancelled', counts: { deleted: 2 }, submissions: 1 });
  });

  it('terminated in the middle of the chain: the next run waits until what was sent has come to rest', async () => {
    const { server, handle } = await start();
    await untilContinued(handle);
    await handle.terminate('by hand');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const next = await client.workflow.start('deleteServerNics', {
      taskQueue: stack.taskQueue,
      workflowId: handle.workflowId,
      args: [request(server.id, server.nics)],
    });
    const document = (await next.result()) as ResultDocument;
    expect(document.outcome).toBe('deleted');
    expect(document.warnings.join()).toMatch(/ended before it was known/);
    await expectTruth(stack.simulator, document);
  });

  it('the worker killed in the middle of the chain', async () => {
    const { server, handle } = await start();
    await untilContinued(handle);
    await stack.worker.kill();
    stack.worker.start();
    const document = (await handle.result()) as ResultDocument;
    expect(document.outcome).toBe('deleted');
    expect(await posts(stack.simulator, server.id)).toBe(1);
    await expectTruth(stack.simulator, document);
  });

  it('the starter follows the whole chain, and attaches to it', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: JOB_SECONDS });
    const args = ['delete', server.id, '--nic', server.nics[0] ?? '', '--yes', '--json'];
    args.push('--timing', JSON.stringify(request(server.id, []).timing));
    const first = stack.startStarter(args);
    await untilPosted(stack.simulator, server.id);
    await untilContinued(client.workflow.getHandle(`nics/${server.id}`));
    const [one, two] = await Promise.all([first.finished, stack.starter(args)]);
    for (const { code, stdout, stderr } of [one, two]) {
      expect(code, stderr).toBe(0);
      expect((JSON.parse(stdout) as ResultDocument).outcome).toBe('deleted');
    }
    expect(two.stderr).toMatch(/attached/);
    expect(await posts(stack.simulator, server.id)).toBe(1);
  });
});

describe('an undo window in a chain', { timeout: 240_000 }, () => {
  it('stays open until the same time, and an undo that outlives its run is asked for again', async () => {
    const { simulator, taskQueue } = stack;
    const way = await startDeletion({ simulator, client, taskQueue }, 'chain', { undoWindow: '1 hour' });
    const handle = client.workflow.getHandle(way.handle.workflowId);
    const first = await asked<ResultDocument>(handle, 'settled', undefined);
    // Each look that somebody asks for adds to the history: in a window of days it grows long.
    const before = (await chain(handle.workflowId)).length;
    for (let tries = 0; tries < 50 && (await chain(handle.workflowId)).length === before; tries++) {
      await handle.signal('pollNow');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect((await chain(handle.workflowId)).length).toBeGreaterThan(before);
    const { answer } = await asked<ResultDocument>(handle, 'settled', undefined);
    expect(answer).toMatchObject({ phase: 'undo-window', undoUntil: first.answer.undoUntil });
    // Long enough for the run to continue as new while it is waited for.
    const what = { kind: 'job-seconds', seconds: JOB_SECONDS };
    await simulator.post('/_sim/faults', { match: { class: 'attach', serverId: way.serverId }, what });
    const { answer: undone, times } = await asked<ResultDocument>(handle, 'undo', WHO);
    expect(times).toBeGreaterThan(1);
    expect(undone.decision).toMatchObject(WHO);
    const last = { ...way, handle };
    await judgeBack({ simulator, client, taskQueue }, last, {
      outcome: 'undone',
      nics: ['restored', 'restored'],
    });
  });
});

describe('waiting Updates', { timeout: 240_000 }, () => {
  it('the server takes ten of them; the eleventh is told so, and the run goes on', async () => {
    const server = await createServer(stack.simulator, { status: 'REBOOT' });
    const input = {
      ...request(server.id, server.nics.slice(0, 1)),
      deadline: '12 seconds',
    };
    const handle = await client.workflow.start('deleteServerNics', {
      taskQueue: stack.taskQueue,
      workflowId: `nics/${server.id}`,
      args: [input],
    });
    const ten = Array.from({ length: 10 }, () => typeOf(handle.executeUpdate('settled', { args: [input] })));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    // Without the client's own retries, which would go on until one of the ten is answered.
    const impatient = await Connection.connect({ address: stack.temporal.address, interceptors: [] });
    const eleventh = await new Client({ connection: impatient, namespace: stack.temporal.namespace }).workflow
      .getHandle(handle.workflowId)
      .executeUpdate('settled', { args: [input] })
      .then(
        () => 'accepted',
        (error: Error) => (error.cause instanceof Error ? error.cause.message : error.message),
      );
    await impatient.close();
    expect(eleventh).toMatch(/RESOURCE_EXHAUSTED.*limit/);
    await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    expect(await Promise.all(ten)).toEqual(Array(10).fill('Refused'));
  });
});

/** Asks again in the next run of the chain, as who gets `ContinuedAsNew` should. */
async function asked<T>(
  handle: WorkflowHandle,
  name: string,
  ...args: [unknown]
): Promise<{ answer: T; times: number }> {
  for (let times = 1; ; times++) {
    let answer: T | undefined;
    const update = handle.executeUpdate<T, [unknown]>(name, { args });
    const type = await typeOf(update.then((it) => (answer = it)));
    if (answer !== undefined) return { answer, times };
    expect(type).toBe('ContinuedAsNew');
  }
}

async function untilContinued(handle: WorkflowHandle): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { raw, runId } = await handle.describe();
    if (raw.workflowExecutionInfo?.firstRunId !== runId) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the run has not continued as new within 5 s');
}
