import type { MetricMeter } from '@temporalio/common';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { freePort } from '../../dev/ports';
import { root } from '../../dev/root';
import { findPort, portStates } from '../../src/activities/support/ports';
import { ConfigError } from '../../src/worker/config';
import { METRIC } from '../../src/activities/agreement/metric-names';
import { ERROR_TABLE } from '../../src/ecs/error-table';
import { withheldError } from '../../src/ecs/credentials';
import { observed } from '../../src/ecs/observe';
import type { Operation } from '../../src/ecs/wire/operations';
import { OPERATIONS } from '../../src/ecs/wire/operations';
import { cloudObserver, codeLabels, rateGauge, sendObserver, startAtZero } from '../../src/worker/metrics';
import { installRuntime } from '../../src/worker/runtime';
import type { Canned } from '../ecs/support';
import { clientAnswered, failure, JOB, NIC, PORT, SERVER } from '../ecs/support';
import { scrape } from '../support/scrape';
import { setsOf } from '../activities/support';

/** What was counted, as `name{label values in the order of their names}`. */
function counting() {
  const counts: Record<string, number> = {};
  const meter = {
    createCounter: (name: string) => ({
      add: (value: number, labels: Record<string, string>) => {
        const key = `${name}{${Object.keys(labels)
          .sort()
          .map((label) => labels[label])
          .join()}}`;
        counts[key] = (counts[key] ?? 0) + value;
      },
    }),
  } as unknown as MetricMeter;
  const events = () => Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0));
  return { meter, counts, events };
}

function watched(answers: Canned | Canned[], settings = {}) {
  const { meter, counts, events } = counting();
  const { cloud, requests } = clientAnswered(answers, settings);
  return { cloud: observed(cloud, cloudObserver(meter)), counts, events, requests };
}

const gateway = (code: string) => ({ error_code: code, error_msg: 'x' });

