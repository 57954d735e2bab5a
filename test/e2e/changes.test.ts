/** The world changes between two steps of a run, on a real server: another worker, a window that many look at, a namespace. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until as waitUntil } from '../../dev/ports';
import type { Running } from '../../dev/processes';
import { stop } from '../../dev/processes';
import type { ResultDocument } from '../../src/contract';
import { createServer, TIMING, untilPosted } from '../support/e2e';
import { expectTruth } from '../support/truth';
import type { WatchedStack } from '../support/watched-stack';
import { startStack } from '../support/watched-stack';
import { WHO } from '../support/ways-back';

const OTHER_PROJECT = 'ffffffffffffffffffffffffffffffff';
/** A twentieth of the server's own limits, so that they are met soon. */
const MAX_UPDATES = 100;
const SUGGEST_AFTER_EVENTS = 200;

let stack: WatchedStack;
let client: Client;
let connection: Connection;

beforeAll(async () => {
  const limits = {
    'history.maxTotalUpdates': MAX_UPDATES,
    'limit.historyCount.suggestContinueAsNew': SUGGEST_AFTER_EVENTS,
  };
  stack = await startStack({
    label: 'changes',
    workerEnv: { ECS_NICS_CLOUD_RPS: '50' },
    simulatorArgs: ['--other-project', OTHER_PROJECT],
    temporal: {
      extraArgs: Object.entries(limits).flatMap(([key, value]) => [
        '--dynamic-config-value',
        `${key}=${value}`,
      ]),
    },
  });
  connection = await Connection.connect({ address: stack.temporal.address });
  client = new Client({ connection, namespace: stack.temporal.namespace });
});
afterAll(async () => {
  await connection?.close();
  await stack?.close();
});

async function start(
  request: object,
  settings: Record<string, unknown> = {},
): Promise<{ server: { id: string; nics: string[] }; handle: WorkflowHandle }> {
  const server = await createServer(stack.simulator, { nics: 3, ...settings });
  const { workflowId } = await client.workflow.start('deleteServerNics', {
    taskQueue: stack.taskQueue,
    workflowId: `nics/${server.id}`,
    args: [{ serverId: server.id, nics: server.nics.map((id) => ({ id })), timing: TIMING, ...request }],
  });
  return { server, handle: client.workflow.getHandle(workflowId) };
}

const status = (handle: WorkflowHandle) => handle.query<ResultDocument>('status');

async function until(what: () => Promise<boolean>): Promise<void> {
  expect(await waitUntil(what, 120_000)).toBe(true);
}

/** The phase by which a run is found in the list; `undefined`: it tells none. */
async function listedPhase(handle: WorkflowHandle): Promise<unknown> {
  return (await handle.describe()).typedSearchAttributes.getAll().find(({ key }) => key.name === 'NicsPhase')
    ?.value;
}

async function replaceWorker(env: Record<string, string>): Promise<void> {
  await stack.worker.terminate();
  stack.worker.start(env);
  await stack.worker.ready(stack.temporal, stack.taskQueue);
}

describe('a worker of another place on the same queue', { timeout: 240_000 }, () => {
  const elsewhere: [string, Record<string, string>, string][] = [
    ['project', { HUAWEICLOUD_SDK_PROJECT_ID: OTHER_PROJECT }, OTHER_PROJECT],
    ['region', { HUAWEICLOUD_SDK_REGION_ID: 'eu-west-999' }, 'eu-west-999'],
  ];
  it.each(elsewhere)(
    'of another %s answers for no run; the right one ends it with the truth',
    async (_what, env, name) => {
      const polling = await start({}, { jobSeconds: 4 });
      await stack.simulator.post('/_sim/faults', {
        match: { class: 'delete', serverId: polling.server.id },
        what: { kind: 'partial-failure', nics: [0, 1] },
      });
      const window = await start({ undoWindow: '1 hour' });
      await window.handle.executeUpdate('settled');
      await untilPosted(stack.simulator, polling.server.id);
      await replaceWorker(env);
      const committed = window.handle.executeUpdate('commit', { args: [WHO] });
      for (const { handle } of [polling, window]) {
        await until(async () => (await status(handle)).waitingFor?.includes(name) === true);
        expect((await status(handle)).outcome).toBe('running');
      }
      await replaceWorker({});
      for (const { handle } of [polling, window]) await handle.signal('pollNow');
      const told = (await committed) as ResultDocument;
      expect([told.outcome, told.nics.map(({ outcome }) => outcome)]).toEqual([
        'deleted',
        ['deleted', 'deleted'],
      ]);
      const failure = await polling.handle
        .result()
        .catch((error: { cause: { details: unknown[] } }) => error.cause);
      const [document] = (failure as { details: [ResultDocument] }).details;
      for (const row of document.nics) expect(row.outcome).toMatch(/^(still-attached|deleted)$/);
      for (const each of [document, told]) await expectTruth(stack.simulator, each);
    },
  );
});

