/**
 * The judge of what the worker hands to the SDK. Each rule is a consequence of something that is promised elsewhere; none
 * asks whether the options are those of the source.
 */
import { existsSync, readFileSync } from 'node:fs';
import { msOptionalToNumber as msOf } from '@temporalio/common/lib/time';
import type { RuntimeOptions, WorkerOptions } from '@temporalio/worker';
import { LOOKS } from '../../src/activities/agreement';
import type { Three } from '../../src/worker/workers';

type Options = Three<WorkerOptions>;

/** What the environment asks for. */
export interface Wanted {
  namespace: string;
  taskQueue: string;
  callsPerSecond: number;
  graceMs: number;
  /** What others have to find in the identity. */
  place: string[];
  secrets: string[];
  deployment: { deploymentName: string; buildId: string } | null;
  /** The prebuilt workflows, if there are any. */
  bundlePath: string | null;
}

export interface Rule {
  why: string;
  holds: (options: Options, wanted: Wanted) => boolean;
}

/** Calls of the largest inspection: server, NIC list, elastic IPs, and a port for each of 12 NICs. */
const CALLS_OF_AN_INSPECTION = 15;
/** Of one look among many: one or two of its own, and its part of the calls that it shares with others. */
const CALLS_OF_A_LOOK = 2;
/** With so many each has a third of the rate, and as many slots as one alone. */
const WORKERS = 3;
/** What is left of the rate when bursts are taken off (src/worker/shares.ts). */
const LEAST_SHARE = 0.75;
/** After so long an attempt at an inspection is given up (`READ` in src/workflows/run/activity-calls.ts). */
const INSPECTION_MS = 45_000;
/** Open runs that a worker must carry: 500 under way, and as many in an undo window. */
const RUNS_AT_ONCE = 1_000;

const all = ({ workflows, cloud, looks }: Options): WorkerOptions[] => [workflows, cloud, looks];