describe('counting calls of the cloud', () => {
  it('counts a refusal once, by operation and code, whatever the spelling of the gateway', async () => {
    const { cloud, events } = watched({ status: 401, body: gateway('APIGW.0301') });
    await failure(cloud.showServer(SERVER));
    await failure(cloud.showServer(SERVER));
    await failure(cloud.deleteNics(SERVER, [NIC]));
    expect(events()).toEqual({
      'ecs_nics_cloud_failures{APIG.0301,showServer}': 2,
      'ecs_nics_cloud_failures{APIG.0301,deleteNics}': 1,
    });
  });

  it('counts a call once that was repeated with renewed credentials and failed again', async () => {
    const credentials = {
      authorize: async ({ headers }: { headers: Record<string, string> }) => headers,
      renew: async () => true,
    };
    const refused = { status: 401, body: gateway('APIGW.0307') };
    const { cloud, events, requests } = watched([refused, refused], { credentials });
    await failure(cloud.showServer(SERVER));
    expect(requests).toHaveLength(2);
    expect(events()).toEqual({ 'ecs_nics_cloud_failures{APIG.0307,showServer}': 1 });
  });

  it('counts every call under its own name, and has a series for each from the start', async () => {
    const { cloud, counts, events } = watched({ status: 502, body: '<html>' });
    const calls: Record<Operation, () => Promise<unknown>> = {
      showServer: () => cloud.showServer(SERVER),
      listServers: () => cloud.showServers(() => [SERVER], 'comma'),
      walkServers: () => cloud.listServers({ after: null, limit: 10 }),
      listInterfaces: () => cloud.listInterfaces(SERVER),
      showPort: () => cloud.showPort(NIC),
      showJob: () => cloud.showJob(JOB),
      deleteNics: () => cloud.deleteNics(SERVER, [NIC]),
      attachNics: () => cloud.attachNics(SERVER, [NIC]),
      setDeleteOnTermination: () => cloud.setDeleteOnTermination(SERVER, NIC, true),
      listPorts: () => cloud.listPorts({ name: 'n' }),
      createPort: () => cloud.createPort(PORT),
      updatePort: () => cloud.updatePort(NIC, { name: 'n' }),
      deletePort: () => cloud.deletePort(NIC),
      listElasticIps: () => cloud.listElasticIps(),
      bindElasticIp: () => cloud.bindElasticIp('eip', NIC),
    };
    for (const call of Object.values(calls)) await failure(call());
    expect(events()).toEqual(
      Object.fromEntries(Object.keys(calls).map((name) => [`ecs_nics_cloud_failures{http_502,${name}}`, 1])),
    );
    for (const name of Object.keys(calls))
      expect(counts).toHaveProperty([`ecs_nics_cloud_throttled{${name}}`], 0);
  });

  it('counts what a look at ports makes nothing of', async () => {
    const { cloud, events } = watched({ status: 502, body: '<html>' });
    const ports = [NIC, SERVER];
    const { states } = await portStates({ cloud, sets: setsOf(cloud) }, { ports }, {});
    expect(Object.values(states).map(({ state }) => state)).toEqual(['unknown', 'unknown']);
    expect(events()).toEqual({ 'ecs_nics_cloud_failures{http_502,showPort}': 2 });
  });

  it('keeps throttling apart, in each of its forms, and begins at 0', async () => {
    const { cloud, events, counts } = watched([
      { status: 429, body: gateway('APIGW.0308') },
      { status: 202, body: { error: { code: 'Common.0024', message: 'x' } } },
    ]);
    expect(counts['ecs_nics_cloud_throttled{showPort}']).toBe(0);
    await failure(cloud.showJob(JOB));
    await failure(cloud.deleteNics(SERVER, [NIC]));
    expect(events()).toEqual({
      'ecs_nics_cloud_throttled{showJob}': 1,
      'ecs_nics_cloud_throttled{deleteNics}': 1,
    });
  });

  it('counts a throttled call once, and none that is held back for it', async () => {
    const answer = { status: 429, headers: { 'retry-after': '60' }, body: gateway('APIGW.0308') };
    const { cloud, events, requests } = watched(answer);
    await failure(cloud.showJob(JOB));
    expect((await failure(cloud.showJob(JOB))).kind).toBe('paused');
    expect((await failure(cloud.deleteNics(SERVER, [NIC]))).kind).toBe('paused');
    expect(events()).toEqual({ 'ecs_nics_cloud_throttled{showJob}': 1 });
    expect(requests).toHaveLength(1);
  });

  it('does not count what is no failure of the cloud: absence, our own giving up, nothing sent', async () => {
    const absent = watched({ status: 404, body: { code: 'VPC.2502', message: 'x' } });
    expect(await findPort(absent.cloud, NIC, {})).toBeNull();
    expect(absent.events()).toEqual({});

    const { cloud, events, requests } = watched({ status: 500 });
    await failure(cloud.showServer(SERVER, { signal: AbortSignal.abort() }));
    await failure(cloud.deleteNics(SERVER, [NIC], { notAfter: 0 }));
    await failure(cloud.showServer('../x'));
    const problem = withheldError('showServer', {
      kind: 'refused',
      code: 'APIGW.0301',
      meaning: 'the credentials were refused before',
      hint: 'repair them',
      requestId: null,
      retryAfterMs: null,
      cloudMessage: null,
    });
    const held = watched({ status: 500 }, { transport: () => Promise.reject(problem) });
    expect((await failure(held.cloud.showServer(SERVER))).kind).toBe('withheld');
    expect(held.events()).toEqual({});
    expect([events(), requests.length]).toEqual([{}, 0]);
  });

  it('counts calls without an answer, and answers that are none', async () => {
    const lost = watched({}, { transport: () => Promise.reject(new Error('x')) });
    await failure(lost.cloud.showJob(JOB));
    expect(lost.events()).toEqual({ 'ecs_nics_cloud_failures{network,showJob}': 1 });
    const odd = watched({ status: 200, body: '<html>' });
    await failure(odd.cloud.showJob(JOB));
    expect(odd.events()).toEqual({ 'ecs_nics_cloud_failures{unreadable,showJob}': 1 });
  });

  it('leaves answers and errors as they are', async () => {
    const { cloud } = watched([{ body: { job_id: JOB } }, { status: 400, body: { code: 'Ecs.0605' } }]);
    expect((await cloud.deleteNics(SERVER, [NIC])).jobId).toBe(JOB);
    expect(await failure(cloud.deleteNics(SERVER, [NIC]))).toMatchObject({
      code: 'Ecs.0605',
      action: 'never',
    });
  });
});

