/** What is read of closed runs, on a real server: from Temporal itself where it can be, from a worker's answer otherwise. */
import { Client } from '@temporalio/client';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Temporal } from '../../dev/temporal-server';
import { startTemporal } from '../../dev/temporal-server';
import { temporalOf } from '../../src/client/connect';
import { readRun } from '../../src/worker/temporal/read-run';
import type { endsSomehow, Ending } from '../support/ended-workflows';

const TASK_QUEUE = 'ecs-nics-read-run';
const DOCUMENT = { outcome: 'deleted', nics: [], serverId: 's' };
const STATUS = { ...DOCUMENT, outcome: 'cancelled' };

let temporal: Temporal;
let connection: NativeConnection;
let client: Client;
let worker: Worker;
let running: Promise<void>;
let number = 0;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  temporal = await startTemporal();
  const { address, namespace } = temporal;
  connection = await NativeConnection.connect({ address });
  client = new Client({ connection, namespace });
  worker = await Worker.create({
    connection,
    namespace,
    taskQueue: TASK_QUEUE,
    workflowsPath: require.resolve('../support/ended-workflows.ts'),
  });
  running = worker.run();
});
afterAll(async () => {
  if (worker?.getState() === 'RUNNING') worker.shutdown();
  await running;
  await connection?.close();
  await temporal?.close();
});

function start(ending: Ending): Promise<WorkflowHandleWithFirstExecutionRunId<typeof endsSomehow>> {
  const workflowId = `nics/${++number}`;
  return client.workflow.start<typeof endsSomehow>('endsSomehow', {
    workflowId,
    taskQueue: TASK_QUEUE,
    args: [ending],
  });
}

/** What is read of a run that ends so, by the id of the first run of its chain. */
async function readOf(ending: Ending, end: 'await' | 'cancel' | 'terminate' = 'await') {
  const handle = await start(ending);
  // A run that is terminated before it has begun has no status.
  if (end === 'terminate') await handle.query('status');
  if (end === 'cancel') await handle.cancel();
  if (end === 'terminate') await handle.terminate('by hand');
  await handle.result().catch(() => undefined);
  return readRun(temporalOf(client), { workflowId: handle.workflowId, runId: handle.firstExecutionRunId });
}

describe('the document of a closed run', () => {
  it.each<[string, Ending, 'await' | 'cancel' | 'terminate', object]>([
    ['completed', { how: 'completes', result: DOCUMENT }, 'await', DOCUMENT],
    ['failed: its first detail', { how: 'fails', result: DOCUMENT }, 'await', DOCUMENT],
    ['continued three times', { how: 'completes', result: DOCUMENT, further: 3 }, 'await', DOCUMENT],
    ['continued, then failed', { how: 'fails', result: DOCUMENT, further: 1 }, 'await', DOCUMENT],
    ['cancelled: its status', { how: 'is-cancelled', status: STATUS }, 'cancel', STATUS],
    ['terminated: its status', { how: 'waits', status: STATUS }, 'terminate', STATUS],
    [
      'completed with something else: its status',
      { how: 'completes', result: 7, status: STATUS },
      'await',
      STATUS,
    ],
    ['failed without one: its status', { how: 'fails', status: STATUS }, 'await', STATUS],
  ])('%s', async (_name, ending, end, document) => {
    expect(await readOf(ending, end)).toEqual({ kind: 'run', document, why: null });
  });
});

describe('no document', () => {
  const none = (why: RegExp) => ({ kind: 'run', document: null, why: expect.stringMatching(why) });

  it('of a run that has none, whatever way it ended', async () => {
    expect(await readOf({ how: 'completes', result: { some: 'thing' }, status: 7 })).toEqual(
      none(/completed, and has no result document/),
    );
  });

  it('of a run whose status nobody answers: the remedy is named', async () => {
    expect(await readOf({ how: 'completes', result: null })).toEqual(
      none(
        /completed without a result document.*start a worker on task queue ecs-nics-read-run, or give its saved/,
      ),
    );
  });

  it('of a document larger than any of ours', async () => {
    const result = { ...DOCUMENT, padding: 'x'.repeat(300_000) };
    expect(await readOf({ how: 'completes', result })).toEqual(none(/larger than any of ecs-nics/));
  });

  it('of a run that is open, or whose successor is', async () => {
    for (const further of [0, 1]) {
      const handle = await start({ how: 'waits', further });
      // Once the first run has handed over, only its successor is open.
      if (further > 0) {
        await expect.poll(async () => (await handle.describe()).runId).not.toBe(handle.firstExecutionRunId);
      }
      const run = { workflowId: handle.workflowId, runId: handle.firstExecutionRunId };
      expect(await readRun(temporalOf(client), run)).toEqual(none(/still open/));
      await handle.terminate();
    }
  });

  it.each([
    ['never was', '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01'],
    ['can’t be', 'not-a-run-id'],
  ])('of a run that %s', async (_name, runId) => {
    expect(await readRun(temporalOf(client), { workflowId: 'nics/nobody', runId })).toEqual(
      none(/does not know this run \(any more\): give its saved result document instead/),
    );
  });

  it('of a run that ended from outside while no worker is there, with the remedy', async () => {
    const handle = await start({ how: 'waits', status: STATUS });
    await handle.query('status');
    worker.shutdown();
    await running;
    await handle.terminate('by hand');
    const read = await readRun(temporalOf(client), {
      workflowId: handle.workflowId,
      runId: handle.firstExecutionRunId,
    });
    expect(read).toEqual(none(/was terminated .*no worker answered for its status.*on task queue/));
  });

  it('when Temporal does not answer: a failure that is tried again', async () => {
    await temporal.close();
    const run = { workflowId: 'nics/1', runId: '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01' };
    await expect(readRun(temporalOf(client), run)).rejects.toMatchObject({
      type: 'CloudUnavailable',
      nonRetryable: false,
    });
  });
});
