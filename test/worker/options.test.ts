/** What the worker hands to the SDK, judged by the rules of `option-rules.ts`; and each single wrong option, noticed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger, NativeConnection, RuntimeOptions, WorkerOptions } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/worker/config';
import type { CloudActivities } from '../../src/activities/agreement';
import { LOOKS } from '../../src/activities/agreement';
import { runtimeOptions } from '../../src/worker/runtime';
import type { Three } from '../../src/worker/workers';
import { workerOptions } from '../../src/worker/workers';
import type { RuleName, Wanted } from './option-rules';
import { brokenBy, RULES, wrongRuntime } from './option-rules';

/** What is served matters, not what it does. */
const ACTIVITIES = Object.fromEntries(
  [...LOOKS, 'deleteNics'].map((name) => [name, () => undefined]),
) as unknown as CloudActivities;

const SECRET = 'not-in-an-identity';
const ENV = {
  HUAWEICLOUD_SDK_PROJECT_ID: '0123456789abcdef0123456789abcdef',
  HUAWEICLOUD_SDK_REGION_ID: 'eu-west-101',
  HUAWEICLOUD_SDK_AK: 'AK',
  HUAWEICLOUD_SDK_SK: SECRET,
};
const VERSIONED = { TEMPORAL_DEPLOYMENT_NAME: 'nics', TEMPORAL_WORKER_BUILD_ID: '0.2.0' };
const FOREIGN = { HUAWEICLOUD_ECS_ENDPOINT: 'https://ecs.internal:8443' };

const built = mkdtempSync(join(tmpdir(), 'ecs-nics-'));
const unbuilt = mkdtempSync(join(tmpdir(), 'ecs-nics-'));
const BUNDLE = join(built, 'workflow-bundle.js');
beforeAll(() => {
  writeFileSync(BUNDLE, '');
  // The worker runs compiled, and finds what it bundles beside itself as `.js`; here the sources lie there.
  createRequire(__filename).extensions['.ts'] ??= () => undefined;
});
afterAll(() => [built, unbuilt].forEach((folder) => rmSync(folder, { recursive: true })));

function optionsOf(env: Record<string, string> = {}, folder = built): Three<WorkerOptions> {
  const config = readConfig({ ...ENV, ...env }, folder, false);
  return workerOptions(config, {} as NativeConnection, 'prod', ACTIVITIES);
}

const WANTED: Wanted = {
  namespace: 'prod',
  taskQueue: 'ecs-nics',
  callsPerSecond: 10,
  graceMs: 20_000,
  place: [`project=${ENV.HUAWEICLOUD_SDK_PROJECT_ID}`, 'region=eu-west-101'],
  secrets: [SECRET],
  deployment: null,
  bundlePath: BUNDLE,
};
const DEPLOYMENT = { deploymentName: 'nics', buildId: '0.2.0' };

describe('the options that the workers are created with', () => {
  it.each<[string, Record<string, string>, Partial<Wanted>]>([
    ['by default', {}, {}],
    ['a queue of one’s own', { ECS_NICS_TASK_QUEUE: 'nics-b' }, { taskQueue: 'nics-b' }],
    ['the lowest rate', { ECS_NICS_CLOUD_RPS: '0.5' }, { callsPerSecond: 0.5 }],
    ['a middle one', { ECS_NICS_CLOUD_RPS: '33.3' }, { callsPerSecond: 33.3 }],
    ['the highest', { ECS_NICS_CLOUD_RPS: '1000' }, { callsPerSecond: 1_000 }],
    ['a longer grace', { ECS_NICS_SHUTDOWN_GRACE: '90s' }, { graceMs: 90_000 }],
    ['versioned', VERSIONED, { deployment: DEPLOYMENT }],
    ['endpoints of one’s own', FOREIGN, { place: [...WANTED.place, 'endpoint=ecs.internal:8443'] }],
  ])('break no rule: %s', (_name, env, wanted) => {
    expect(brokenBy(optionsOf(env), { ...WANTED, ...wanted })).toEqual([]);
  });

  it('break none when the workflows are bundled at the start', () => {
    expect(brokenBy(optionsOf({}, unbuilt), { ...WANTED, bundlePath: null })).toEqual([]);
  });
});

type Change = (options: Three<WorkerOptions>) => object;
interface Plant {
  what: string;
  breaks: RuleName;
  env?: Record<string, string>;
  folder?: 'unbuilt';
  workflows?: object | Change;
  cloud?: object | Change;
  looks?: object | Change;
  both?: object;
}

const versions = (more: object) => ({
  workerDeploymentOptions: {
    version: DEPLOYMENT,
    useWorkerVersioning: true,
    defaultVersioningBehavior: 'PINNED',
    ...more,
  },
});

