/**
 * What callers hang on a start, on a real server: time-outs, retry policies, cron, schedules, payloads that nobody here can
 * read. Whatever it is, the run says so or does its work; nothing is sent twice, and no workflow task fails.
 */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle, WorkflowStartOptions } from '@temporalio/client';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import { until } from '../../dev/ports';
import type { Stack } from '../../dev/stack';
import { startStack } from '../support/watched-stack';
import { createServer, posts, TIMING, untilPosted } from '../support/e2e';
import { expectTruth } from '../support/truth';

let stack: Stack;
let client: Client;
let connection: Connection;

beforeAll(async () => {
  stack = await startStack({ label: 'circumstances', workerEnv: { ECS_NICS_CLOUD_RPS: '50' } });
  connection = await Connection.connect({ address: stack.temporal.address });
  client = new Client({ connection, namespace: stack.temporal.namespace });
});
afterAll(async () => {
  await connection?.close();
  await stack?.close();
});

const bytes = (text: string) => new TextEncoder().encode(text);
const payload = (encoding: string, data: string) => ({
  metadata: { encoding: bytes(encoding) },
  data: bytes(data),
});
/** What a caller with an encryption of its own sends. */
const ENCRYPTED = payload('binary/encrypted', 'x');

type Options = Partial<WorkflowStartOptions>;

function start(workflowId: string, input: unknown, more: Options = {}, type = 'deleteServerNics') {
  const options = { taskQueue: stack.taskQueue, workflowId, args: [input], ...more };
  return client.workflow.start(type, options);
}

/** As any client may: payloads and memo are sent as they are. */
async function startRaw(serverId: string, input: object[], memo: Record<string, object> = {}) {
  const workflowId = `nics/${serverId}`;
  const { runId } = await connection.workflowService.startWorkflowExecution({
    namespace: stack.temporal.namespace,
    workflowId,
    workflowType: { name: 'deleteServerNics' },
    taskQueue: { name: stack.taskQueue },
    requestId: randomUUID(),
    input: { payloads: input },
    memo: { fields: memo },
  });
  return client.workflow.getHandle(workflowId, runId);
}

