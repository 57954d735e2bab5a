/** What the client library says of runs that it finds, over a client made by hand. */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import type { Temporal } from '../../src/client/connect';
import { NoOpenRun, NotConfirmed, OtherRun } from '../../src/client/errors';
import { findRun } from '../../src/client/find';
import { readRuns } from '../../src/client/runs';
import { findSource } from '../../src/client/source';
import { cancel } from '../../src/client/update';
import { NOW, RUN, SERVER } from './support';

const { workflowId, runId } = RUN;
const FIRST = '01a20af0-0bac-7548-95a3-b3efcc02de00';
const gone = () => Promise.reject(new WorkflowNotFoundError('gone', workflowId, undefined));

/** Restores: nothing more is asked about them. */
const closed = (n: number) => ({
  workflowId,
  runId: `run-${n}`,
  type: 'restoreServerNics',
  taskQueue: 'ecs-nics',
  status: { name: 'COMPLETED' },
  searchAttributes: {},
  startTime: new Date(NOW),
  closeTime: new Date(NOW),
});

function temporalOf(runs: object[], handle: object = { describe: gone }): Temporal {
  async function* list() {
    yield* runs;
  }
  return {
    address: 'temporal.example:7233',
    namespace: 'default',
    call: (_ms: number, fn: () => unknown) => fn(),
    client: { workflow: { list, getHandle: () => handle } },
  } as unknown as Temporal;
}

describe('a search for what to restore from', () => {
  const passed = async (temporal: Temporal) =>
    findSource(temporal, SERVER, null).catch(({ passed, areAll }: { passed: unknown[]; areAll: boolean }) => [
      passed.length,
      areAll,
    ]);

  it.each([
    [0, 0, true],
    [20, 20, true],
    [21, 20, false],
  ])('among %i closed runs looks at %i, and knows whether these are all', async (count, looked, areAll) => {
    const runs = Array.from({ length: count }, (_, n) => closed(n));
    expect(await passed(temporalOf(runs))).toEqual([looked, areAll]);
    // The last one is known by itself, and the list has it, too.
    const last = { describe: () => Promise.resolve(runs[0]) };
    if (count > 0) expect(await passed(temporalOf(runs, last))).toEqual([looked, areAll]);
  });
});

describe('a run', () => {
  it('of a list does not say which one its chain began with, so that nobody steers by it', async () => {
    const open = { ...closed(1), status: { name: 'RUNNING' }, closeTime: undefined };
    const { runs } = await readRuns(temporalOf([open]), 10, false);
    expect(runs).toMatchObject([{ runId: 'run-1', firstRunId: null, open: true }]);
    // @ts-expect-error as long as it has no first run
    const steered = cancel(temporalOf([], { cancel: gone }), runs[0]!);
    await expect(steered).rejects.toBeInstanceOf(NoOpenRun);
  });

  it('that has just ended is named by its ids alone, as they were then', async () => {
    const description = {
      ...closed(1),
      status: { name: 'RUNNING' },
      memo: { open: 'private' },
      raw: { workflowExecutionInfo: { firstRunId: 'run-1' } },
    } as unknown as WorkflowExecutionDescription;
    const known = await findRun(temporalOf([], { describe: () => Promise.resolve(description) }), SERVER);
    const error: unknown = await cancel(temporalOf([], { cancel: gone }), known).catch((it: unknown) => it);
    expect(error).toBeInstanceOf(NoOpenRun);
    known.runId = runId;
    expect((error as NoOpenRun).run).toEqual({ workflowId, runId: 'run-1', firstRunId: 'run-1' });
  });

  it('that another error is about is named so as well', () => {
    const ids = { workflowId, runId, firstRunId: FIRST };
    const run = { ...ids, taskQueue: 'ecs-nics', type: 'deleteServerNics', description: {} };
    expect(new NotConfirmed('not confirmed', 'message', workflowId, run).run).toEqual(ids);
    expect(new NotConfirmed('not confirmed', 'start', workflowId, null).run).toBeNull();
    const { taskQueue, type } = run;
    expect(new OtherRun(SERVER, run).run).toEqual({ ...ids, taskQueue, type });
  });
});
