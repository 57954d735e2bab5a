/** The watch over secrets that every end-to-end stack ends with (test/support/watched-stack.ts) must see one. */
import { Client, Connection } from '@temporalio/client';
import { expect, it } from 'vitest';
import { serverWorkflowId, WORKFLOW_TYPE } from '../../src/contract';
import { findSecrets, startStack } from '../support/watched-stack';

const SERVER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';

it('finds a key in a history, however it came there', { timeout: 240_000 }, async () => {
  const stack = await startStack({ label: 'secrets', startWorker: false });
  const connection = await Connection.connect({ address: stack.temporal.address });
  const { sk } = stack.simulator.accessKey;
  try {
    await new Client({ connection }).workflow.start(WORKFLOW_TYPE.deleteServerNics, {
      taskQueue: stack.taskQueue,
      workflowId: serverWorkflowId(SERVER),
      args: [{ serverId: SERVER, nics: 'all', reason: `pasted by mistake: ${sk}` }],
    });
  } finally {
    await connection.close();
  }
  // Visibility lags behind the start.
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  const told = await stack.close().then(
    () => '',
    (error: Error) => error.message,
  );
  expect(told).toContain('secrets were given away');
  expect(told).toContain(`the history of nics/${SERVER}`);
  expect(told).not.toContain(sk);
});

it('names the place and never the secret; what is too short to mean anything is left out', () => {
  expect(findSecrets({ 'the log': 'token=abcdefgh1' }, ['abcdefgh', 'abc'])).toEqual(['the log: … token=']);
  expect(findSecrets({ 'the log': 'abc' }, ['abc', 'abcdefgh'])).toEqual([]);
});
