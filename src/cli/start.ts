/** Starts a run, or finds out which one is already open on the server. */
import type { Workflow, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { DeleteServerNicsInput, RestoreServerNicsInput } from '../contract';
import { WORKFLOW_TYPE, isRecord, requestKey, restoreKey, serverWorkflowId } from '../contract';
import type { Temporal } from '../connection';
import { reasonOf } from '../connection';
import { CliError, isNotFound, isUnclear } from './errors';
import { EXIT } from './exit-codes';
import { chainStart, describe, firstRunOf, isOpenRun } from './lookup';
import { restoreDetails, restoreSummary, startDetails, startSummary } from './start-texts';

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
  input: { serverId: string };
  /** Equal for inputs that ask for the same. */
  key: (input: unknown) => string;
  summary: string;
  details: string;
}

export function deletion(input: DeleteServerNicsInput): StartRequest {
  return {
    type: WORKFLOW_TYPE.deleteServerNics,
    input,
    key: requestKey,
    summary: startSummary(input),
    details: startDetails(input),
  };
}

export function restoration(input: RestoreServerNicsInput): StartRequest {
  return {
    type: WORKFLOW_TYPE.restoreServerNics,
    input,
    key: restoreKey,
    summary: restoreSummary(input),
    details: restoreDetails(input),
  };
}

export async function startOrAttach(
  temporal: Temporal,
  taskQueue: string,
  request: StartRequest,
): Promise<Started> {
  const workflowId = serverWorkflowId(request.input.serverId);
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
      const open = await openRun(temporal, workflowId, request);
      if (open !== null) return open;
      if (attempt === TRIES) throw error;
    }
  }
}

/** `null`: it has closed meanwhile. */
async function openRun(
  temporal: Temporal,
  workflowId: string,
  request: StartRequest,
): Promise<Started | null> {
  try {
    const run = await describe(temporal, workflowId);
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
  // A run that has continued as new carries its own kind of input: the request is in the first run of the chain, which
  // may be too old to be kept, and then inside that input.
  const payload =
    (await inputOf(temporal, run.workflowId, firstRunOf(run))) ??
    (await inputOf(temporal, run.workflowId, run.runId));
  if (payload === null) return null;
  const converter = temporal.client.options.loadedDataConverter;
  const [decoded] = await decodePayloads(converter.payloadCodecs, [payload]);
  if (decoded === undefined) return null;
  const input = converter.payloadConverter.fromPayload<unknown>(decoded);
  return key(isRecord(input) && isRecord(input.resumed) ? input.resumed.input : input);
}

async function inputOf(temporal: Temporal, workflowId: string, runId: string) {
  try {
    const { history } = await temporal.call(CALL_MS, () =>
      temporal.client.workflowService.getWorkflowExecutionHistory({
        namespace: temporal.namespace,
        execution: { workflowId, runId },
        maximumPageSize: 1,
      }),
    );
    const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    return started?.input?.payloads?.[0] ?? null;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

type Codec = Temporal['client']['options']['loadedDataConverter']['payloadCodecs'][number];
type Payloads = Parameters<Codec['decode']>[0];

/** Codecs are applied in their order when encoding, so the last one comes off first. */
async function decodePayloads(codecs: readonly Codec[], payloads: Payloads): Promise<Payloads> {
  let decoded = payloads;
  for (const codec of [...codecs].reverse()) decoded = await codec.decode(decoded);
  return decoded;
}
