/** The starter as a process where no worker of ours is: what Temporal alone can tell, chains of runs, a fresh namespace. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeleteServerNicsInput } from '../../src/contract';
import type { Stack } from '../../dev/stack';
import { startStack } from '../support/watched-stack';
import { until } from '../../dev/ports';
import type { Task } from '../cli/by-hand';
import { ByHand, decide } from '../cli/by-hand';
import { document, nic, running } from '../cli/support';
import { reset } from '../../dev/reset';

type Json = Record<string, unknown> & { error?: { type: string; message: string } };

const NIC = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';
const OTHER_NIC = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e02';

let stack: Stack;
let connection: Connection;
let client: Client;
beforeAll(async () => {
  stack = await startStack({ label: 'alone', startWorker: false });
  connection = await Connection.connect({ address: stack.temporal.address });
  client = new Client({ connection, namespace: stack.temporal.namespace });
});
afterAll(async () => {
  await connection?.close();
  await stack?.close();
});

async function json(
  args: string[],
  env?: Record<string, string>,
): Promise<{ code: number | null; answer: Json; stderr: string }> {
  const { code, stdout, stderr } = await stack.starter([...args, '--json'], env);
  return { code, answer: JSON.parse(stdout) as Json, stderr };
}

/** A queue of its own for each test that decides by hand. */
const newQueue = () => ({ ECS_NICS_TASK_QUEUE: `by-hand-${randomUUID()}` });
const byHand = (
  queue: { ECS_NICS_TASK_QUEUE: string },
  onTask: (task: Task) => ReturnType<typeof decide.complete>[],
  onQuery?: (runId: string) => unknown,
) => new ByHand(connection, stack.temporal.namespace, queue.ECS_NICS_TASK_QUEUE, onTask, onQuery);

/** As another service does it: the starter starts nothing where no worker polls. */
async function start(server: string, env: Record<string, string> = {}, input: object = {}): Promise<Json> {
  const there = new Client({ connection, namespace: env.TEMPORAL_NAMESPACE ?? stack.temporal.namespace });
  const { workflowId, firstExecutionRunId: runId } = await there.workflow.start('deleteServerNics', {
    workflowId: `nics/${server}`,
    taskQueue: env.ECS_NICS_TASK_QUEUE ?? stack.taskQueue,
    args: [{ serverId: server, nics: [{ id: NIC }], ...input }],
  });
  return { workflowId, runId };
}

/** A queue that is polled, and on which nothing is ever done. */
async function withIdleWorker<T>(work: (queue: { ECS_NICS_TASK_QUEUE: string }) => Promise<T>): Promise<T> {
  const queue = newQueue();
  const worker = byHand(queue, () => []);
  try {
    return await work(queue);
  } finally {
    await worker.stop();
  }
}

async function untilClosed(server: string): Promise<void> {
  const handle = client.workflow.getHandle(`nics/${server}`);
  await until(async () => (await handle.describe()).status.name !== 'RUNNING', 120_000);
}

