/** Prometheus: Core's metrics and those of ecs-nics at one address, and how calls to the cloud are counted. */
import type { MetricMeter } from '@temporalio/common';
import type { MetricsExporterConfig } from '@temporalio/worker';
import { METRIC } from '../activities/agreement/metric-names';
import { WORKFLOW_TYPE } from '../contract/names';
import type { RunOutcome } from '../contract/types';
import { ERROR_TABLE, sameCode } from '../ecs/error-table';
import type { CloudError } from '../ecs/errors';
import type { Observer as SetObserver } from '../ecs/sets';
import type { RateLimiter } from '../ecs/limiter';
import type { Operation } from '../ecs/wire/operations';
import { OPERATIONS } from '../ecs/wire/operations';
import type { Address } from './addresses';
import { formatAddress } from './addresses';

/** Seconds of jobs: a job takes about ten, is alarming after minutes, and is followed for 20 hours at most. */
const JOB_SECONDS = [1, 2, 5, 10, 15, 20, 30, 45, 60, 120, 300, 600, 1_800, 3_600, 10_800, 43_200, 86_400];
/** A usual job costs 2 to 4 polls, one of 20 hours about 160. */
const POLLS = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200];
/** Seconds: half a poll step on average, more after an outage of the worker. */
const DELAY_SECONDS = [0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 30, 60, 120, 300, 600];

/** Things that one call asks for: a set holds 100 at most. */
const SET_SIZES = [1, 2, 5, 10, 20, 50, 100];
/** Seconds: a turn at once, the spacing of low rates, and what an attempt (45 s) can bear. */
const WAIT_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 45];

/** Seconds and suffixes as Prometheus wants them, and as the dashboards for other SDKs expect them. */
export function metricsOptions(address: Address): MetricsExporterConfig {
  return {
    // The value would be the same on every metric; Prometheus adds job and instance itself.
    attachServiceName: false,
    prometheus: {
      bindAddress: formatAddress(address),
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
      // Core matches these as parts of names: no key may be part of another.
      histogramBucketOverrides: {
        [METRIC.pollsPerJob]: POLLS,
        [METRIC.jobSeconds]: JOB_SECONDS,
        [METRIC.detectionDelay]: DELAY_SECONDS,
        [METRIC.setReadSize]: SET_SIZES,
        [METRIC.cloudWait]: WAIT_SECONDS,
      },
    },
  };
}

/** Runs on one server: those that submit, and end with an outcome. */
const SERVER_WORKFLOWS = [
  WORKFLOW_TYPE.deleteServerNics,
  WORKFLOW_TYPE.restoreServerNics,
  WORKFLOW_TYPE.releasePorts,
];

/** Outcomes for which an alert may be defined. */
const ALARMING: readonly RunOutcome[] = [
  'outcome-unknown',
  'restore-incomplete',
  'not-deleted',
  'cloud-refused',
];

/**
 * Sets the workflow counters that alerts use to 0, with the labels of the SDK: a series that begins with its first
 * event shows no increase.
 */
export function startAtZero(meter: MetricMeter, namespace: string, taskQueue: string): void {
  const unknown = meter.createCounter(METRIC.unknownSubmissions);
  const ended = meter.createCounter(METRIC.runsEnded);
  for (const workflowType of SERVER_WORKFLOWS) {
    const labels = { namespace, taskQueue, workflowType };
    unknown.add(0, labels);
    for (const outcome of ALARMING) ended.add(0, { ...labels, outcome });
  }
}

/**
 * These say nothing about the cloud: the call was given up, too late, not confirmed, unusable, or held back because the
 * credentials are refused.
 */
const NEVER_SENT = new Set<CloudError['kind']>(['aborted', 'late', 'unconfirmed', 'invalid', 'withheld']);

/** Labels beyond the codes of the error table, so that a new code is visible; further codes become `other`. */
const UNLISTED = 50;