describe('the label `code`', () => {
  const of = (code: string | null, httpStatus = 400) => ({ kind: 'answer' as const, code, httpStatus });

  it('shows each code of the table as the table does', () => {
    const label = codeLabels();
    for (const { code } of ERROR_TABLE) expect(label(of(code.toUpperCase()))).toBe(code);
    expect(label(of('APIGW.0101'))).toBe('APIG.0101');
  });

  it('shows what is new, up to a bound that no answer can pass', () => {
    const label = codeLabels();
    expect(label(of('Ecs.9998'))).toBe('Ecs.9998');
    const labels = new Set<string>();
    for (let n = 0; n < 5_000; n++) {
      labels.add(label(of(`Ecs.${n}9`)));
      labels.add(label(of(null, 100 + (n % 900))));
      labels.add(label(of(`n${'x'.repeat(n % 60)}.${n}`)));
    }
    expect(labels.size).toBeLessThan(60);
    expect(label(of('Ecs.77777'))).toBe('other');
    // What was there before the flood is still told apart.
    expect(label(of('Ecs.9998'))).toBe('Ecs.9998');
    expect(label(of('Ecs.0605'))).toBe('Ecs.0605');
  });

  it.each(['{"x"}', 'a b', '..', 'code', 'Ecs.0085"} 1\n', ''])('%j is no label', (code) => {
    expect(codeLabels()(of(code))).toBe('other');
  });
});

