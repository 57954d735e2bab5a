/** What other services see: raw starts, messages, resets, frozen and vanished workers; no starter in between. */
import {
  Client,
  Connection,
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultDocument, SubmittedAnswer } from '../../src/contract';
import type { Stack } from '../../dev/stack';
import { startStack } from '../support/watched-stack';
import { reset } from '../../dev/reset';
import { createServer, posts, TIMING, untilPosted } from '../support/e2e';
import { expectTruth } from '../support/truth';

let stack: Stack;
let client: Client;
let connection: Connection;

beforeAll(async () => {
  stack = await startStack({ label: 'messages', workerEnv: { ECS_NICS_CLOUD_RPS: '50' } });
  connection = await Connection.connect({ address: stack.temporal.address });
  client = new Client({ connection, namespace: stack.temporal.namespace });
});
afterAll(async () => {
  await connection?.close();
  await stack?.close();
});

const request = (serverId: string, ids: string[], more: object = {}) => ({
  serverId,
  nics: ids.map((id) => ({ id })),
  timing: TIMING,
  ...more,
});

const start = (workflowId: string, input: unknown, more: object = {}) =>
  client.workflow.start('deleteServerNics', {
    taskQueue: stack.taskQueue,
    workflowId,
    args: [input],
    ...more,
  });

async function failureOf(result: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await result.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
  return error.cause;
}

describe('a start by any client', { timeout: 240_000 }, () => {
  it.each([
    ['nothing', undefined, /one JSON object/],
    ['a text', 'rubbish', /one JSON object/],
    [
      'several problems',
      { serverId: 'X', nics: [], deadlin: '1h' },
      /serverId.*nics.*deadlin|deadlin.*serverId.*nics/,
    ],
    [
      'undo options that are none',
      {
        serverId: '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11',
        nics: 'all',
        keepPort: 'yes',
        undoWindow: '31 days',
        onFailure: 'undo',
        onCancel: true,
      },
      /keepPort.*undoWindow.*onFailure.*onCancel/,
    ],
  ])('with %s is InvalidInput with every problem named, before any call', async (_name, input, expected) => {
    const handle = await start('nics/3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11', input);
    const failure = await failureOf(handle.result());
    expect(failure.type).toBe('InvalidInput');
    expect(failure.nonRetryable).toBe(true);
    expect(failure.message).toMatch(expected);
    expect((failure.details?.[0] as ResultDocument).outcome).toBe('invalid-input');
    const history = await handle.fetchHistory();
    expect(history.events?.some((event) => event.activityTaskScheduledEventAttributes)).toBe(false);
  });

  it('under a foreign workflow id, with a cron schedule or too short a time-out is refused', async () => {
    const server = await createServer(stack.simulator);
    const foreign = await failureOf(
      (await start('something-else', request(server.id, server.nics))).result(),
    );
    expect(foreign.message).toContain(`nics/${server.id}`);
    const short = await failureOf(
      (
        await start(`nics/${server.id}`, request(server.id, server.nics), {
          workflowExecutionTimeout: '30 minutes',
        })
      ).result(),
    );
    expect(short.message).toMatch(/execution time-out/);
    expect(await posts(stack.simulator, server.id)).toBe(0);
  });

  it('of a restore with rubbish is InvalidInput as well', async () => {
    const handle = await client.workflow.start('restoreServerNics', {
      taskQueue: stack.taskQueue,
      workflowId: 'nics/3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c12',
      args: [{ from: { document: [] }, nics: [] }],
    });
    const failure = await failureOf(handle.result());
    expect(failure.type).toBe('InvalidInput');
    expect(failure.message).toMatch(/serverId.*nics.*from\.document|from\.document.*nics/);
  });
});

