/** When the servers' own runs of a decommission run have ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bed } from '../../bed';
import type { Target } from '../../targets';

/** A list of runs lags behind what has happened. */
const LOOKS = 30;
const LOOK_MS = 500;

/** @param since epoch ms; @returns epoch ms, in no order. @throws Error when some have not ended */
export async function endsOf({ client }: Bed, targets: readonly Target[], since: number): Promise<number[]> {
  const ids = new Set(targets.map(({ serverId }) => `nics/${serverId}`));
  const from = new Date(since).toISOString();
  const query = `WorkflowType = 'deleteServerNics' AND StartTime >= '${from}'`;
  for (let looks = 0; looks < LOOKS; looks++) {
    const ends: number[] = [];
    for await (const { workflowId, closeTime } of client.workflow.list({ query, pageSize: 1_000 }))
      if (ids.has(workflowId) && closeTime !== undefined) ends.push(closeTime.getTime());
    if (ends.length === targets.length) return ends;
    await sleep(LOOK_MS);
  }
  throw new Error('not all runs of the servers are listed as ended');
}
