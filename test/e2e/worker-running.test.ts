/** The worker as a process, at work: health, metrics, drain, a Temporal that changes or goes away. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import { METRIC } from '../../src/activities/agreement/metric-names';
import { freePort, until } from '../../dev/ports';
import type { Stack } from '../../dev/stack';
import { startStack } from '../support/watched-stack';
import type { Temporal } from '../../dev/temporal-server';
import { startTemporal } from '../../dev/temporal-server';
import { createServer, posts, TIMING, untilPosted } from '../support/e2e';
import { ask } from '../support/health';
import { scrape } from '../support/scrape';
import { expectTruth } from '../support/truth';

describe('with Temporal', { timeout: 240_000 }, () => {
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

  /** A worker with health and metrics; ended with the test. */
  async function stackOf(workerEnv: Record<string, string> = {}, at = temporal) {
    const [health, metrics] = [await freePort(), await freePort()];
    const stack = await startStack({
      label: 'worker',
      temporal: at,
      workerEnv: {
        ECS_NICS_HEALTH_ADDRESS: `127.0.0.1:${health}`,
        ECS_NICS_METRICS_ADDRESS: `127.0.0.1:${metrics}`,
        ECS_NICS_CLOUD_RPS: '50',
        ...workerEnv,
      },
    });
    onTestFinished(() => stack.close());
    return { stack, health, metrics: { host: '127.0.0.1', port: metrics } };
  }

  const start = (stack: Stack, serverId: string, nics: string[], more: object = {}) =>
    client.workflow.start('deleteServerNics', {
      taskQueue: stack.taskQueue,
      workflowId: `nics/${serverId}`,
      args: [{ serverId, nics: nics.map((id) => ({ id })), timing: TIMING, ...more }],
    });

  /** The next deletion is carried out, but its answer comes so much later. */
  const delayAnswer = (stack: Stack, ms: number) =>
    stack.simulator.post('/_sim/faults', {
      match: { class: 'delete' },
      what: { kind: 'delay', ms, when: 'after' },
      times: 1,
    });

  /** A deletion whose POST is on its way. */
  async function underWay(stack: Stack, answerAfterMs: number) {
    await delayAnswer(stack, answerAfterMs);
    const server = await createServer(stack.simulator);
    const handle = await start(stack, server.id, server.nics.slice(0, 1));
    await untilPosted(stack.simulator, server.id);
    return { server, handle };
  }

  it('is ready, and shows after one run what it has counted', async () => {
    const { stack, health, metrics } = await stackOf();
    expect(await ask(health, '/readyz')).toEqual({ status: 200, ok: true, state: 'ready' });
    expect(await ask(health, '/livez')).toEqual({ status: 200, ok: true, state: 'alive' });
    for (const [kind, what] of [
      ['delete', { kind: 'throttled', retryAfter: 1 }],
      ['job', { kind: 'status', status: 502 }],
    ] as const) {
      await stack.simulator.post('/_sim/faults', { match: { class: kind }, what, times: 1 });
    }
    const server = await createServer(stack.simulator);
    const document = (await (await start(stack, server.id, server.nics)).result()) as ResultDocument;
    expect(document.outcome).toBe('deleted');
    const seen = await scrape(metrics);
    expect(seen.value(`${METRIC.cloudThrottled}_total`)).toBe(1);
    expect(seen.value(`${METRIC.cloudThrottled}_total`, { operation: 'deleteNics' })).toBe(1);
    // The absence of deleted ports is an answer, not a failure.
    expect(seen.value(`${METRIC.cloudFailures}_total`)).toBe(1);
    expect(seen.value(`${METRIC.cloudFailures}_total`, { operation: 'showJob', code: 'APIG.0201' })).toBe(1);
    expect(seen.value(`${METRIC.unknownSubmissions}_total`)).toBe(0);
    // Of the workflow: one job of a second, its polls, how long after its end it was known.
    expect(seen.value(`${METRIC.pollsPerJob}_sum`)).toBe(document.jobs[0]?.polls);
    expect(seen.value(`${METRIC.jobSeconds}_sum`)).toBeCloseTo(1, 1);
    expect(seen.value(`${METRIC.detectionDelay}_count`)).toBe(1);
    expect(seen.value(`${METRIC.runsEnded}_total`, { outcome: 'deleted' })).toBe(1);
    expect(seen.value(`${METRIC.runsEnded}_total`, { outcome: 'outcome-unknown' })).toBe(0);
    // Core's, in seconds and with the suffixes that alerts are written for.
    expect(seen.names).toContain('temporal_activity_schedule_to_start_latency_seconds_bucket');
    expect(seen.names).toContain('temporal_request_total');
    expect(seen.value('temporal_num_pollers', { poller_type: 'activity_task' })).toBeGreaterThan(0);
    expect(seen.text).not.toContain(stack.simulator.accessKey.sk);
    expect(seen.text).not.toContain(server.id);
    // One day on a dev server.
    expect(stack.worker.log).toMatch(/keeps closed runs for 24 h only.*--retention 7d/);
  });

  it('finishes a POST on its way, keeps its job id, and ends with 0; another worker goes on', async () => {
    const { stack, health } = await stackOf({ ECS_NICS_SHUTDOWN_GRACE: '5 minutes' });
    const { server, handle } = await underWay(stack, 4_000);
    const began = Date.now();
    const ended = stack.worker.terminate();
    const draining = async () => (await ask(health, '/readyz')).status === 503;
    expect(await until(draining, 120_000)).toBe(true);
    expect(await ask(health, '/readyz')).toMatchObject({ state: 'draining' });
    await sleep(2_000);
    // Still served, two seconds into the drain.
    expect(await ask(health, '/readyz')).toMatchObject({ status: 503, state: 'draining' });
    expect(await ask(health, '/livez')).toMatchObject({ status: 200 });
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    // Not the grace, which is for calls that do not end.
    expect(Date.now() - began).toBeLessThan(200_000);
    expect(stdout).not.toMatch(/cut off/);
    for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');

    stack.worker.start();
    const document = (await handle.result()) as ResultDocument;
    expect(document).toMatchObject({ outcome: 'deleted', submissions: 1 });
    expect(document.jobs).toHaveLength(1);
    expect(await posts(stack.simulator, server.id)).toBe(1);
    await expectTruth(stack.simulator, document);
  });

  it('cuts a call that outlasts the grace: looked at by another worker, never repeated', async () => {
    const { stack } = await stackOf({ ECS_NICS_SHUTDOWN_GRACE: '2s' });
    const { server, handle } = await underWay(stack, 20_000);
    const began = Date.now();
    const { code, stdout } = await stack.worker.terminate();
    expect(code).toBe(0);
    expect(Date.now() - began).toBeGreaterThan(1_500);
    expect(stdout).toMatch(/1 call\(s\) to the cloud were ended by the shutdown.*ECS_NICS_SHUTDOWN_GRACE/);

    stack.worker.start();
    const document = (await handle.result()) as ResultDocument;
    // The fate was reported on the way out: nothing had to wait for the attempt's time-out.
    const { events } = await handle.fetchHistory();
    expect(events?.filter((event) => event.activityTaskTimedOutEventAttributes != null)).toEqual([]);
    expect(document).toMatchObject({ outcome: 'deleted', submissions: 1, jobs: [] });
    expect(await posts(stack.simulator, server.id)).toBe(1);
    await expectTruth(stack.simulator, document);
  });

  it('takes a doubled Ctrl-C for one, as npm sends it', async () => {
    const { stack } = await stackOf({ ECS_NICS_SHUTDOWN_GRACE: '20s' });
    const { server, handle } = await underWay(stack, 2_000);
    process.kill(stack.worker.pid, 'SIGINT');
    process.kill(stack.worker.pid, 'SIGINT');
    await sleep(100);
    process.kill(stack.worker.pid, 'SIGINT');
    await stack.worker.ended();
    expect((await stack.worker.terminate()).code).toBe(0);
    stack.worker.start();
    const document = (await handle.result()) as ResultDocument;
    expect(document.jobs).toHaveLength(1);
    expect(await posts(stack.simulator, server.id)).toBe(1);
  });

  it('SIGUSR2, a habit for heap dumps, ends nothing', async () => {
    const { stack, health } = await stackOf();
    process.kill(stack.worker.pid, 'SIGUSR2');
    await sleep(1_000);
    expect(await ask(health, '/readyz')).toMatchObject({ status: 200 });
    const { id, nics } = await createServer(stack.simulator);
    const handle = await start(stack, id, nics);
    expect(((await handle.result()) as ResultDocument).outcome).toBe('deleted');
  });

  it('ends the grace at once on a second signal, and still reports', async () => {
    const { stack } = await stackOf({ ECS_NICS_SHUTDOWN_GRACE: '5 minutes' });
    const { server, handle } = await underWay(stack, 20_000);
    const began = Date.now();
    process.kill(stack.worker.pid, 'SIGTERM');
    await sleep(1_500);
    expect((await stack.worker.terminate()).code).toBe(0);
    expect(Date.now() - began).toBeLessThan(200_000);
    stack.worker.start();
    expect((await handle.result()) as ResultDocument).toMatchObject({ outcome: 'deleted', submissions: 1 });
    expect(await posts(stack.simulator, server.id)).toBe(1);
  });

  it('takes up search attributes that are registered while it runs', async () => {
    const namespace = `without-attributes-${Date.now()}`;
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: (30 * 86_400) as never },
    });
    await until(
      () =>
        connection.workflowService.describeNamespace({ namespace }).then(
          () => true,
          () => false,
        ),
      30_000,
    );
    const there = { ...temporal, namespace, env: { ...temporal.env, TEMPORAL_NAMESPACE: namespace } };
    const { stack } = await stackOf({}, there);
    const elsewhere = new Client({ connection, namespace });
    const dryRun = async () => {
      const server = await createServer(stack.simulator);
      const handle = await elsewhere.workflow.start('deleteServerNics', {
        taskQueue: stack.taskQueue,
        workflowId: `nics/${server.id}`,
        args: [{ serverId: server.id, nics: 'all', dryRun: true }],
      });
      expect(((await handle.result()) as ResultDocument).outcome).toBe('planned');
      const { typedSearchAttributes } = await handle.describe();
      return Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    };
    expect(await dryRun()).not.toHaveProperty('NicsOutcome');
    expect(stack.worker.log).toMatch(/NicsOutcome, DecommissionRun not registered: run `ecs-nics setup`/);
    expect(stack.worker.log).not.toMatch(/--retention/);
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: { EcsServerId: 2, NicsPhase: 2, NicsOutcome: 2, DecommissionRun: 2 },
    });
    const noticed = async () => stack.worker.log.includes('search attributes: all registered');
    expect(await until(noticed, 120_000)).toBe(true);
    expect(await dryRun()).toMatchObject({ NicsOutcome: 'planned' });
  });
});

