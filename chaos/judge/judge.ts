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
    ...facts.leftOpen.map((workflowId) => ({
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
