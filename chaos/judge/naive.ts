/** What the naive worker has told: a completed run says that its NICs are deleted, a failed one that the job has failed. */
import type { Facts, NaiveFacts, Violation } from './facts';
import { Cases, placesWithin } from './cases';

export function judgeNaive(facts: Facts): Violation[] {
  const cases = new Cases(facts);
  return facts.naive.flatMap((run) => {
    const one = cases.of(run.serverId);
    if (one === undefined) return [];
    const window = { from: run.startedAt, until: run.closedAt };
    const places = run.nicIds.map((id) => placesWithin(one, id, window, (begun) => begun === null));
    if (run.end === 'completed' && places.some((each) => !each.has('port-gone')))
      return [violation(run, 'the run says deleted, and not every NIC is')];
    if (run.end === 'failed' && places.every((each) => each.has('port-gone')))
      return [violation(run, 'the run says failed, and all NICs are deleted')];
    return [];
  });
}

function violation({ workflowId, serverId }: NaiveFacts, message: string): Violation {
  return { rule: 'truth', serverId, workflowIds: [workflowId], message: `${workflowId}: ${message}` };
}