describe('messages', { timeout: 240_000 }, () => {
  it('update-with-start `submitted` answers with the job id, `settled` with the document', async () => {
    const server = await createServer(stack.simulator);
    const input = request(server.id, server.nics.slice(0, 1));
    const operation = new WithStartWorkflowOperation('deleteServerNics', {
      taskQueue: stack.taskQueue,
      workflowId: `nics/${server.id}`,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    const answer: SubmittedAnswer = await client.workflow.executeUpdateWithStart('submitted', {
      startWorkflowOperation: operation,
      args: [input],
    });
    const handle = await operation.workflowHandle();
    const settled: ResultDocument = await handle.executeUpdate('settled', { args: [input] });
    expect(settled.outcome).toBe('deleted');
    expect(settled.jobs.map((job) => job.id)).toEqual([answer.jobId]);
    expect(await handle.result()).toEqual(settled);
    await expectTruth(stack.simulator, settled);
  });

  it('a different request is rejected as DifferentRequest; undo and commit of a plain run are none', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 3 });
    const handle = await start(`nics/${server.id}`, request(server.id, server.nics.slice(0, 1)));
    await untilPosted(stack.simulator, server.id);
    const typeOf = (update: string, arg: unknown) =>
      handle.executeUpdate(update, { args: [arg] }).then(
        () => 'accepted',
        (error: unknown) =>
          error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure
            ? error.cause.type
            : String(error),
      );
    expect(await typeOf('submitted', request(server.id, server.nics.slice(1, 2)))).toBe('DifferentRequest');
    expect(await typeOf('undo', { by: 'a', reason: 'b' })).toBe('NotApplicable');
    expect(await typeOf('commit', { by: 'a', reason: 'b' })).toBe('NotApplicable');
    expect((await handle.query<ResultDocument>('status')).outcome).toBe('running');
    await handle.result();
  });

  it('`pollNow` looks at once', async () => {
    const server = await createServer(stack.simulator);
    const timing = { ...TIMING, firstPoll: '30 minutes' };
    const handle = await start(`nics/${server.id}`, {
      ...request(server.id, server.nics.slice(0, 1)),
      timing,
    });
    await untilPosted(stack.simulator, server.id);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    await handle.signal('pollNow');
    const document = (await handle.result()) as ResultDocument;
    expect(document.outcome).toBe('deleted');
  });

  it('`submitted` fails with the run when nothing could be sent', async () => {
    const server = await createServer(stack.simulator, { locked: true });
    const handle = await start(`nics/${server.id}`, request(server.id, server.nics.slice(0, 1)));
    const failure = await failureOf(handle.result());
    expect(failure.type).toBe('Refused');
    expect(failure.message).toMatch(/locked/);
  });

  it('a cancelled run leaves its totals in the memo `result`', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 2 });
    const handle = await start(`nics/${server.id}`, request(server.id, server.nics.slice(0, 2)));
    await untilPosted(stack.simulator, server.id);
    await handle.cancel();
    await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    const { memo, status } = await handle.describe();
    expect(status.name).toBe('CANCELLED');
    expect(memo?.result).toEqual({ outcome: 'cancelled', counts: { deleted: 2 }, submissions: 1 });
    const document = await handle.query<ResultDocument>('status');
    await expectTruth(stack.simulator, document);
  });

  it('a run whose predecessor ran out of patience with a job under way, until that job is over', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 10 });
    const nics = server.nics.slice(0, 1);
    const first = await start(`nics/${server.id}`, { ...request(server.id, nics), deadline: '2 seconds' });
    expect((await failureOf(first.result())).type).toBe('OutcomeUnknown');
    // As an operator would look first; it sends nothing, and must not hide what was sent.
    const look = await start(`nics/${server.id}`, { ...request(server.id, nics), dryRun: true });
    expect(((await look.result()) as ResultDocument).outcome).toBe('planned');
    const second = await start(`nics/${server.id}`, request(server.id, server.nics.slice(0, 2)));
    const document = (await second.result()) as ResultDocument;
    expect(document.outcome).toBe('deleted');
    expect(document.warnings.join()).toMatch(/ended before it was known/);
    expect(document.nics.map(({ outcome }) => outcome)).toEqual(['already-absent', 'deleted']);
    await expectTruth(stack.simulator, document);
  });
});

describe('what must never send', { timeout: 240_000 }, () => {
  it('a run that was reset to before its submission, though its NIC is still there', async () => {
    const server = await createServer(stack.simulator);
    await stack.simulator.post('/_sim/faults', {
      match: { class: 'delete', serverId: server.id },
      what: { kind: 'partial-failure', nics: [0] },
    });
    const handle = await start(`nics/${server.id}`, request(server.id, server.nics.slice(0, 1)));
    expect((await failureOf(handle.result())).type).toBe('NotDeleted');
    const runId = await reset(client, `nics/${server.id}`);
    const again = client.workflow.getHandle(`nics/${server.id}`, runId);
    const failure = await failureOf(again.result());
    expect(failure.type).toBe('OutcomeUnknown');
    expect((failure.details?.[0] as ResultDocument).warnings.join()).toMatch(/was reset/);
    expect(await posts(stack.simulator, server.id)).toBe(1);
  });

  it('a run whose predecessor was terminated with a job under way, until that job is over', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 25 });
    const first = await start(`nics/${server.id}`, request(server.id, server.nics.slice(0, 1)));
    await untilPosted(stack.simulator, server.id);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await first.terminate('test');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const second = await start(`nics/${server.id}`, request(server.id, server.nics.slice(0, 2)));
    const document = (await second.result()) as ResultDocument;
    expect(document.outcome).toBe('deleted');
    expect(document.warnings.join()).toMatch(/ended before it was known/);
    await expectTruth(stack.simulator, document);
  });
});
