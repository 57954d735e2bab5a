/** What runs count, through the worker's own metrics; replays count nothing twice. */
import { metricMeter } from '@temporalio/workflow';
import { METRIC } from '../../activities/agreement/metric-names';
import type { JobAnswer } from '../../activities/agreement';
import type { JobRow, RunOutcome } from '../../contract/types';

/** At the end of a job. Times of an unreadable or impossible kind are left out. */
export function recordJob(job: JobRow, answer: JobAnswer): void {
  histogram(METRIC.pollsPerJob, 'int').record(job.polls);
  const [beganAt, endedAt] = [answer.beganAt, answer.endedAt].map((time) => Date.parse(time ?? ''));
  if (beganAt === undefined || endedAt === undefined || Number.isNaN(endedAt)) return;
  if (endedAt >= beganAt) histogram(METRIC.jobSeconds, 'float').record((endedAt - beganAt) / 1_000);
  // Two clocks are compared here: the cloud's and ours.
  histogram(METRIC.detectionDelay, 'float').record(Math.max(0, Date.now() - endedAt) / 1_000);
}

export function countUnknownSubmission(): void {
  metricMeter.createCounter(METRIC.unknownSubmissions).add(1);
}

export function countRun(outcome: RunOutcome): void {
  metricMeter.createCounter(METRIC.runsEnded).add(1, { outcome });
}

/** By name alone: a unit would be appended to the name, and a description make a second series. */
function histogram(name: string, kind: 'int' | 'float') {
  return metricMeter.createHistogram(name, kind);
}
