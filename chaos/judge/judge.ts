/** All rules. Pure: facts in, violations out. */
import type { Facts, Violation } from './facts';
import { judgeFleets } from './fleets';
import { judgeNaive } from './naive';
import { judgeRuns } from './runs';
import { judgeStates } from './states';
import { judgeSubmissions } from './submissions';

/** @param settleMs the pace that runs were asked to keep between looks, in ms */
export function judge(facts: Facts, settleMs: number): Violation[] {
  return [
    ...facts.invariants.map(({ rule, serverId, message }) => ({
      ...{ rule, serverId, message },
      workflowIds: [`nics/${serverId}`, `naive/${serverId}`],
    })),
    ...facts.leftOpen
      .filter((workflowId) => !waitsForJob(facts, workflowId))
      .map((workflowId) => ({
        ...{ rule: 'has-an-end', serverId: null, workflowIds: [workflowId] },
        message: `${workflowId} has no end`,
      })),
    ...judgeSubmissions(facts, settleMs),
    ...judgeRuns(facts),
    ...judgeFleets(facts),
    ...judgeStates(facts),
    ...judgeNaive(facts),
  ];
}

/** A job that never ends may take the NICs yet: a run that is to put them back waits for it, for twenty minutes after its deadline. */
function waitsForJob({ ledger }: Facts, workflowId: string): boolean {
  return ledger.jobs.some(({ serverId, endsAt }) => endsAt === null && workflowId === `nics/${serverId}`);
}
