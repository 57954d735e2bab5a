/** The client library against a real worker, over connections that are not its own: the example of the docs, and all else it can do. */
import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Temporal } from '../../src/client';
import {
  NoOpenRun,
  NoRun,
  NothingToRestore,
  OtherRun,
  askStatus,
  awaitWorkers,
  cancel,
  decide,
  deletion,
  findOpenRun,
  findRun,
  findSource,
  followRun,
  lenient,
  namedRun,
  pollNow,
  readEnding,
  readRuns,
  restoration,
  settled,
  startOrAttach,
  temporalOf,
  within,
} from '../../src/client';
import { reasonOf } from '../../src/client/grpc';
import type { DeleteServerNicsInput, ResultDocument } from '../../src/contract';
import { TIMING, createServer } from '../support/e2e';
import type { WatchedStack } from '../support/watched-stack';
import { startStack } from '../support/watched-stack';
import type { Installed } from './installed';
import { compile, example, install } from './installed';

const WHO = { by: 'inventory', reason: 'T-7' };

let stack: WatchedStack;
let connection: Connection;
let temporal: Temporal;
let installed: Installed;
beforeAll(async () => {
  installed = install();
  stack = await startStack({ label: 'client', workerEnv: { ECS_NICS_CLOUD_RPS: '50' } });
  connection = await Connection.connect({ address: stack.temporal.address });
  const { namespace } = stack.temporal;
  temporal = temporalOf(new Client({ connection, namespace, dataConverter: { payloadCodecs: [lenient] } }));
});
afterAll(async () => {
  await connection?.close();
  await stack?.close();
  installed?.remove();
});

const inputFor = (serverId: string, more: object = {}): DeleteServerNicsInput => ({
  serverId,
  nics: 'all',
  timing: TIMING,
  ...more,
});
const start = (input: DeleteServerNicsInput) => startOrAttach(temporal, stack.taskQueue, deletion(input));
const outcomes = (document: ResultDocument | null) => document?.nics.map(({ outcome }) => outcome);

/** Deletes all NICs of a new server, and follows that to its end. */
async function deleted(jobSeconds = 1) {
  const server = await createServer(stack.simulator, { jobSeconds });
  const run = await start(inputFor(server.id));
  const end = await followRun(temporal, run);
  return { server, run, end };
}

describe('the example of the docs', { timeout: 240_000 }, () => {
  it('as an installed program deletes, ends with the window, and says what became of each NIC', async () => {
    expect(compile(installed, 'node16', { 'caller.mts': example() }, true)).toEqual([]);
    const server = await createServer(stack.simulator);
    const env = {
      ...process.env,
      TEMPORAL_ADDRESS: stack.temporal.address,
      ECS_NICS_TASK_QUEUE: stack.taskQueue,
    };
    const child = spawn(process.execPath, ['caller.mjs', server.id], { cwd: installed.folder, env });
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expect([stderr, stdout.trim().split('\n').sort()]).toEqual([
      '',
      server.nics.map((id) => `${id} detached`).sort(),
    ]);
  });
});