export const RULES = {
  'one connection': {
    why: 'a second one could have been made without TLS or key, and health watches only one',
    holds: ({ workflows, cloud, looks }) =>
      cloud.connection !== undefined &&
      [workflows, looks].every((each) => each.connection === cloud.connection),
  },
  namespace: {
    why: 'in another one nobody starts anything, and `default` is what the SDK takes when it is told none',
    holds: (options, { namespace }) => all(options).every((each) => each.namespace === namespace),
  },
  queues: {
    why: 'callers start runs on the one, and runs send their calls to the others; the names are fixed',
    holds: ({ workflows, cloud, looks }, { taskQueue }) =>
      workflows.taskQueue === taskQueue &&
      cloud.taskQueue === `${taskQueue}-cloud` &&
      looks.taskQueue === `${taskQueue}-looks`,
  },
  division: {
    why: 'a POST is served where it has a rate; looks are served on their own queue and, for runs of older workers, there, too',
    holds: ({ workflows, cloud, looks }) =>
      workflows.activities === undefined &&
      cloud.activities !== undefined &&
      Object.keys(looks.activities ?? {})
        .sort()
        .join() === [...LOOKS].sort().join() &&
      LOOKS.every((name) => Object.hasOwn(cloud.activities ?? {}, name)) &&
      Object.hasOwn(cloud.activities, 'deleteNics') &&
      [cloud, looks].every((each) => each.workflowBundle === undefined && each.workflowsPath === undefined),
  },
  'no eager calls': {
    why: 'a call that the server hands out together with a workflow task never waits in the queue that holds the rate',
    holds: ({ workflows }) => workflows.maxEagerActivityReservationsPerWorkflowTask === 0,
  },
  rate: {
    why: 'the limit is the account’s: the server holds it for all workers, and believes the one that has polled last',
    holds: ({ cloud, looks }, { callsPerSecond }) =>
      cloud.maxTaskQueueActivitiesPerSecond === callsPerSecond &&
      looks.maxTaskQueueActivitiesPerSecond === undefined,
  },
  'no rate of its own': {
    why: 'a second limit, of one worker, makes what all of them do together depend on their number',
    holds: (options) => all(options).every((each) => each.maxActivitiesPerSecond === undefined),
  },
  slots: {
    why: 'all slots may inspect at once, and share one rate: the last call has to be made before its attempt ends',
    holds: ({ cloud }, { callsPerSecond }) => {
      const slots = cloud.maxConcurrentActivityTaskExecutions ?? 100;
      const lastCallMs = (slots * CALLS_OF_AN_INSPECTION * 1_000) / callsPerSecond;
      // And as many as keep the rate busy while each call takes a second, up to what one process carries.
      return (
        lastCallMs < INSPECTION_MS && slots >= Math.min(callsPerSecond, 100) && cloud.tuner === undefined
      );
    },
  },
  'slots of looks': {
    why: 'a set read answers 100 of them: with few slots sets stay small, with too many the last look misses its end',
    holds: ({ looks }, { callsPerSecond }) => {
      const slots = looks.maxConcurrentActivityTaskExecutions ?? 100;
      const lastCallMs = (slots * WORKERS * CALLS_OF_A_LOOK * 1_000) / (LEAST_SHARE * callsPerSecond);
      // Sets of some size, at low rates, too, where an attempt may end without an answer instead.
      const least = Math.max(4, Math.min(4 * callsPerSecond, 100));
      return (
        (lastCallMs < INSPECTION_MS || slots <= 4) &&
        slots >= least &&
        slots <= 200 &&
        looks.tuner === undefined
      );
    },
  },
  'sticky queue': {
    why: 'runs of a killed worker are held up for so long, and with them the Updates and queries of who waits',
    holds: ({ workflows }) => {
      const ms = msOf(workflows.stickyQueueScheduleToStartTimeout) ?? 10_000;
      return ms >= 500 && ms <= 3_000;
    },
  },
  cache: {
    why: 'a run that does not fit in is replayed from its beginning at every step',
    holds: ({ workflows }) => (workflows.maxCachedWorkflows ?? 0) >= RUNS_AT_ONCE,
  },
  pollers: {
    why: 'a fixed number is too small for a burst of starts, or too large for a server that idles',
    holds: ({ workflows, cloud, looks }) =>
      workflows.workflowTaskPollerBehavior?.type === 'autoscaling' &&
      [cloud, looks].every((each) => each.activityTaskPollerBehavior?.type === 'autoscaling'),
  },
  grace: {
    why: 'without one a deletion on its way is cut off by the signal, and its job id is lost',
    holds: (options, { graceMs }) =>
      all(options).every((each) => msOf(each.shutdownGraceTime) === graceMs && graceMs > 0),
  },
  'no forced end': {
    why: 'it throws away what was done before it could be reported; the process ends itself, later',
    holds: (options) => all(options).every((each) => each.shutdownForceTime === undefined),
  },
  identity: {
    why: 'it is how other workers, `--check` and whoever reads a history see in which place this one acts',
    holds: (options, { place, secrets }) =>
      all(options).every(({ identity }) => identity === options.cloud.identity) &&
      place.every((each) => options.cloud.identity?.split(' ').includes(each)) &&
      !secrets.some((secret) => options.cloud.identity?.includes(secret)),
  },
  versioning: {
    why: 'a pinned run stays with the code that it was begun with; unversioned it must not be bound to a build',
    holds: (options, { deployment }) =>
      all(options).every(({ workerDeploymentOptions: told, ...rest }) => {
        if ('buildId' in rest || 'useVersioning' in rest) return false;
        if (deployment === null) return told === undefined;
        return (
          told?.useWorkerVersioning === true &&
          told.defaultVersioningBehavior === 'PINNED' &&
          told.version.deploymentName === deployment.deploymentName &&
          told.version.buildId === deployment.buildId
        );
      }),
  },
  workflows: {
    why: 'bundling costs 1.7 s and 80 MiB at each start, and what was built is what was tested',
    holds: ({ workflows }, { bundlePath }) => {
      const told = workflows.workflowBundle;
      if (bundlePath === null) return told === undefined && existsSync(workflows.workflowsPath ?? '');
      return (
        workflows.workflowsPath === undefined &&
        told !== undefined &&
        'codePath' in told &&
        told.codePath === bundlePath
      );
    },
  },
  converter: {
    why: 'with the SDK’s own one payload that can’t be read fails the workflow task, again and again',
    holds: ({ workflows }, { bundlePath }) => {
      // A prebuilt bundle has it inside; naming it again would be refused by the SDK.
      const path = workflows.dataConverter?.payloadConverterPath;
      if (bundlePath !== null) return path === undefined;
      return (
        path !== undefined && existsSync(path) && readFileSync(path, 'utf8').includes('payloadConverter')
      );
    },
  },
  'no debugging': {
    why: 'it turns the detector of deadlocks off',
    holds: (options) => all(options).every((each) => each.debugMode !== true),
  },
} satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;

/** Which rules the options break. */
export function brokenBy(options: Options, wanted: Wanted): RuleName[] {
  return (Object.keys(RULES) as RuleName[]).filter((name) => !RULES[name].holds(options, wanted));
}

/** What of the runtime's options is wrong. */
export function wrongRuntime(
  { shutdownSignals, telemetryOptions, logger }: RuntimeOptions,
  metrics: boolean,
) {
  const wrong: string[] = [];
  // The SDK's own default stops a worker at four of them, before health and drain know of it.
  if (shutdownSignals === undefined || shutdownSignals.length > 0) wrong.push('shutdown signals');
  // What Core says has to come out in the one format that is asked for.
  if (logger === undefined || !('forward' in (telemetryOptions?.logging ?? {}))) wrong.push('logs');
  // Alerts are made of them; without an address nothing may listen.
  if ((telemetryOptions?.metrics !== undefined) !== metrics) wrong.push('metrics');
  return wrong;
}
