/** Workflows that have a history and do nothing else. */
import { proxyActivities } from '@temporalio/workflow';
import type { EmptyActivities } from './activities';

const { nothing } = proxyActivities<EmptyActivities>({ startToCloseTimeout: '1 minute' });

export async function empty(rounds: number): Promise<void> {
  for (let n = 0; n < rounds; n++) await nothing();
}