describe('a caller with a connection of its own', { timeout: 240_000 }, () => {
  it('is told before it starts anything that workers are there, and need not look for them to the end', async () => {
    expect(temporal.address).toBe(stack.temporal.address);
    expect(await awaitWorkers(temporal, stack.taskQueue)).toEqual({ kind: 'there' });
    const told = Promise.resolve();
    expect(await awaitWorkers(temporal, `nobody-${randomUUID()}`, { until: told })).toEqual({
      kind: 'interrupted',
    });
  });

  it('attaches to the same request, is told of another one, and follows to the end', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 4 });
    const run = await start(inputFor(server.id));
    expect(run).toMatchObject({ kind: 'started', workflowId: `nics/${server.id}`, firstRunId: run.runId });
    expect(await start(inputFor(server.id))).toMatchObject({ kind: 'attached', runId: run.runId });
    expect(await start(inputFor(server.id, { keepPort: true }))).toMatchObject({
      kind: 'other',
      runId: run.runId,
      type: 'deleteServerNics',
    });
    await expect(findSource(temporal, server.id, null)).rejects.toBeInstanceOf(OtherRun);
    const known = await findOpenRun(temporal, server.id);
    expect(known).toMatchObject({ runId: run.runId, open: true, taskQueue: stack.taskQueue });
    await pollNow(temporal, known);
    expect((await askStatus(temporal, known)).document?.serverId).toBe(server.id);
    const phases = new Set<string | undefined>();
    const end = await followRun(temporal, run, {
      view: { show: ({ document }) => void phases.add(document?.phase) },
    });
    expect(end.kind === 'closed' && outcomes(end.ending.document)).toEqual(server.nics.map(() => 'deleted'));
    expect([...phases]).toContain('polling');
    expect((await settled(temporal, run).answer).kind).toBe('closed');
  });

  it('has an undo window undone; what there is nothing of to undo says so', async () => {
    const server = await createServer(stack.simulator);
    const run = await start(inputFor(server.id, { undoWindow: '1 hour' }));
    const end = await followRun(temporal, run, { isEnough: ({ phase }) => phase === 'undo-window' });
    expect(end.kind).toBe('enough');
    const verdicts = await settled(temporal, run).answer;
    expect(verdicts.kind === 'done' && outcomes(verdicts.document)).toEqual(
      server.nics.map(() => 'detached'),
    );
    const answer = await decide(temporal, run, 'undo', WHO).answer;
    if (answer.kind !== 'done') throw new Error(JSON.stringify(answer));
    const { document } = answer;
    expect([document?.outcome, document?.decision?.by]).toEqual(['undone', 'inventory']);
    expect(outcomes(document)).toEqual(server.nics.map(() => 'restored'));
    await followRun(temporal, run);
    expect((await decide(temporal, run, 'commit', WHO).answer).kind).toBe('closed');
    await expect(findSource(temporal, server.id, null)).rejects.toBeInstanceOf(NothingToRestore);
  });

  it('closes a window with commit, and a cancelled run says how it ended', async () => {
    const servers = [await createServer(stack.simulator), await createServer(stack.simulator)];
    const runs = await Promise.all(servers.map(({ id }) => start(inputFor(id, { undoWindow: '1 hour' }))));
    const ends = await Promise.all(
      runs.map((run) => followRun(temporal, run, { isEnough: ({ phase }) => phase === 'undo-window' })),
    );
    expect(ends.map(({ kind }) => kind)).toEqual(['enough', 'enough']);
    const [committed, cancelled] = runs as [(typeof runs)[0], (typeof runs)[0]];
    expect(await decide(temporal, committed, 'commit', WHO).answer).toMatchObject({
      kind: 'done',
      document: { outcome: 'deleted' },
    });
    await cancel(temporal, cancelled);
    expect(await readEnding(temporal, cancelled)).toMatchObject({
      kind: 'cancelled',
      counts: { detached: 3 },
    });
  });

  it('finds runs: the last one, all, and the one to put NICs back from', async () => {
    const { server, run, end } = await deleted();
    expect(end.kind).toBe('closed');
    expect(await findRun(temporal, server.id)).toMatchObject({ runId: run.runId, open: false });
    await expect(findOpenRun(temporal, server.id)).rejects.toMatchObject({
      name: 'NoOpenRun',
      run: { runId: run.runId },
    });
    await expect(pollNow(temporal, run)).rejects.toBeInstanceOf(NoOpenRun);
    await expect
      .poll(async () => (await readRuns(temporal, 100, false)).runs.map(({ runId }) => runId))
      .toContain(run.runId);
    const source = await findSource(temporal, server.id, null);
    expect(source).toMatchObject({ runId: run.runId, nics: 3, isOtherOpen: false });
    expect(await namedRun(temporal, server.id, run.runId)).toBe(run.runId);
    const { workflowId } = run;
    const from = { workflowId, runId: source.runId };
    const request = restoration({ serverId: server.id, from, nics: 'all', timing: TIMING });
    const back = await startOrAttach(temporal, stack.taskQueue, request);
    const returned = await followRun(temporal, back);
    expect(returned.kind === 'closed' && outcomes(returned.ending.document)).toEqual(
      server.nics.map(() => 'recreated'),
    );
  });

  it('that has to end in time does, whether a function asks once or waits', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 4 });
    const run = await start(inputFor(server.id));
    const late = within(temporal, 0);
    const error: unknown = await findRun(late, server.id).catch((it: unknown) => it);
    expect(reasonOf(error)).toBe('no answer in time');
    const asking = settled(late, run, { until: sleep(1_500) });
    expect([await asking.answer, asking.accepted]).toEqual([{ kind: 'interrupted' }, false]);
    expect((await followRun(late, run, { limits: { lostMs: 1_000 } })).kind).toBe('lost');
    expect((await followRun(temporal, run)).kind).toBe('closed');
  });

  it('hears by class that there is no such run', async () => {
    const serverId = randomUUID();
    await expect(findRun(temporal, serverId)).rejects.toBeInstanceOf(NoRun);
    await expect(namedRun(temporal, serverId, randomUUID())).rejects.toBeInstanceOf(NoRun);
    await expect(findSource(temporal, serverId, null)).rejects.toMatchObject({
      name: 'NothingToRestore',
      passed: [],
      areAll: true,
    });
  });
});