describe('the input of a run', { timeout: 240_000 }, () => {
  it('is exactly what the flags say', async () => {
    const server = randomUUID();
    const queue = await withIdleWorker(async (on) => {
      const args = [
        ...['delete', server, '--nic', NIC, OTHER_NIC, '--yes', '--no-wait', '--allow-elastic-ip'],
        ...['--deadline', '2 hours', '--timing', '{"pollInterval":"5s","verifyFor":60000}'],
        ...['--on-failure', 'keep', '--on-cancel', 'keep', '--undo-window', '0s'],
        ...['--requested-by', 'ops <ops@example.com>', '--reason', 'TICKET-1'],
      ];
      expect((await json(args, on)).code).toBe(0);
      return on.ECS_NICS_TASK_QUEUE;
    });
    const handle = client.workflow.getHandle(`nics/${server}`);
    const events = (await handle.fetchHistory()).events ?? [];
    const started = events[0]?.workflowExecutionStartedEventAttributes;
    const input = JSON.parse(Buffer.from(started?.input?.payloads?.[0]?.data ?? []).toString()) as unknown;
    expect(input).toEqual({
      serverId: server,
      nics: [{ id: NIC }, { id: OTHER_NIC }],
      allowElasticIp: true,
      deadline: '2 hours',
      timing: { pollInterval: '5s', verifyFor: 60_000 },
      onFailure: 'keep',
      onCancel: 'keep',
      undoWindow: '0s',
      requestedBy: 'ops <ops@example.com>',
      reason: 'TICKET-1',
    } satisfies DeleteServerNicsInput);
    expect(started?.workflowType?.name).toBe('deleteServerNics');
    expect(started?.taskQueue?.name).toBe(queue);
    // Before a fleet, and before runs without a priority.
    expect(started?.priority?.priorityKey).toBe(2);
    const described = await handle.describe();
    expect(await described.staticSummary()).toBe(`Delete 2 NICs of ${server}`);
    expect(await described.staticDetails()).toContain('Reason: TICKET\\-1');
  });

  it('of a dry run of everything says just that, under an id of its own', async () => {
    const server = randomUUID();
    await withIdleWorker((queue) => json(['delete', server, '--all', '--dry-run', '--no-wait'], queue));
    const { events } = await client.workflow.getHandle(`nics/${server}/plan`).fetchHistory();
    const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
    expect(JSON.parse(Buffer.from(payload?.data ?? []).toString())).toEqual({
      serverId: server,
      nics: 'all',
      dryRun: true,
    });
  });
});

describe('status without a worker', { timeout: 240_000 }, () => {
  it('of a run that nobody has taken up: since when, and who is missing; exit code 1', async () => {
    const server = randomUUID();
    const run = await start(server);
    const { code, answer, stderr } = await json(['status', server]);
    const queues = ['', '-cloud', '-looks'].map((suffix) => `${stack.taskQueue}${suffix}`);
    expect(code).toBe(1);
    expect(answer).toMatchObject({
      ...run,
      outcome: 'running',
      phase: null,
      serverId: server,
      taskQueue: stack.taskQueue,
      idleQueues: queues,
      pendingActivities: [],
      open: null,
      neverTaken: true,
      reasons: [{ kind: 'no-worker', queues }],
      error: { type: 'NoWorker' },
    });
    expect(stderr).toContain(`no worker polls task queue ${stack.taskQueue}`);
    const text = await stack.starter(['status', server]);
    expect(text.stdout).toContain(`ecs-nics cancel ${server}`);
    expect(text.stderr).toMatch(/^ecs-nics: no worker polls task queue .*\n$/);
  });

  it('of a run that a worker has left: what is pending, and what was sent', async () => {
    const [server, queue] = [randomUUID(), newQueue()];
    const sent = { nics: [NIC], since: '2026-03-01T03:00:00.000Z', jobId: 'ff80' };
    let taken = false;
    const worker = byHand(queue, () => {
      taken = true;
      return [
        decide.memo({ open: sent }),
        // Where it waits: the worker by hand takes what comes to its own queues.
        decide.activity('getJobStatus', `${queue.ECS_NICS_TASK_QUEUE}-nobody`),
      ];
    });
    try {
      await start(server, queue);
      await until(async () => taken, 120_000);
    } finally {
      await worker.stop();
    }
    const { code, answer, stderr } = await json(['status', server], queue);
    expect(code).toBe(1);
    expect(answer).toMatchObject({
      open: sent,
      pendingActivities: [{ name: 'getJobStatus', state: 'waiting', attempt: 1, lastFailure: null }],
    });
    expect(stderr).toContain(NIC);
    expect(stderr).toMatch(/pending {5}getJobStatus: waiting for a worker/);
    const cancelled = await json(['cancel', server], queue);
    expect([cancelled.code, cancelled.answer.cancelRequested]).toEqual([0, true]);
    expect(cancelled.stderr.replace(/\s+/g, ' ')).toContain(
      'It takes effect only when a worker takes it up, and now',
    );
    // A worker has had it: it may have done something.
    expect([answer.neverTaken, cancelled.stderr.includes('terminate')]).toEqual([false, false]);
  });

  const ends = {
    completed: [decide.complete(document())],
    failed: [decide.fail('NotDeleted', 'no', document({ outcome: 'not-deleted' }))],
    cancelled: [
      decide.memo({ result: { outcome: 'cancelled', counts: { deleted: 1, unknown: 1 }, submissions: 1 } }),
      decide.cancel(),
    ],
  };
  it.each([
    ['completed', 0, { outcome: 'deleted', phase: 'done' }, '✔ deleted: 2 NICs'],
    [
      'failed',
      3,
      { outcome: 'not-deleted', failure: { type: 'NotDeleted', message: 'no' } },
      '✘ not-deleted',
    ],
    [
      'cancelled',
      6,
      { outcome: 'cancelled', counts: { deleted: 1, unknown: 1 } },
      'NICs: 1 deleted, 1 unknown',
    ],
  ] as const)(
    'of a %s run: from result, failure or memo; watch ends with %d',
    async (how, exit, expected, text) => {
      const [server, queue] = [randomUUID(), newQueue()];
      const worker = byHand(queue, () => ends[how]);
      await start(server, queue);
      await untilClosed(server);
      await worker.stop();
      const { code, answer } = await json(['status', server], queue);
      expect([code, answer]).toEqual([
        0,
        expect.objectContaining({ workflowId: `nics/${server}`, ...expected }),
      ]);
      expect((await stack.starter(['status', server], queue)).stdout).toContain(text);
      const watched = await json(['watch', server], queue);
      expect(watched.code).toBe(exit);
      // Only `status` looks up who has asked for a run that has no document.
      expect(answer).toEqual({ requestedBy: null, reason: null, ...watched.answer });
    },
  );

  it('of a run that was terminated: nobody knows, and what it had sent; watch ends with 6', async () => {
    const [server, queue] = [randomUUID(), newQueue()];
    let taken = false;
    const worker = byHand(queue, () => {
      taken = true;
      return [decide.memo({ open: { nics: [NIC], since: 'T', jobId: null } })];
    });
    await start(server, queue);
    await until(async () => taken, 120_000);
    await worker.stop();
    await client.workflow.getHandle(`nics/${server}`).terminate('by hand');
    const { code, answer } = await json(['status', server], queue);
    expect([code, answer]).toEqual([
      0,
      expect.objectContaining({
        failure: { type: 'Terminated', message: 'by hand' },
        open: { nics: [NIC], since: 'T', jobId: null },
      }),
    ]);
    const watched = await stack.starter(['watch', server], queue);
    expect([watched.code, watched.stdout]).toEqual([
      6,
      expect.stringContaining('its outcome was not observed'),
    ]);
    expect(watched.stdout).toMatch(/ecs-nics delete \S+ --dry-run/);
  });
});

