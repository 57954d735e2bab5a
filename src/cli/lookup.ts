/** The current or last run on a server, and all that can be known about it. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { ResultDocument } from '../contract';
import { QUERY_STATUS, serverWorkflowId } from '../contract';
import type { Temporal } from '../connection';
import { reasonOf } from '../connection';
import type { Ending } from './ending';
import { asDocument, readEnding } from './ending';
import { CliError } from './errors';
import { EXIT } from './exit-codes';

const CALL_MS = 10_000;
const QUERY_MS = 5_000;

export interface KnownRun {
  workflowId: string;
  runId: string;
  /** Of the first run of the chain: steering by it can't hit somebody else's later run. */
  firstRunId: string;
  taskQueue: string;
  open: boolean;
  startedAt: Date;
  closedAt: Date | null;
}

/** Throws a {@link CliError} when there is none. */
export async function findRun(temporal: Temporal, serverId: string): Promise<KnownRun> {
  const workflowId = serverWorkflowId(serverId);
  try {
    const run = await temporal.call(CALL_MS, () => temporal.client.workflow.getHandle(workflowId).describe());
    return {
      workflowId,
      runId: run.runId,
      firstRunId: run.raw.workflowExecutionInfo?.firstRunId || run.runId,
      taskQueue: run.taskQueue,
      open: run.status.name === 'RUNNING' || run.status.name === 'PAUSED',
      startedAt: run.startTime,
      closedAt: run.closeTime ?? null,
    };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new CliError(
      EXIT.starterFailed,
      'NoRun',
      `no run is known for server ${serverId} in namespace ${temporal.namespace} of ${temporal.address}.`,
      { workflowId },
      [],
      { cause: error },
    );
  }
}

export type StatusAnswer = { document: ResultDocument } | { document: null; why: string };

/** Asks a worker. */
export async function askStatus(temporal: Temporal, run: KnownRun): Promise<StatusAnswer> {
  const handle = temporal.client.workflow.getHandle(run.workflowId, run.runId);
  try {
    const document = asDocument(await temporal.call(QUERY_MS, () => handle.query(QUERY_STATUS)));
    return document === null ? { document, why: 'the answer is not a status document' } : { document };
  } catch (error) {
    return { document: null, why: reasonOf(error) };
  }
}

/** How a closed run ended; no worker is needed but for a cancelled one's rows. */
export function endingOf(temporal: Temporal, run: KnownRun): Promise<Ending> {
  return readEnding(temporal, run.workflowId, run.runId);
}