async function failureOf(handle: WorkflowHandle): Promise<ApplicationFailure> {
  const error: unknown = await handle.result().then(
    () => new Error('it completed'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
  return error.cause;
}

/** The run's history, which has no failed workflow task in it. */
async function eventsOf(handle: WorkflowHandle) {
  const events = (await handle.fetchHistory()).events ?? [];
  expect(events.filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([]);
  return events;
}

async function expectRefused(handle: WorkflowHandle, words: RegExp): Promise<void> {
  const failure = await failureOf(handle);
  expect([failure.type, failure.message]).toEqual(['InvalidInput', expect.stringMatching(words)]);
  const events = await eventsOf(handle);
  expect(events.some((event) => event.activityTaskScheduledEventAttributes)).toBe(false);
}

const server = (settings: object = {}) => createServer(stack.simulator, { ...settings });
const request = (serverId: string, ids: string[], more: object = {}) => ({
  serverId,
  nics: ids.map((id) => ({ id })),
  timing: TIMING,
  ...more,
});

async function expectDeleted(handle: WorkflowHandle, serverId: string): Promise<void> {
  const document = (await handle.result()) as ResultDocument;
  expect(document.outcome).toBe('deleted');
  expect(await posts(stack.simulator, serverId)).toBe(1);
  await expectTruth(stack.simulator, document);
  await eventsOf(handle);
}

describe('time-outs, retries, repetition', { timeout: 240_000 }, () => {
  it.concurrent.each<[string, Options, RegExp]>([
    ['an execution time-out', { workflowExecutionTimeout: '79 minutes' }, /an execution time-out of 1 h 19/],
    ['a run time-out', { workflowRunTimeout: '79 minutes' }, /a run time-out of 1 h 19/],
    [
      'both, with a retry policy',
      { workflowExecutionTimeout: '1 hour', workflowRunTimeout: '1 minute', retry: { maximumAttempts: 9 } },
      /an execution time-out of 1 h: .*a run time-out of 60 s/,
    ],
  ])('%s that is too short is refused, once', async (_name, options, words) => {
    const { id, nics } = await server();
    const handle = await start(`nics/${id}`, request(id, nics), options);
    await expectRefused(handle, words);
    const { runId, status } = await client.workflow.getHandle(`nics/${id}`).describe();
    expect([runId, status.name]).toEqual([handle.firstExecutionRunId, 'FAILED']);
    expect(await posts(stack.simulator, id)).toBe(0);
  });

  it.concurrent.each<[string, Options]>([
    [
      'time-outs that are long enough',
      { workflowExecutionTimeout: '2 hours', workflowRunTimeout: '2 hours' },
    ],
    ['a second for each workflow task', { workflowTaskTimeout: '1 second' }],
    ['an hour for each workflow task', { workflowTaskTimeout: '1 hour' }],
    ['a delayed start', { startDelay: '1 second' }],
  ])('%s change nothing', async (_name, options) => {
    const { id, nics } = await server();
    await expectDeleted(await start(`nics/${id}`, request(id, nics.slice(0, 2)), options), id);
  });

  it.concurrent('a retry policy tries nothing again: every failure is final', async () => {
    const { id, nics } = await server();
    await stack.simulator.post('/_sim/faults', {
      match: { class: 'delete', serverId: id },
      what: { kind: 'partial-failure', nics: [0] },
    });
    const retry = { initialInterval: 100, maximumAttempts: 5 };
    const handle = await start(`nics/${id}`, request(id, nics.slice(0, 1)), { retry });
    expect((await failureOf(handle)).type).toBe('NotDeleted');
    await new Promise((resolve) => setTimeout(resolve, 500));
    const last = await client.workflow.getHandle(`nics/${id}`).describe();
    expect([last.runId, last.status.name]).toEqual([handle.firstExecutionRunId, 'FAILED']);
    expect(await posts(stack.simulator, id)).toBe(1);
  });

  it.concurrent('cron: each run is refused and says how to end it; terminated, it ends', async () => {
    const { id, nics } = await server();
    const handle = await start(`nics/${id}`, request(id, nics), { cronSchedule: '@every 1s' });
    const first = client.workflow.getHandle(`nics/${id}`, handle.firstExecutionRunId, { followRuns: false });
    const latest = client.workflow.getHandle(`nics/${id}`);
    let second = '';
    await until(async () => {
      const { runId } = await latest.describe();
      if (runId !== handle.firstExecutionRunId) second = runId;
      return second !== '';
    }, 120_000);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    await latest.terminate('test');
    await expect(first.result()).rejects.toThrow();
    for (const runId of [handle.firstExecutionRunId, second]) {
      const events = await eventsOf(client.workflow.getHandle(`nics/${id}`, runId));
      const failed = events.at(-1)?.workflowExecutionFailedEventAttributes;
      const said = failed?.failure?.message ?? 'terminated';
      expect(said).toMatch(/cron schedule.*terminate|^terminated$/);
    }
    expect(await posts(stack.simulator, id)).toBe(0);
  });

  it.concurrent('a schedule: it gives the workflow an id of its own, which is refused', async () => {
    const { id, nics } = await server();
    const schedule = await client.schedule.create({
      scheduleId: `schedule-${id}`,
      spec: {},
      action: {
        type: 'startWorkflow',
        workflowType: 'deleteServerNics',
        workflowId: `nics/${id}`,
        taskQueue: stack.taskQueue,
        args: [request(id, nics)],
      },
    });
    await schedule.trigger();
    let run: { workflowId: string; firstExecutionRunId: string } | undefined;
    await until(async () => {
      const action = (await schedule.describe()).info.recentActions[0]?.action;
      run = action?.type === 'startWorkflow' ? action.workflow : undefined;
      return run !== undefined;
    }, 120_000);
    await expectRefused(client.workflow.getHandle(run?.workflowId ?? ''), /the workflow id must be nics\//);
    await schedule.delete();
    expect(await posts(stack.simulator, id)).toBe(0);
  });
});

describe('what can’t be read', { timeout: 240_000 }, () => {
  const deep = payload('json/plain', '['.repeat(100_000) + ']'.repeat(100_000));
  it.concurrent.each<[string, object[], RegExp]>([
    ['nothing', [], /not undefined/],
    [
      'an encrypted input',
      [ENCRYPTED],
      /can't be read: Unknown encoding: binary\/encrypted; send plain JSON/,
    ],
    ['half a JSON', [payload('json/plain', '{"serverId":')], /can't be read/],
    ['bytes', [payload('binary/plain', '\u0000\u0001')], /not binary data/],
    ['lists without end', [deep], /not a list/],
    ['half a character', [payload('json/plain', `{"serverId":"a${'😀'.repeat(60)}"}`)], /serverId: "a😀/],
  ])('%s is refused by name', async (_name, input, words) => {
    await expectRefused(await startRaw(randomUUID(), input), words);
  });

  it.concurrent('a mistyped workflow type, or id, is refused by name', async () => {
    const id = randomUUID();
    await expectRefused(await start(`nics/${id}`, {}, {}, 'deleteServerNic'), /only deleteServerNics and/);
    const odd = `nics/${'😀'.repeat(90)}\u202E <b>`;
    await expectRefused(await start(odd, request(id, [id])), new RegExp(`must be nics/${id}`));
  });

  it.concurrent('messages hold nothing up: a signal, a query, an Update', async () => {
    const { id, nics } = await server({ jobSeconds: 2 });
    const input = [defaultPayloadConverter.toPayload(request(id, nics.slice(0, 1)))];
    const handle = await startRaw(id, input);
    await untilPosted(stack.simulator, id);
    const workflowExecution = { workflowId: `nics/${id}`, runId: '' };
    const { namespace } = stack.temporal;
    const args = { payloads: [ENCRYPTED] };
    await connection.workflowService.signalWorkflowExecution({
      namespace,
      workflowExecution,
      signalName: 'pollNow',
      input: args,
    });
    const asked = await connection.workflowService.queryWorkflow({
      namespace,
      execution: workflowExecution,
      query: { queryType: 'status', queryArgs: args },
    });
    expect(asked.queryResult?.payloads).toHaveLength(1);
    const { outcome } = await connection.workflowService.updateWorkflowExecution({
      namespace,
      workflowExecution,
      waitPolicy: { lifecycleStage: 3 },
      request: { meta: { updateId: 'u', identity: 'test' }, input: { name: 'settled', args } },
    });
    expect(outcome?.failure?.applicationFailureInfo?.type).toBe('InvalidInput');
    await expectDeleted(handle, id);
  });

  it.concurrent('a memo: left alone by the run, by the next one, and by the starter', async () => {
    const { id, nics } = await server();
    const plan = request(id, nics, { dryRun: true });
    const input = [defaultPayloadConverter.toPayload(plan)];
    const first = await startRaw(id, input, { ticket: ENCRYPTED });
    expect(((await first.result()) as ResultDocument).outcome).toBe('planned');
    // The next run looks at the one before it, and the starter at all of them.
    const again = ['delete', id, '--all', '--dry-run', '--json'];
    const second = await stack.starter(again);
    expect([second.code, second.stderr]).toEqual([0, expect.stringContaining('would go')]);
    const third = await startRaw(id, [ENCRYPTED], { open: ENCRYPTED, result: ENCRYPTED });
    await expectRefused(third, /can't be read/);
    for (const [args, code] of [
      [['status', id], 0],
      [['watch', id], 2],
      [['list', '--limit', '1000'], 0],
      [again, 0],
    ] as const) {
      const { code: got, stdout, stderr } = await stack.starter([...args, '--json']);
      expect([got, stderr]).toEqual([code, expect.not.stringContaining('internal error')]);
      expect(stdout).toContain(id);
    }
  });
});