const PLANTS: Plant[] = [
  { what: 'a connection for each', breaks: 'one connection', cloud: { connection: {} } },
  { what: 'none: the SDK would make its own', breaks: 'one connection', both: { connection: undefined } },
  { what: 'the default namespace', breaks: 'namespace', both: { namespace: 'default' } },
  {
    what: 'calls served in no namespace that was told',
    breaks: 'namespace',
    cloud: { namespace: undefined },
  },
  { what: 'calls on the queue of the workflows', breaks: 'queues', cloud: { taskQueue: 'ecs-nics' } },
  { what: 'calls on a queue that nobody asks', breaks: 'queues', cloud: { taskQueue: 'ecs-nics-calls' } },
  { what: 'the default queue', breaks: 'queues', env: { ECS_NICS_TASK_QUEUE: 'nics-b' } },
  { what: 'activities beside the workflows', breaks: 'division', workflows: { activities: {} } },
  { what: 'no activities', breaks: 'division', cloud: { activities: undefined } },
  {
    what: 'workflows beside the activities',
    breaks: 'division',
    cloud: { workflowBundle: { codePath: BUNDLE } },
  },
  {
    what: 'eager calls, as by default',
    breaks: 'no eager calls',
    workflows: { maxEagerActivityReservationsPerWorkflowTask: undefined },
  },
  { what: 'looks beside the effects', breaks: 'queues', looks: { taskQueue: 'ecs-nics-cloud' } },
  {
    what: 'effects among the looks, where no rate holds them',
    breaks: 'division',
    looks: ({ cloud }) => ({ activities: cloud.activities }),
  },
  {
    what: 'no looks for runs of older workers',
    breaks: 'division',
    cloud: { activities: { deleteNics: () => undefined } },
  },
  { what: 'a rate of looks', breaks: 'rate', looks: { maxTaskQueueActivitiesPerSecond: 10 } },
  {
    what: 'as many looks as by default',
    breaks: 'slots of looks',
    looks: { maxConcurrentActivityTaskExecutions: 2_000 },
  },
  {
    what: 'looks for 20 s of one worker alone',
    breaks: 'slots of looks',
    looks: { maxConcurrentActivityTaskExecutions: 200 },
  },
  { what: 'few looks', breaks: 'slots of looks', looks: { maxConcurrentActivityTaskExecutions: 20 } },
  { what: 'no rate', breaks: 'rate', cloud: { maxTaskQueueActivitiesPerSecond: undefined } },
  { what: 'another rate', breaks: 'rate', cloud: { maxTaskQueueActivitiesPerSecond: 5 } },
  { what: 'a rate in whole numbers', breaks: 'rate', env: { ECS_NICS_CLOUD_RPS: '9.5' } },
  {
    what: 'the rate held by each worker, too',
    breaks: 'no rate of its own',
    cloud: { maxActivitiesPerSecond: 10 },
  },
  {
    what: 'slots as by default',
    breaks: 'slots',
    cloud: { maxConcurrentActivityTaskExecutions: undefined },
  },
  { what: 'slots for four seconds', breaks: 'slots', cloud: { maxConcurrentActivityTaskExecutions: 40 } },
  { what: 'one slot', breaks: 'slots', cloud: { maxConcurrentActivityTaskExecutions: 1 } },
  { what: 'slots that are tuned by load', breaks: 'slots', cloud: { tuner: {} } },
  {
    what: 'a sticky queue as by default',
    breaks: 'sticky queue',
    workflows: { stickyQueueScheduleToStartTimeout: undefined },
  },
  {
    what: 'a number meant as seconds',
    breaks: 'sticky queue',
    workflows: { stickyQueueScheduleToStartTimeout: 2 },
  },
  { what: 'a small cache', breaks: 'cache', workflows: { maxCachedWorkflows: 100 } },
  { what: 'no cache', breaks: 'cache', workflows: { maxCachedWorkflows: 0 } },
  { what: 'the cache as memory allows', breaks: 'cache', workflows: { maxCachedWorkflows: undefined } },
  {
    what: 'as many pollers as there are slots',
    breaks: 'pollers',
    cloud: { activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 20 } },
  },
  { what: 'pollers as by default', breaks: 'pollers', workflows: { workflowTaskPollerBehavior: undefined } },
  { what: 'no grace', breaks: 'grace', both: { shutdownGraceTime: 0 } },
  { what: 'no grace for calls, as by default', breaks: 'grace', cloud: { shutdownGraceTime: undefined } },
  { what: 'another grace than asked for', breaks: 'grace', env: { ECS_NICS_SHUTDOWN_GRACE: '90s' } },
  { what: 'an end by force', breaks: 'no forced end', cloud: { shutdownForceTime: '5s' } },
  { what: 'the SDK’s identity', breaks: 'identity', both: { identity: `${process.pid}@host` } },
  { what: 'an identity of one’s own each', breaks: 'identity', cloud: { identity: 'a project=b region=c' } },
  {
    what: 'an identity without the region',
    breaks: 'identity',
    both: { identity: `1@h ${WANTED.place[0]}` },
  },
  {
    what: 'an identity without the foreign endpoint',
    breaks: 'identity',
    env: FOREIGN,
    both: { identity: `1@h ${WANTED.place.join(' ')}` },
  },
  {
    what: 'an identity that tells a secret',
    breaks: 'identity',
    both: { identity: `1@h ${WANTED.place.join(' ')} sk=${SECRET}` },
  },
  { what: 'a build that nobody asked for', breaks: 'versioning', both: versions({}) },
  { what: 'a build of the older kind', breaks: 'versioning', both: { buildId: '0.2.0' } },
  {
    what: 'runs that move to each new version',
    breaks: 'versioning',
    env: VERSIONED,
    both: versions({ defaultVersioningBehavior: 'AUTO_UPGRADE' }),
  },
  {
    what: 'a version without the use of it',
    breaks: 'versioning',
    env: VERSIONED,
    both: versions({ useWorkerVersioning: false }),
  },
  {
    what: 'one of the two without a version',
    breaks: 'versioning',
    env: VERSIONED,
    cloud: { workerDeploymentOptions: undefined },
  },
  {
    what: 'the build under another name',
    breaks: 'versioning',
    env: VERSIONED,
    both: versions({ version: { ...DEPLOYMENT, deploymentName: 'default' } }),
  },
  {
    what: 'workflows that are bundled at the start though they are built',
    breaks: 'workflows',
    workflows: ({ workflows }) => ({ workflowsPath: workflows.workflowsPath ?? '.' }),
  },
  {
    what: 'another bundle',
    breaks: 'workflows',
    workflows: { workflowBundle: { codePath: join(unbuilt, 'workflow-bundle.js') } },
  },
  {
    what: 'workflows that are not there',
    breaks: 'workflows',
    folder: 'unbuilt',
    workflows: { workflowsPath: join(unbuilt, 'workflows') },
  },
  {
    what: 'the converter left out when bundling',
    breaks: 'converter',
    folder: 'unbuilt',
    workflows: { dataConverter: undefined },
  },
  {
    what: 'a converter that is none',
    breaks: 'converter',
    folder: 'unbuilt',
    workflows: { dataConverter: { payloadConverterPath: __filename.replace('options.test', 'place.test') } },
  },
  {
    what: 'a converter told beside the bundle',
    breaks: 'converter',
    workflows: { dataConverter: { payloadConverterPath: __filename } },
  },
  { what: 'debugging', breaks: 'no debugging', workflows: { debugMode: true } },
];