describe('a queue that no worker polls', { timeout: 240_000 }, () => {
  it.each([['--no-wait'], ['--dry-run']])(
    'delete %s: nothing is started, and it names queue, variable and where workers are',
    async (flag) => {
      const server = randomUUID();
      await withIdleWorker(async (polled) => {
        await start(randomUUID(), polled);
        await new Promise((resolve) => setTimeout(resolve, 4_000));
        const { code, answer, stderr } = await json(['delete', server, '--all', '--yes', flag], {
          ECS_NICS_TASK_QUEUE: 'wrong-queue',
        });
        expect([code, answer.error?.type, answer.taskQueue]).toEqual([1, 'NoWorker', 'wrong-queue']);
        expect(answer.error?.message).toMatch(
          /no worker polls task queue wrong-queue, wrong-queue-cloud and wrong-queue-looks .*nothing was started.*ECS_NICS_TASK_QUEUE/,
        );
        expect(answer.polledQueues).toContain(polled.ECS_NICS_TASK_QUEUE);
        expect(stderr).toContain('the run is started when one does');
      });
      for (const id of [`nics/${server}`, `nics/${server}/plan`])
        await expect(client.workflow.getHandle(id).describe()).rejects.toThrow(/not found/);
    },
  );

  it('a run that nobody has ever taken there: who meets it is told that it has changed nothing, and how to end it', async () => {
    const server = randomUUID();
    const { runId } = await start(server, newQueue());
    const way = `temporal workflow terminate --workflow-id nics/${server} --run-id ${String(runId)} --reason`;
    await withIdleWorker(async (polled) => {
      const other = await json(['delete', server, '--all', '--yes'], polled);
      expect([other.code, other.answer.neverTaken]).toEqual([4, true]);
      const met = [
        stack.startStarter(['delete', server, '--nic', NIC, '--yes', '--json'], polled),
        stack.startStarter(['watch', server, '--json'], polled),
        stack.startStarter(['undo', server, '--by', 'ops', '--reason', 'T', '--json'], polled),
      ];
      for (const starter of met) {
        const { code, stdout, stderr } = await starter.finished;
        expect([code, (JSON.parse(stdout) as Json).neverTaken]).toEqual([1, true]);
        expect(stderr).toContain(way);
      }
      const cancelled = await json(['cancel', server], polled);
      expect(cancelled.code).toBe(0);
      for (const { stderr } of [other, cancelled]) expect(stderr).toContain(way);
      expect(cancelled.stderr).toMatch(/takes effect only when a\s+worker takes it up/);
    });
  });
});