describe('when Temporal goes away', { timeout: 240_000 }, () => {
  /** With a Temporal that nobody else uses, on a fixed port, and with a memory: it can be stopped and started again. */
  async function stackOfItsOwn(workerEnv: Record<string, string> = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'ecs-nics-'));
    const own = {
      env: { ...process.env, TEMPORAL_ADDRESS: undefined },
      port: await freePort(),
      dbFilename: join(folder, 'temporal.db'),
    };
    const temporal = await startTemporal(own);
    const health = await freePort();
    const stack = await startStack({
      label: 'lost',
      temporal,
      workerEnv: { ECS_NICS_HEALTH_ADDRESS: `127.0.0.1:${health}`, ...workerEnv },
    });
    const servers = [temporal];
    onTestFinished(async () => {
      await stack.close();
      for (const server of servers) await server.close();
      await rm(folder, { recursive: true });
    });
    const startAgain = async () => {
      const again = await startTemporal(own);
      servers.push(again);
      return again;
    };
    return { stack, startAgain, health };
  }

  it('is not ready after half a minute, stays alive, drains; ready again when Temporal is back', async () => {
    const { stack, startAgain, health } = await stackOfItsOwn();
    await stack.temporal.close();
    const state = (wanted: string) => async () => (await ask(health, '/readyz')).state === wanted;
    expect(await until(state('disconnected'), 120_000)).toBe(true);
    const answer = await ask(health, '/readyz');
    expect(answer).toMatchObject({
      status: 503,
      reason: expect.stringMatching(/not answered for \d+ s/) as string,
    });
    expect((await ask(health, '/livez')).status).toBe(200);
    expect(stack.worker.log).toMatch(/Temporal does not answer/);
    // The pollers' own lines: a few, not a flood.
    expect(stack.worker.log.match(/gRPC call \w+ retried/g)?.length ?? 0).toBeLessThan(12);

    const second = await startAgain();
    expect(await until(state('ready'), 120_000)).toBe(true);
    await second.close();
    stack.extra.temporalGone = true;
    expect((await stack.worker.terminate()).code).toBe(0);
  });

  it('ends soon after its grace with 1 when it can’t report what was running; nothing is repeated later', async () => {
    const { stack, startAgain } = await stackOfItsOwn({ ECS_NICS_SHUTDOWN_GRACE: '4s' });
    await stack.simulator.post('/_sim/faults', {
      match: { class: 'delete' },
      what: { kind: 'delay', ms: 5_000, when: 'after' },
    });
    const server = await createServer(stack.simulator);
    const args = ['delete', server.id, '--nic', server.nics[0]!, '--yes', '--no-wait'];
    await stack.starter([...args, '--timing', JSON.stringify(TIMING)]);
    await untilPosted(stack.simulator, server.id);
    await stack.temporal.close();
    const { code, stdout } = await stack.worker.terminate();
    expect(code).toBe(1);
    const last = JSON.parse(stdout.trim().split('\n').at(-1)!) as { msg: string };
    expect(last.msg).toMatch(/could not report to Temporal/);

    const again = await startAgain();
    stack.worker.start();
    await stack.worker.ready(again, stack.taskQueue);
    const { code: exit, stdout: document } = await stack.starter(['status', server.id, '--json']);
    expect(exit).toBe(0);
    expect(JSON.parse(document)).toMatchObject({ outcome: 'running' });
    const ended = async () => {
      const now = await stack.starter(['status', server.id, '--json']);
      return (JSON.parse(now.stdout) as ResultDocument).outcome !== 'running';
    };
    expect(await until(ended, 120_000)).toBe(true);
    const { stdout: end } = await stack.starter(['status', server.id, '--json']);
    const result = JSON.parse(end) as ResultDocument;
    expect(result).toMatchObject({ outcome: 'deleted', submissions: 1 });
    expect(await posts(stack.simulator, server.id)).toBe(1);
    await expectTruth(stack.simulator, result);
  });
});
