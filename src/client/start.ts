/** Starts a run, or finds out which one is already open on the server. */
import type { Workflow, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { DeleteServerNicsInput, RestoreServerNicsInput } from '../contract';
import { WORKFLOW_TYPE, planWorkflowId, requestKey, restoreKey, serverWorkflowId } from '../contract';
import type { Temporal } from './connect';
import { reasonOf } from './connect';
import { CliError, isUnclear } from '../cli/errors';
import { EXIT } from '../cli/exit-codes';
import { chainStart, describe, firstRunOf, isOpenRun } from './find';
import { readInput } from './run-input';
import { restoreDetails, restoreSummary, startDetails, startSummary } from '../cli/show/start-texts';

const CALL_MS = 10_000;
/** A run may close between the refused start and the look at it. */
const TRIES = 3;

interface StartedRun {
  runId: string;
  firstRunId: string;
  taskQueue: string;
  startedAt: number;
  /** By our own clock; `null`: somebody else did. */
  startedByUsAt: number | null;
}

export type Started = StartedRun &
  (
    | { kind: 'started' }
    /** The open run serves the same request. */
    | { kind: 'attached' }
    | { kind: 'other'; type: string }
  );

/** A run that is wanted. */
export interface StartRequest {
  type: string;
  workflowId: string;
  /** A dry run: it changes nothing, and so has an id of its own, beside whatever run is open on the server. */
  isPlan: boolean;
  input: { serverId: string };
  /** Equal for inputs that ask for the same. */
  key: (input: unknown) => string;
  summary: string;
  details: string;
}

export function deletion(input: DeleteServerNicsInput): StartRequest {
  return {
    type: WORKFLOW_TYPE.deleteServerNics,
    ...idOf(input),
    input,
    key: requestKey,
    summary: startSummary(input),
    details: startDetails(input),
  };
}

export function restoration(input: RestoreServerNicsInput): StartRequest {
  return {
    type: WORKFLOW_TYPE.restoreServerNics,
    ...idOf(input),
    input,
    key: restoreKey,
    summary: restoreSummary(input),
    details: restoreDetails(input),
  };
}

function idOf({ serverId, dryRun }: { serverId: string; dryRun?: boolean }) {
  const isPlan = dryRun === true;
  return { workflowId: (isPlan ? planWorkflowId : serverWorkflowId)(serverId), isPlan };
}

/** Starts it, or attaches to what somebody else has started meanwhile. */
export async function startOrAttach(
  temporal: Temporal,
  taskQueue: string,
  request: StartRequest,
): Promise<Started> {
  const { workflowId } = request;
  for (let attempt = 1; ; attempt++) {
    try {
      const handle = await temporal.call(CALL_MS, () =>
        temporal.client.workflow.start<Workflow>(request.type, {
          taskQueue,
          workflowId,
          args: [request.input],
          workflowIdConflictPolicy: 'FAIL',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          staticSummary: request.summary,
          staticDetails: request.details,
        }),
      );
      const runId = handle.firstExecutionRunId;
      const now = Date.now();
      return { kind: 'started', runId, firstRunId: runId, taskQueue, startedAt: now, startedByUsAt: now };
    } catch (error) {
      if (isUnclear(error)) {
        throw new CliError(
          EXIT.starterFailed,
          'TemporalUnreachable',
          `Temporal at ${temporal.address} did not confirm the start (${reasonOf(error)}): the run may be open or not. ` +
            'The same command again is safe: it attaches to an open run of the same request.',
          { workflowId },
          [],
          { cause: error },
        );
      }
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const open = await findOpen(temporal, request);
      if (open !== null) return open;
      if (attempt === TRIES) throw error;
    }
  }
}

/** The run that is open under the id of the request; `null`: none is. */
export async function findOpen(temporal: Temporal, request: StartRequest): Promise<Started | null> {
  try {
    const run = await describe(temporal, request.workflowId);
    if (!isOpenRun(run)) return null;
    const found = {
      runId: run.runId,
      firstRunId: firstRunOf(run),
      taskQueue: run.taskQueue,
      startedAt: (await chainStart(temporal, run)).getTime(),
      startedByUsAt: null,
    };
    const same =
      run.type === request.type &&
      (await servedKey(temporal, run, request.key)) === request.key(request.input);
    return same ? { kind: 'attached', ...found } : { kind: 'other', type: run.type, ...found };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** Key of the request that a run serves; `null` when it can't be read. */
async function servedKey(
  temporal: Temporal,
  run: WorkflowExecutionDescription,
  key: StartRequest['key'],
): Promise<string | null> {
  const input = await readInput(temporal, { ...run, firstRunId: firstRunOf(run) });
  return input === undefined ? null : key(input);
}