describe('the rate', () => {
  it('is shown as it is now, every second, and keeps no process alive', () => {
    vi.useFakeTimers();
    try {
      const limiter = { rate: 8.9 };
      const shown: number[] = [];
      const meter = { createGauge: () => ({ set: (value: number) => shown.push(value) }) };
      const timer = rateGauge(meter as unknown as MetricMeter, limiter);
      limiter.rate = 0;
      vi.advanceTimersByTime(1_000);
      limiter.rate = 8;
      vi.advanceTimersByTime(1_000);
      expect(shown).toEqual([8.9, 0, 8]);
      expect(timer.hasRef()).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('the alerts of docs/worker.md', () => {
  /** The counters that rules name, with the values of their labels. */
  const rules = [
    ...readFileSync(join(root, 'docs/worker.md'), 'utf8').matchAll(
      /alert: (\w+)\n\s+expr: .*increase\((ecs_nics_\w+)_total\{(\w+)=~?"([^"]+)"\}\[\w+\]\)+ > 0/g,
    ),
  ].map(([, alert = '', metric = '', label = '', values = '']) => ({ alert, metric, label, values }));

  it('are those on events', () => {
    expect(rules.map(({ alert }) => alert)).toEqual([
      'NicsOutcomeUnknown',
      'NicsNotDeleted',
      'NicsCredentialsRefused',
    ]);
  });

  it.each(rules)('$alert fires on one event, whatever its labels', ({ metric, label, values }) => {
    const { meter, counts } = counting();
    startAtZero(meter, 'default', 'ecs-nics');
    const observe = cloudObserver(meter);
    const isNamed = new RegExp(`^(${values})$`);
    const born = { ...counts };
    if (label === 'outcome')
      for (const workflowType of ['deleteServerNics', 'restoreServerNics'])
        for (const outcome of values.split('|'))
          meter
            .createCounter(metric)
            .add(1, { namespace: 'default', taskQueue: 'ecs-nics', workflowType, outcome });
    else
      for (const code of [...ERROR_TABLE.map((row) => row.code), 'http_401'].filter((each) =>
        isNamed.test(each),
      ))
        for (const operation of OPERATIONS)
          observe({
            operation,
            kind: 'answer',
            action: 'credentials',
            code: code === 'http_401' ? null : code,
            httpStatus: 401,
          } as never);
    const events = Object.entries(counts).filter(([series, value]) => series.startsWith(metric) && value > 0);
    expect(events.length).toBeGreaterThan(0);
    // An increase is seen only of a series that was there before.
    for (const [series, value] of events) expect([series, born[series], value]).toEqual([series, 0, 1]);
  });
});

describe('the endpoint', () => {
  it('says which variable names a port that was taken since it was tried; then serves names and buckets', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const port = (blocker.address() as { port: number }).port;
    const log = new DefaultLogger('ERROR');
    const settings = (at: number) => ({
      logLevel: 'error' as const,
      logFormat: 'json' as const,
      metricsAddress: { host: '127.0.0.1', port: at },
    });
    expect(() => installRuntime(settings(port), log)).toThrow(ConfigError);
    expect(() => installRuntime(settings(port), log)).toThrow(/ECS_NICS_METRICS_ADDRESS: 127.* is in use/);
    blocker.close();

    const free = await freePort();
    installRuntime(settings(free), log);
    const { metricMeter } = Runtime.instance();
    startAtZero(metricMeter, 'default', 'ecs-nics');
    const labels = { namespace: 'default', taskQueue: 'ecs-nics', workflowType: 'deleteServerNics' };
    metricMeter.createCounter(METRIC.unknownSubmissions).add(1, labels);
    metricMeter.createHistogram(METRIC.pollsPerJob, 'int').record(4);
    metricMeter.createHistogram(METRIC.jobSeconds, 'float').record(12.5);
    metricMeter.createHistogram(METRIC.detectionDelay, 'float').record(0.2);
    sendObserver(metricMeter)('showJob', 1_500);
    clearInterval(rateGauge(metricMeter, { rate: 8.9 }));
    const metrics = await scrape({ host: '127.0.0.1', port: free });
    expect(metrics.value(`${METRIC.unknownSubmissions}_total`)).toBe(1);
    expect(metrics.value(`${METRIC.runsEnded}_total`, { outcome: 'outcome-unknown' })).toBe(0);
    expect(metrics.value(`${METRIC.pollsPerJob}_bucket`, { le: '4' })).toBe(1);
    expect(metrics.value(`${METRIC.pollsPerJob}_bucket`, { le: '3' })).toBe(0);
    expect(metrics.bounds(METRIC.pollsPerJob)).toEqual(expect.arrayContaining([1, 200]));
    expect(metrics.bounds(METRIC.jobSeconds)).toEqual(expect.arrayContaining([1, 15, 86_400]));
    expect(metrics.bounds(METRIC.detectionDelay)).toEqual(expect.arrayContaining([0.1, 600]));
    expect(metrics.value(`${METRIC.cloudCalls}_total`, { operation: 'showJob' })).toBe(1);
    expect(metrics.value(`${METRIC.cloudCalls}_total`, { operation: 'deleteNics' })).toBe(0);
    expect(metrics.value(`${METRIC.cloudWait}_bucket`, { le: '2' })).toBe(1);
    expect(metrics.value(`${METRIC.cloudWait}_bucket`, { le: '1' })).toBe(0);
    expect(metrics.value(METRIC.cloudRate)).toBeCloseTo(8.9);
    await Runtime.instance().shutdown();
  });
});
