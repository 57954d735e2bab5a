/** Reads the list of the project's servers, part by part, each by a run of `listServers`. */
import { randomUUID } from 'node:crypto';
import type { FoundServers, ListServersInput } from '../contract';
import { WORKFLOW_TYPE } from '../contract';
import type { Temporal } from './connect';
import { CALL_MS, INTERACTIVE } from './start';

/**
 * Ends early when the caller stops asking. Throws the errors of Temporal's client: `WorkflowFailedError` where the cloud could not be read.
 * @param taskQueue of the workers, `ECS_NICS_TASK_QUEUE`
 */
export async function* listServers(
  temporal: Temporal,
  taskQueue: string,
  filter: Omit<ListServersInput, 'after'>,
): AsyncGenerator<FoundServers> {
  const walk = randomUUID();
  for (let after: string | null = null, part = 0; ; part++) {
    const input: ListServersInput = { ...filter, ...(after === null ? {} : { after }) };
    const handle = await temporal.call(CALL_MS, () =>
      temporal.client.workflow.start(WORKFLOW_TYPE.listServers, {
        taskQueue,
        workflowId: `servers/${walk}/${part}`,
        args: [input],
        priority: { priorityKey: INTERACTIVE },
      }),
    );
    const found = (await handle.result()) as FoundServers;
    yield found;
    if (found.next === null) return;
    after = found.next;
  }
}
