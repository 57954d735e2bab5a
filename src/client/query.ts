/** The query `status`: a question to a worker, which may not be there. */
import type { ResultDocument } from '../contract';
import { QUERY_STATUS, isRecord } from '../contract';
import type { Temporal } from './connect';
import { reasonOf } from './connect';
import type { RunPointer } from './ending';
import { idleQueues } from './queues';

/** A worker that has to replay a long run first. */
const BUSY_MS = 5_000;
/** Nobody seems to poll; but a wrong clock makes live workers look dead, and those answer at once. */
const IDLE_MS = 1_500;

/** Throws when no worker answers in time. */
export function queryStatus(temporal: Temporal, run: RunPointer, ms: number): Promise<ResultDocument | null> {
  const handle = temporal.client.workflow.getHandle(run.workflowId, run.runId);
  return temporal.call(ms, async () => asDocument(await handle.query(QUERY_STATUS)));
}

export type StatusAnswer = { document: ResultDocument } | { document: null; why: string };

/** Waits only as long as it makes sense. Never throws. */
export async function askStatus(
  temporal: Temporal,
  run: RunPointer & { taskQueue: string },
): Promise<StatusAnswer> {
  try {
    const idle = await idleQueues(temporal, run.taskQueue);
    const document = await queryStatus(temporal, run, idle.includes(run.taskQueue) ? IDLE_MS : BUSY_MS);
    return document === null ? { document, why: 'the answer is not a status document' } : { document };
  } catch (error) {
    return { document: null, why: reasonOf(error) };
  }
}

/** A document of ours, perhaps of another version; `null` for anything else. */
export function asDocument(value: unknown): ResultDocument | null {
  return isRecord(value) && typeof value.outcome === 'string' && Array.isArray(value.nics)
    ? (value as unknown as ResultDocument)
    : null;
}