describe('a run whose tasks fail', { timeout: 240_000 }, () => {
  it('watch says within 30 s which attempt, and why', async () => {
    const [server, queue] = [randomUUID(), newQueue()];
    // The server refuses what this one answers, as it does for a search attribute that is gone.
    const worker = byHand(queue, () => [decide.searchAttribute('NoSuchAttribute', 'x')]);
    try {
      await start(server, queue);
      const watching = stack.startStarter(['watch', server, '--json'], queue);
      const said = /a worker takes the run and fails \(attempt \d+\): .*NoSuchAttribute/;
      // The remedy is a line of its own, which follows.
      const remedy = 'ecs-nics setup';
      await until(async () => said.test(watching.stderr()) && watching.stderr().includes(remedy), 120_000);
      expect(watching.stderr()).toMatch(said);
      expect(watching.stderr()).toContain(remedy);
      const { code, stdout } = await watching.finished;
      expect([code, (JSON.parse(stdout) as Json).error?.type]).toEqual([1, 'TasksFail']);
    } finally {
      await worker.stop();
    }
  });
});

describe('dry runs', { timeout: 240_000 }, () => {
  it('neither hide the last real run from status, nor are listed, nor wait for the open one', async () => {
    const [server, queue, idle] = [randomUUID(), newQueue(), newQueue()];
    const worker = byHand(queue, ({ input }) => [
      decide.complete(
        document({ outcome: (input as DeleteServerNicsInput).dryRun === true ? 'planned' : 'deleted' }),
      ),
    ]);
    const held = byHand(
      idle,
      () => [],
      () => running(),
    );
    try {
      const real = await start(server, queue);
      await untilClosed(server);
      // As other services may do it, under the id of the server.
      await start(server, queue, { dryRun: true });
      await untilClosed(server);
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      const status = await json(['status', server], queue);
      expect([status.answer.runId, status.answer.outcome]).toEqual([real.runId, 'deleted']);
      await start(server, idle);
      const plan = await json(['delete', server, '--all', '--dry-run'], queue);
      expect([plan.code, plan.answer.workflowId, plan.answer.outcome]).toEqual([
        0,
        `nics/${server}/plan`,
        'planned',
      ]);
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      const { runs } = (await json(['list', '--limit', '1000'], queue)).answer as { runs: Json[] };
      expect(runs.filter((run) => run.serverId === server).map((run) => run.workflowId)).toEqual(
        Array(3).fill(`nics/${server}`),
      );
    } finally {
      await Promise.all([worker.stop(), held.stop()]);
    }
  });
});

describe('list without a worker', { timeout: 240_000 }, () => {
  it('shows what Temporal knows', async () => {
    const server = randomUUID();
    await start(server);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    const { code, answer } = await json(['list', '--limit', '1000']);
    expect(code).toBe(0);
    const runs = answer.runs as Record<string, unknown>[];
    expect(runs.find((run) => run.serverId === server)).toMatchObject({
      status: 'running',
      serverName: null,
      phase: null,
      outcome: 'running',
    });
  });
});

