/** Queries that wait for a worker, and reach it ahead of the task that brings their run up to date. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect } from 'vitest';
import { root } from '../../dev/root';
import type { Temporal } from '../../src/client/connect';
import { temporalOf } from '../../src/client/connect';
import type { RunPointer } from '../../src/client/find';
import { queryStatus } from '../../src/client/find';
import { GRPC, grpcCode } from '../../src/client/grpc';
import { Scenarios } from '../support/scenarios';
import { judgeBack, settled, startDeletion } from '../support/ways-back';

const RUNS = 3;
/** Before the windows end: a query that waits longer than some seconds is passed on from the queue of the worker that died. */
const ASKED_MS = 3_000;
/** As long as a worker takes to be there. */
const STARTED_MS = 1_000;
const scenarios = new Scenarios();

scenarios.add(
  'people ask for the status while no worker is there, and the windows end meanwhile',
  async () => {
    const bed = await scenarios.bed('asked', { ECS_NICS_CLOUD_RPS: '50' });
    const { worker } = bed.stack;
    const ways = await Promise.all(
      Array.from({ length: RUNS }, (_, n) =>
        startDeletion(bed, `asked meanwhile ${n + 1}`, { undoWindow: '12 seconds' }),
      ),
    );
    const windows = await Promise.all(ways.map(settled));
    const runs = await Promise.all(ways.map(({ handle }) => handle.describe()));
    const ends = windows.map(({ undoUntil }) => Date.parse(undoUntil ?? ''));
    await worker.kill();
    await sleep(Math.min(...ends) - ASKED_MS - Date.now());
    const temporal = temporalOf(bed.client);
    // One each: several of one run may take a task of each other (docs/decisions/0019, what is left).
    const asked = runs.map((run) => serverOf(temporal, run));
    await sleep(Math.max(...ends) - STARTED_MS - Date.now());
    worker.start();
    const wanted = ways.map(({ serverId }) => serverId);
    expect(await Promise.all(asked)).toEqual(wanted);
    for (const way of ways) {
      await judgeBack(bed, way, { outcome: 'deleted', nics: ['deleted', 'deleted'] });
      // A run that has gone on by an old clock has begun its window again, and no replay comes to that.
      const history = await way.handle.fetchHistory();
      const workflowBundle = { codePath: join(root, 'lib/workflow-bundle.js') };
      await Worker.runReplayHistory({ workflowBundle }, history, way.handle.workflowId);
    }
    scenarios.count('runs', RUNS);
  },
);

/** The server gives up a query that waits with a task which is lost and comes again. */
async function serverOf(temporal: Temporal, run: RunPointer): Promise<string | undefined> {
  for (let times = 1; ; times++) {
    try {
      return (await queryStatus(temporal, run, 60_000))?.serverId;
    } catch (error) {
      if (times === 5 || grpcCode(error) !== GRPC.deadlineExceeded) throw error;
    }
  }
}

beforeAll(() => {
  // The worker of the replay has nothing to say.
  const logging = { forward: {}, filter: 'ERROR' };
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging } });
});
afterAll(() => Runtime.instance().shutdown());

scenarios.register('queries');