/**
 * Counts failed calls, each once. Some are not counted, because the cloud did nothing wrong: answers that a resource
 * does not exist (a deleted port looks like this), calls that the worker gave up, and calls that were never sent.
 */
export function cloudObserver(meter: MetricMeter): (error: CloudError) => void {
  const failures = meter.createCounter(METRIC.cloudFailures);
  const throttled = meter.createCounter(METRIC.cloudThrottled);
  const codeOf = codeLabels();
  // Set to 0 at the start, so that the first one shows as an increase.
  for (const operation of OPERATIONS) {
    throttled.add(0, { operation });
    for (const code of REFUSED_CREDENTIALS) failures.add(0, { operation, code });
  }
  return (error) => {
    const { operation, action, kind } = error;
    // The throttled call that the pause is for has been counted.
    if (kind === 'paused') return;
    if (action === 'throttled') throttled.add(1, { operation });
    else if (action !== 'absent' && !NEVER_SENT.has(kind)) {
      failures.add(1, { operation, code: codeOf(error) });
    }
  };
}

/** Codes that say no to the worker itself, whatever it asks for; as in the alert of docs/worker.md. */
const REFUSED_CREDENTIALS: readonly string[] = [
  ...ERROR_TABLE.map(({ code }) => code).filter((code) =>
    /^(APIG.030[1-7]|Common.0013|Pdp.0001)$/.test(code),
  ),
  'http_401',
];

/** How many things each set asked for, and how often a set fell short, so that they were read one by one. */
export function setObserver(meter: MetricMeter): SetObserver {
  const sizes = meter.createHistogram(METRIC.setReadSize);
  const fallbacks = meter.createCounter(METRIC.setReadFallbacks);
  // From 0, so that the first one shows as an increase.
  for (const operation of ['listServers', 'listPorts'] as const) fallbacks.add(0, { operation });
  return {
    size: (operation, things) => sizes.record(things, { operation }),
    fallback: (operation) => fallbacks.add(1, { operation }),
  };
}

/** Counts requests as they leave; each operation from 0 on. */
export function sendObserver(meter: MetricMeter): (operation: Operation, waitedMs: number) => void {
  const calls = meter.createCounter(METRIC.cloudCalls);
  const wait = meter.createHistogram(METRIC.cloudWait, 'float');
  for (const operation of OPERATIONS) calls.add(0, { operation });
  return (operation, waitedMs) => {
    calls.add(1, { operation });
    wait.record(waitedMs / 1_000);
  };
}

/** A scraper comes every few seconds. */
const RATE_SHOWN_MS = 1_000;

/** Shows the limiter's rate as it is, from now on, whatever else happens: a pause must show while Temporal is away, too. */
export function rateGauge(meter: MetricMeter, limiter: Pick<RateLimiter, 'rate'>): NodeJS.Timeout {
  const gauge = meter.createGauge(METRIC.cloudRate, 'float');
  const show = (): void => gauge.set(limiter.rate);
  show();
  return setInterval(show, RATE_SHOWN_MS).unref();
}

/**
 * The label `code`: the cloud's code in the spelling of the error table, `http_502` for an answer without one, else
 * `network`, `timeout` or `unreadable`. The number of values is limited: an answer can hold anything, and every new
 * value is a time series for ever.
 */
export function codeLabels(): (error: Pick<CloudError, 'kind' | 'code' | 'httpStatus'>) => string {
  const known = new Map(ERROR_TABLE.map(({ code }) => [code.toLowerCase(), code]));
  const unlisted = new Set<string>();
  return ({ kind, code, httpStatus }) => {
    if (kind !== 'answer') return kind;
    const listed = code === null ? undefined : known.get(sameCode(code));
    if (listed !== undefined) return listed;
    const label = code ?? `http_${httpStatus ?? 0}`;
    if (!/^[A-Za-z]{1,20}[._]?\d{1,6}$/.test(label)) return 'other';
    if (unlisted.size < UNLISTED) unlisted.add(label);
    return unlisted.has(label) ? label : 'other';
  };
}