describe('a run that continues as new', { timeout: 240_000 }, () => {
  /** Two continuations, then the run stays open until it is asked to look, or cancelled. */
  function chain(queue: { ECS_NICS_TASK_QUEUE: string }) {
    const runs: string[] = [];
    const worker = byHand(
      queue,
      ({ runId, input, signals, cancelRequested }) => {
        if (!runs.includes(runId)) runs.push(runId);
        const { resumed } = input as { resumed?: { input: unknown; state: number } };
        const state = resumed?.state ?? 0;
        if (cancelRequested) return [decide.cancel()];
        if (signals.includes('pollNow')) return [decide.complete(document({ serverName: `after ${state}` }))];
        if (state === 2) return [];
        return [
          decide.continueAsNew(queue.ECS_NICS_TASK_QUEUE, {
            resumed: { input: resumed?.input ?? input, state: state + 1 },
          }),
        ];
      },
      (runId) =>
        runs.indexOf(runId) === 2
          ? running({ warnings: ['the third run'], nics: [nic({ outcome: 'deleted' })] })
          : running({ phase: 'submitting' }),
    );
    return { worker, runs };
  }

  it('is followed, listed once from its first start, attached to, told from others, and asked to look', async () => {
    const [server, queue] = [randomUUID(), newQueue()];
    const { worker, runs } = chain(queue);
    try {
      const first = stack.startStarter(['delete', server, '--nic', NIC, '--yes', '--json'], queue);
      await until(async () => runs.length === 3, 120_000);
      const [firstRunId, , runId] = runs;

      const status = await json(['status', server], queue);
      expect([status.code, status.answer]).toEqual([
        0,
        expect.objectContaining({ runId, firstRunId, warnings: ['the third run'] }),
      ]);
      const other = await json(['delete', server, '--nic', OTHER_NIC, '--yes'], queue);
      expect([other.code, other.answer]).toEqual([
        4,
        expect.objectContaining({
          runId,
          error: expect.objectContaining({ type: 'DifferentRequest' }) as unknown,
        }),
      ]);
      const same = stack.startStarter(['delete', server, '--nic', NIC, '--yes', '--json'], queue);
      const watching = stack.startStarter(['watch', server, '--json'], queue);
      await until(async () => /warning: the third run/.test(watching.stderr() + same.stderr()), 120_000);

      const startTime = (await client.workflow.getHandle(`nics/${server}`, firstRunId).describe()).startTime;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const listed = (await json(['list'], queue)).answer.runs as Record<string, unknown>[];
      expect(listed.filter((run) => run.serverId === server)).toEqual([
        expect.objectContaining({ runId, firstRunId, startedAt: startTime.toISOString(), status: 'running' }),
      ]);

      const asked = await json(['poll-now', server], queue);
      expect([asked.code, asked.answer.runId]).toEqual([0, runId]);
      for (const starter of [first, same, watching]) {
        const { code, stdout, stderr } = await starter.finished;
        expect([code, JSON.parse(stdout)]).toEqual([
          0,
          expect.objectContaining({ runId, firstRunId, outcome: 'deleted', serverName: 'after 2' }),
        ]);
        if (starter === first) expect(stderr).toContain('warning: the third run');
      }
      const closed = await json(['watch', server], queue);
      expect([closed.code, closed.answer.runId]).toEqual([0, runId]);
    } finally {
      await worker.stop();
    }
  });

  it('is cancelled as what it is now; the rows come from its last run', async () => {
    const [server, queue] = [randomUUID(), newQueue()];
    const { worker, runs } = chain(queue);
    try {
      const first = stack.startStarter(['delete', server, '--nic', NIC, '--yes', '--json'], queue);
      await until(async () => runs.length === 3, 120_000);
      const cancelled = await json(['cancel', server], queue);
      expect([cancelled.code, cancelled.answer.runId]).toEqual([0, runs[2]]);
      const { code, stdout } = await first.finished;
      expect([code, JSON.parse(stdout)]).toEqual([
        7,
        expect.objectContaining({ runId: runs[2], firstRunId: runs[0], warnings: ['the third run'] }),
      ]);
    } finally {
      await worker.stop();
    }
  });
});