/** What a plant's environment asks for. */
function wantedBy({ env = {}, folder }: Plant): Wanted {
  return {
    ...WANTED,
    taskQueue: env.ECS_NICS_TASK_QUEUE ?? WANTED.taskQueue,
    callsPerSecond: Number(env.ECS_NICS_CLOUD_RPS ?? WANTED.callsPerSecond),
    graceMs: 'ECS_NICS_SHUTDOWN_GRACE' in env ? 90_000 : WANTED.graceMs,
    deployment: env === VERSIONED ? DEPLOYMENT : null,
    place: env === FOREIGN ? [...WANTED.place, 'endpoint=ecs.internal:8443'] : WANTED.place,
    bundlePath: folder === undefined ? BUNDLE : null,
  };
}

function planted(plant: Plant): Three<WorkerOptions> {
  const { env, workflows, cloud, looks, both } = plant;
  // With nothing but an environment, the plant is that it is not obeyed.
  const obeyed = [workflows, cloud, looks, both].some((change) => change !== undefined);
  const options = optionsOf(obeyed ? env : {}, plant.folder === undefined ? built : unbuilt);
  const of = (change: object | Change = {}): object =>
    typeof change === 'function' ? (change as Change)(options) : change;
  return {
    workflows: { ...options.workflows, ...both, ...of(workflows) },
    cloud: { ...options.cloud, ...both, ...of(cloud) },
    looks: { ...options.looks, ...both, ...of(looks) },
  };
}

describe('one wrong option is noticed', () => {
  it.each(PLANTS)('$breaks: $what', (plant) => {
    expect(brokenBy(planted(plant), wantedBy(plant))).toEqual([plant.breaks]);
  });

  it('of every kind that there is a rule for', () => {
    expect(new Set(PLANTS.map(({ breaks }) => breaks))).toEqual(new Set(Object.keys(RULES)));
  });
});

describe('the options of the SDK’s runtime', () => {
  const log = {} as Logger;
  const metricsAddress = { host: '127.0.0.1', port: 9464 };
  const real = (metrics = true) =>
    runtimeOptions(
      { logLevel: 'info', logFormat: 'json', metricsAddress: metrics ? metricsAddress : null },
      log,
    );

  it('are right, with metrics and without', () => {
    expect(wrongRuntime(real(), true)).toEqual([]);
    expect(wrongRuntime(real(false), false)).toEqual([]);
  });

  it.each<[string, string, RuntimeOptions]>([
    ['the SDK’s signals', 'shutdown signals', { shutdownSignals: undefined }],
    ['one signal', 'shutdown signals', { shutdownSignals: ['SIGTERM'] }],
    [
      'Core’s lines on the console',
      'logs',
      { telemetryOptions: { ...real().telemetryOptions, logging: {} } },
    ],
    ['a logger of the SDK', 'logs', { logger: undefined }],
    ['no metrics', 'metrics', { telemetryOptions: real(false).telemetryOptions }],
  ])('one that is wrong is noticed: %s', (_name, what, change) => {
    expect(wrongRuntime({ ...real(), ...change }, true)).toEqual([what]);
  });
});
