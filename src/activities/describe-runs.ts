import type { DescribeRunsInput, DescribeRunsResult } from './agreement';
import type { Dependencies } from './support/dependencies';
import { forEachOf } from './support/ports';

/** Asks Temporal, not the cloud. What can't be asked for has no entry: silence proves no end. */
export async function describeRuns(
  { namespace, callsPerSecond }: Pick<Dependencies, 'namespace' | 'callsPerSecond'>,
  { workflowIds }: DescribeRunsInput,
): Promise<DescribeRunsResult> {
  const open: Record<string, boolean> = {};
  await forEachOf(workflowIds, async (workflowId) => {
    const is = await namespace.isOpen(workflowId);
    if (is !== null) open[workflowId] = is;
  });
  return { kind: 'runs', open, callsPerSecond };
}