describe('a run that is reset', { timeout: 240_000 }, () => {
  it('is followed to the end of the run that takes its place', async () => {
    const [server, queue] = [randomUUID(), newQueue()];
    const runs = new Set<string>();
    const worker = byHand(
      queue,
      ({ runId }) => (runs.add(runId).size === 1 ? [] : [decide.complete(document())]),
      () => running(),
    );
    try {
      const first = stack.startStarter(['delete', server, '--nic', NIC, '--yes', '--json'], queue);
      await until(async () => first.stderr().includes('phase: polling'), 120_000);
      const handle = client.workflow.getHandle(`nics/${server}`);
      const { runId } = await handle.describe();
      const after = await reset(client, `nics/${server}`);
      const { code, stdout } = await first.finished;
      expect([code, JSON.parse(stdout)]).toEqual([
        0,
        expect.objectContaining({ runId: after, firstRunId: runId, outcome: 'deleted' }),
      ]);
    } finally {
      await worker.stop();
    }
  });
});

describe('setup', { timeout: 240_000 }, () => {
  const namespace = `fresh-${randomUUID().slice(0, 8)}`;
  const env = { TEMPORAL_NAMESPACE: namespace };
  beforeAll(async () => {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: (30 * 86_400) as never },
    });
    // The server's own caches take up to ten seconds to know it.
    await until(async () => (await json(['list'], env)).code === 0, 120_000);
  });

  it('works without: runs are listed, and started without a word of search attributes', async () => {
    const server = randomUUID();
    await start(server, env);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    const { code, answer } = await json(['list'], env);
    expect([code, (answer.runs as Json[]).map((run) => run.serverId)]).toEqual([0, [server]]);
  });

  it('adds what is missing, says what was there, and changes nothing the second time', async () => {
    const first = await json(['setup'], env);
    expect(first.code, first.stderr).toBe(0);
    const attributes = (state: string) =>
      ['EcsServerId', 'NicsPhase', 'NicsOutcome', 'DecommissionRun'].map((name) => ({
        name,
        state,
        type: 'Keyword',
      }));
    expect(first.answer).toEqual({
      namespace,
      searchAttributes: attributes('added'),
      retentionHours: 720,
      warnings: [],
    });
    expect(first.stderr).toContain('Running workers find them');
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    expect(customAttributes).toMatchObject({
      EcsServerId: 2,
      NicsPhase: 2,
      NicsOutcome: 2,
      DecommissionRun: 2,
    });

    const second = await json(['setup'], env);
    expect([second.code, second.answer.searchAttributes]).toEqual([0, attributes('present')]);
  });

  it('where there is no room for all: adds what fits, and says how to make room', async () => {
    const full = `full-${randomUUID().slice(0, 8)}`;
    await connection.workflowService.registerNamespace({
      namespace: full,
      workflowExecutionRetentionPeriod: { seconds: (30 * 86_400) as never },
    });
    const there = { TEMPORAL_NAMESPACE: full };
    await until(async () => (await json(['list'], there)).code === 0, 120_000);
    await connection.operatorService.addSearchAttributes({
      namespace: full,
      searchAttributes: Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`Other${n}`, 2])),
    });
    const { code, stdout, stderr } = await stack.starter(['setup'], there);
    expect(code, stdout).toBe(1);
    expect(stdout).toMatch(/EcsServerId +added[^]*NicsPhase +added[^]*NicsOutcome +missing/);
    expect(stderr).toMatch(/no room for them: remove one that nothing uses/);
  });

  it('where one exists with another type: names it and the remedy, and ends with 1', async () => {
    const wrong = `wrong-${randomUUID().slice(0, 8)}`;
    await connection.workflowService.registerNamespace({
      namespace: wrong,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    const there = { TEMPORAL_NAMESPACE: wrong };
    await until(async () => (await json(['list'], there)).code === 0, 120_000);
    await connection.operatorService.addSearchAttributes({
      namespace: wrong,
      searchAttributes: { NicsPhase: 1 },
    });
    const { code, stdout, stderr } = await stack.starter(['setup'], there);
    expect(code).toBe(1);
    expect(stdout).toMatch(/NicsPhase +registered as Text/);
    expect(stdout).toMatch(/EcsServerId +added/);
    // One day is too short to look back at anything.
    expect(stdout).toContain(`namespace update --namespace ${wrong} --retention 168h`);
    expect(stderr).toContain(
      `temporal operator search-attribute remove --namespace ${wrong} --name NicsPhase`,
    );
    const again = await json(['setup'], there);
    expect([again.code, again.answer.error?.type]).toEqual([1, 'SetupIncomplete']);
    expect(again.answer.warnings).toHaveLength(1);
  });
});
