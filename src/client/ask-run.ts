/** A query of a run: it may reach a worker ahead of the run's own task, and is then asked again. */
import { ASK_AGAIN } from '../contract/names';
import type { Temporal } from './connect';
import { reasonOf } from './grpc';

/** The task is on its way when the first query fails; a further one waits for it. */
const MAX_TIMES = 3;

const ENDED_AHEAD =
  'the run was ended from outside before it could take note of what had happened last: what it knew cannot be shown';

/** The answer. Throws errors of the client: no worker has answered within `ms`, no such run. */
export function askRun(
  temporal: Temporal,
  run: { workflowId: string; runId: string },
  name: string,
  ms: number,
): Promise<unknown> {
  const handle = temporal.client.workflow.getHandle(run.workflowId, run.runId);
  return temporal.call(ms, async () => {
    for (let times = 1; ; times++) {
      try {
        return await handle.query(name);
      } catch (error) {
        if (!reasonOf(error).includes(ASK_AGAIN)) throw error;
        if (times < MAX_TIMES) continue;
        // Nothing brings a run up to date that was ended from outside before its task began.
        const { closeTime } = await handle.describe();
        throw closeTime === undefined ? error : new Error(ENDED_AHEAD, { cause: error });
      }
    }
  });
}
