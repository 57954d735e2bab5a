/** Worker processes under load: what all of them together ask of the cloud, by its ledger. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import { METRIC } from '../../src/activities/agreement/metric-names';
import { freePort, until } from '../../dev/ports';
import type { Simulator } from '../../dev/simulator';
import { startSimulator } from '../../dev/simulator';
import type { Temporal } from '../../dev/temporal-server';
import { startTemporal } from '../../dev/temporal-server';
import { createServer, TIMING } from '../support/e2e';
import { scrape } from '../support/scrape';
import type { WatchedStack } from '../support/watched-stack';
import { startStack } from '../support/watched-stack';
import { mostWithin } from '../support/windows';

const RPS = 10;
/** So many runs that they make twice the calls that 10 s allow: an exact one makes some 18, a plain one four where sets are read. */
const RUNS = 20;
const PLAIN_RUNS = 60;

const EXACT = { undoWindow: '1s' };

describe('the rate of calls', { timeout: 600_000 }, () => {
  let temporal: Temporal;
  let client: Client;
  let connection: Connection;

  beforeAll(async () => {
    temporal = await startTemporal();
    connection = await Connection.connect({ address: temporal.address });
    client = new Client({ connection, namespace: temporal.namespace });
  });
  afterAll(async () => {
    await connection?.close();
    await temporal?.close();
  });

  /** Workers on one queue, each ready, with a cloud of their own; ended with the test. */
  async function stackOf(workers: number, env: Record<string, string> = {}) {
    const simulator = await startSimulator();
    onTestFinished(() => simulator.close());
    const metrics = { host: '127.0.0.1', port: await freePort() };
    const stack = await startStack({
      label: 'rates',
      temporal,
      simulator,
      workerEnv: {
        ECS_NICS_CLOUD_RPS: String(RPS),
        ECS_NICS_METRICS_ADDRESS: `${metrics.host}:${metrics.port}`,
        ...env,
      },
    });
    onTestFinished(() => stack.close());
    for (let n = 1; n < workers; n++) await addWorker(stack);
    return { stack, metrics };
  }

  async function addWorker(stack: WatchedStack): Promise<void> {
    const worker = stack.addWorker();
    worker.start({ ECS_NICS_METRICS_ADDRESS: 'off' });
    await worker.ready(temporal, stack.taskQueue);
  }

  /** @param priorityKey of Temporal; without it the run has the usual one, 3 */
  async function startRuns(
    { simulator, taskQueue }: WatchedStack,
    count: number,
    more: object = {},
    priorityKey?: number,
  ) {
    return Promise.all(
      Array.from({ length: count }, async () => {
        const { id, nics } = await createServer(simulator);
        const input = { serverId: id, nics: nics.map((nic) => ({ id: nic })), timing: TIMING, ...more };
        return client.workflow.start('deleteServerNics', {
          taskQueue,
          workflowId: `nics/${id}`,
          args: [input],
          ...(priorityKey === undefined ? {} : { priority: { priorityKey } }),
        });
      }),
    );
  }

  type Runs = Awaited<ReturnType<typeof startRuns>>;
  const ended = (runs: Runs): Promise<ResultDocument[]> =>
    Promise.all(runs.map(async (run) => (await run.result()) as ResultDocument));

  const requestsOf = async (simulator: Simulator) =>
    (await simulator.get<{ requests: { at: number; status: number }[] }>('/_sim/ledger')).requests;

  it.each([
    ['1 worker, plain', 1, PLAIN_RUNS, {}],
    ['3 workers, plain', 3, PLAIN_RUNS, {}],
    ['1 worker, exact', 1, RUNS, EXACT],
    ['3 workers, exact', 3, RUNS, EXACT],
  ])('is kept in any 10 s: %s', async (name, workers, count, more) => {
    const { stack } = await stackOf(workers);
    const documents = await ended(await startRuns(stack, count, more));
    expect(new Set(documents.map(({ outcome }) => outcome))).toEqual(new Set(['deleted']));
    const times = (await requestsOf(stack.simulator)).map(({ at }) => at);
    const most = mostWithin(10_000, times);
    process.stderr.write(`${name}: ${times.length} calls, at most ${most} in any 10 s\n`);
    expect(most).toBeLessThanOrEqual(10 * RPS);
    // The load was there: without a limit twice as many could have been made. A busy machine makes them slowly.
    expect(times.length).toBeGreaterThan(20 * RPS);
    expect(most).toBeGreaterThan(4 * RPS);
  });

  it('is kept while workers come, are killed, and come again', async () => {
    const { stack } = await stackOf(1);
    const runs = startRuns(stack, RUNS, EXACT);
    const seen = async (count: number) =>
      until(async () => (await requestsOf(stack.simulator)).length >= count, 300_000);
    await runs;
    expect(await seen(50)).toBe(true);
    await Promise.all([addWorker(stack), addWorker(stack)]);
    expect(await seen(120)).toBe(true);
    await stack.worker.kill();
    stack.worker.start();
    const documents = await ended(await runs);
    expect(documents.filter(({ outcome }) => outcome !== 'deleted')).toEqual([]);
    const times = (await requestsOf(stack.simulator)).map(({ at }) => at);
    const most = mostWithin(10_000, times);
    process.stderr.write(`workers come and go: ${times.length} calls, at most ${most} in any 10 s\n`);
    expect(most).toBeLessThanOrEqual(10 * RPS);
  });

  it('is given to the run of a person first: it ends while a fleet has hardly begun', async () => {
    const { stack } = await stackOf(1);
    const fleet = await startRuns(stack, RUNS, {}, 4);
    const asked = async () => (await requestsOf(stack.simulator)).length;
    expect(await until(async () => (await asked()) > 2 * RPS, 300_000)).toBe(true);
    const before = await asked();
    expect((await ended(await startRuns(stack, 1, {}, 2)))[0]?.outcome).toBe('deleted');
    const meanwhile = (await asked()) - before;
    const open = await Promise.all(fleet.map(async (run) => (await run.describe()).status.name));
    process.stderr.write(
      `interactive: ${meanwhile} calls meanwhile, ${open.filter((name) => name === 'RUNNING').length} of ${RUNS} open\n`,
    );
    expect(open.filter((name) => name === 'RUNNING').length).toBeGreaterThan(RUNS / 2);
    expect((await ended(fleet)).every(({ outcome }) => outcome === 'deleted')).toBe(true);
  });

  it('shows in the metrics: requests by operation as in the ledger, and the part of each worker', async () => {
    const { stack, metrics } = await stackOf(1);
    const rate = async () => (await scrape(metrics)).value(METRIC.cloudRate) ?? 0;
    // Alone it has all but what bursts may need.
    expect(await until(async () => (await rate()) > 0.85 * RPS, 60_000)).toBe(true);
    await ended(await startRuns(stack, 1));
    const { requests } = await stack.simulator.get<{ requests: { class: string }[] }>('/_sim/ledger');
    const seen = await scrape(metrics);
    const counted = (operation: string) => seen.value(`${METRIC.cloudCalls}_total`, { operation });
    expect(seen.value(`${METRIC.cloudCalls}_total`)).toBe(requests.length);
    expect(counted('deleteNics')).toBe(1);
    expect(counted('showServer')).toBe(requests.filter((request) => request.class === 'detail').length);
    expect(counted('updatePort')).toBe(0);
    expect(seen.value(`${METRIC.cloudWait}_count`)).toBe(requests.length);
    await addWorker(stack);
    expect(await until(async () => (await rate()) < 0.5 * RPS, 60_000)).toBe(true);
    expect(stack.worker.log).toContain(`2 worker(s) share ${RPS} calls per second`);
  });
});
