/**
 * The worker to compare with: what an afternoon with the official samples gives. One proxy with a time-out per attempt and
 * the default retries, a fixed pause between polls, and the job's own word as the result.
 */
import { ApplicationFailure, proxyActivities, sleep } from '@temporalio/workflow';
import type { NaiveActivities } from './activities';

const { deleteNics, getJobStatus } = proxyActivities<NaiveActivities>({ startToCloseTimeout: '1 minute' });

export interface NaiveInput {
  serverId: string;
  nicIds: string[];
  /** Pause before each poll. Only the measurement of memory sets it: there nothing may wake up. */
  pollMs?: number;
}

export async function naiveDeleteNics({ serverId, nicIds, pollMs = 5_000 }: NaiveInput): Promise<string> {
  const jobId = await deleteNics(serverId, nicIds);
  for (;;) {
    await sleep(pollMs);
    const status = await getJobStatus(jobId);
    if (status === 'SUCCESS') return jobId;
    if (status === 'FAIL') throw ApplicationFailure.nonRetryable(`job ${jobId} failed`);
  }
}