describe('whoever waits while only a worker of another project polls', { timeout: 240_000 }, () => {
  const textOf = (running: Running) => running.stdout() + running.stderr();

  /** Waits until it names the project of the worker that is there, beside that of its run. */
  async function expectToSayWhy(running: Running): Promise<void> {
    const why = new RegExp(
      `phase: .*meant for project ${stack.simulator.projectId}.*serves project ${OTHER_PROJECT}`,
    );
    await waitUntil(() => Promise.resolve(why.test(textOf(running))), 120_000);
    await stop(running.child);
    expect(textOf(running)).toMatch(why);
    // Where that line is out of sight: what ends the waiting says it, too.
    expect(textOf(running)).toMatch(new RegExp(`Last known: phase .*serves project ${OTHER_PROJECT}`));
  }

  it('is told so by the starter: delete, watch, commit and undo', async () => {
    const server = await createServer(stack.simulator, { nics: 3, jobSeconds: 3_600 });
    const nics = server.nics.flatMap((id) => ['--nic', id]);
    const deletion = ['delete', server.id, ...nics, '--yes', '--timing', JSON.stringify(TIMING)];
    const began = stack.startStarter(deletion);
    await untilPosted(stack.simulator, server.id);
    const windows = await Promise.all(['commit', 'undo'].map(() => start({ undoWindow: '1 hour' })));
    for (const { handle } of windows) await handle.executeUpdate('settled');
    await replaceWorker({ HUAWEICLOUD_SDK_PROJECT_ID: OTHER_PROJECT });
    const by = ['--by', WHO.by, '--reason', WHO.reason];
    const [commit, undo] = windows.map(({ server: { id } }) => id);
    const waiting = [
      began,
      ...[deletion, ['watch', server.id], ['commit', commit!, ...by], ['undo', undo!, ...by]].map((args) =>
        stack.startStarter(args),
      ),
    ];
    try {
      await Promise.all(waiting.map(expectToSayWhy));
    } finally {
      await replaceWorker({});
    }
  });
});

describe('an open window', { timeout: 240_000 }, () => {
  it('can be undone after more Updates than a run may have, and is found by its phase all the while', async () => {
    const { handle } = await start({ undoWindow: '30 days' });
    const { undoUntil } = await handle.executeUpdate<ResultDocument, []>('settled');
    for (let n = 0; n < 3 * MAX_UPDATES; n++) {
      const answer = handle
        .executeUpdate('settled')
        .catch((error: { cause: { type: string } }) => error.cause.type);
      expect(['ContinuedAsNew', undoUntil]).toContain(
        await answer.then((it) => (it as ResultDocument).undoUntil ?? it),
      );
    }
    let runs = 0;
    for await (const { historyLength } of client.workflow.list({
      query: `WorkflowId = '${handle.workflowId}'`,
    })) {
      runs += 1;
      expect(historyLength).toBeLessThan(2 * SUGGEST_AFTER_EVENTS);
    }
    expect(runs).toBeGreaterThan(2);
    expect(await listedPhase(handle)).toBe('undo-window');
    expect((await status(handle)).undoUntil).toBe(undoUntil);
    const told = await handle.executeUpdate<ResultDocument, [typeof WHO]>('undo', { args: [WHO] });
    expect([told.outcome, told.nics.map(({ outcome }) => outcome)]).toEqual([
      'undone',
      ['restored', 'restored'],
    ]);
    await expectTruth(stack.simulator, told);
  });

  it('is committed after the namespace has lost the search attributes', async () => {
    const { handle } = await start({ undoWindow: '30 days' });
    await handle.executeUpdate('settled');
    // What a run has learned of the namespace counts for thirty seconds: a fast machine would be through by then.
    await sleep(31_000);
    await connection.operatorService.removeSearchAttributes({
      namespace: stack.temporal.namespace,
      searchAttributes: ['NicsPhase', 'NicsOutcome'],
    });
    // The server itself takes a moment to believe it.
    await until(async () => {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({
        namespace: stack.temporal.namespace,
      });
      return customAttributes?.['NicsPhase'] === undefined;
    });
    // It was handed on with what the namespace still has.
    const { runId } = await handle.describe();
    for (let n = 0; n < MAX_UPDATES && (await handle.describe()).runId === runId; n++)
      await handle.executeUpdate('settled').catch(() => undefined);
    expect((await handle.describe()).runId).not.toBe(runId);
    const told = await handle.executeUpdate<ResultDocument, [typeof WHO]>('commit', { args: [WHO] });
    expect(told.outcome).toBe('deleted');
    expect(await handle.result()).toMatchObject({ outcome: 'deleted' });
    await expectTruth(stack.simulator, told);
  });
});
