/** Resets a run, as a person does it in the Web UI. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';

/**
 * To one of its completed workflow tasks, the first one by default.
 * @param task as `at` of an array counts: -1 is the last one
 * @returns the id of the run that takes its place
 */
export async function reset(client: Client, workflowId: string, task = 0): Promise<string> {
  const handle = client.workflow.getHandle(workflowId);
  const { runId } = await handle.describe();
  const { events } = await handle.fetchHistory();
  const tasks = events?.filter((event) => event.workflowTaskCompletedEventAttributes) ?? [];
  const answer = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    reason: 'test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: tasks.at(task)?.eventId ?? null,
  });
  return answer.runId;
}
