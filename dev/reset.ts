/** Resets a run, as a person does it in the Web UI. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';

/** Which of the completed workflow tasks a run goes back to. */
export type Task = number | { share: number };

/**
 * To one of its completed workflow tasks, the first one by default.
 * @param task as `at` of an array counts: -1 is the last one; or how far its history has come by then, 0 to below 1
 * @returns the id of the run that takes its place
 */
export async function reset(client: Client, workflowId: string, task: Task = 0): Promise<string> {
  const handle = client.workflow.getHandle(workflowId);
  const { runId } = await handle.describe();
  const { events } = await handle.fetchHistory();
  const tasks = events?.filter((event) => event.workflowTaskCompletedEventAttributes) ?? [];
  const index = typeof task === 'number' ? task : Math.floor(task.share * tasks.length);
  const answer = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    reason: 'somebody wants it to begin again',
    requestId: randomUUID(),
    workflowTaskFinishEventId: tasks.at(index)?.eventId ?? null,
  });
  return answer.runId;
}
