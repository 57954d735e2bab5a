/** Counts runs and jobs through the worker's own metrics. A replay counts nothing twice. */
import { metricMeter } from '@temporalio/workflow';
import { METRIC } from '../../activities/agreement/metric-names';
import type { JobAnswer } from '../../activities/agreement';
import type { JobRow, RunOutcome } from '../../contract/types';

/** Called at the end of a job. Leaves out times that can't be read or are impossible. */
export function recordJob(job: JobRow, answer: JobAnswer): void {
  histogram(METRIC.pollsPerJob, 'int').record(job.polls);
  const [beganAt, endedAt] = [answer.beganAt, answer.endedAt].map((time) => Date.parse(time ?? ''));
  if (beganAt === undefined || endedAt === undefined || Number.isNaN(endedAt)) return;
  if (endedAt >= beganAt) histogram(METRIC.jobSeconds, 'float').record((endedAt - beganAt) / 1_000);
  // The difference of two clocks: the cloud's and the worker's.
  histogram(METRIC.detectionDelay, 'float').record(Math.max(0, Date.now() - endedAt) / 1_000);
}

export function countUnknownSubmission(): void {
  metricMeter.createCounter(METRIC.unknownSubmissions).add(1);
}

export function countRun(outcome: RunOutcome): void {
  metricMeter.createCounter(METRIC.runsEnded).add(1, { outcome });
}

/** Created by name alone: the SDK would append a unit to the name, and a description would create a second series. */
function histogram(name: string, kind: 'int' | 'float') {
  return metricMeter.createHistogram(name, kind);
}
