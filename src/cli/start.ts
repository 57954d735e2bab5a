/** Starts a run, or finds out which one is already open on the server. */
import type { Workflow } from '@temporalio/client';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  isGrpcDeadlineError,
} from '@temporalio/client';
import type { DeleteServerNicsInput } from '../contract';
import { WORKFLOW_TYPE, requestKey, serverWorkflowId } from '../contract';
import type { Temporal } from '../connection';
import { CliError } from './errors';
import { EXIT } from './exit-codes';
import { startDetails, startSummary } from './start-texts';

const CALL_MS = 10_000;
/** A run may close between the refused start and the look at it. */
const TRIES = 3;

export type Started =
  | { kind: 'started'; runId: string; taskQueue: string; at: number }
  /** The open run serves the same request. */
  | { kind: 'attached'; runId: string; taskQueue: string }
  | { kind: 'other'; runId: string; taskQueue: string; type: string };

export async function startOrAttach(
  temporal: Temporal,
  taskQueue: string,
  input: DeleteServerNicsInput,
): Promise<Started> {
  const workflowId = serverWorkflowId(input.serverId);
  for (let attempt = 1; ; attempt++) {
    try {
      const handle = await temporal.call(CALL_MS, () =>
        temporal.client.workflow.start<Workflow>(WORKFLOW_TYPE.deleteServerNics, {
          taskQueue,
          workflowId,
          args: [input],
          workflowIdConflictPolicy: 'FAIL',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          staticSummary: startSummary(input),
          staticDetails: startDetails(input),
        }),
      );
      return { kind: 'started', runId: handle.firstExecutionRunId, taskQueue, at: Date.now() };
    } catch (error) {
      if (isGrpcDeadlineError(error)) {
        throw new CliError(
          EXIT.starterFailed,
          'TemporalUnreachable',
          `Temporal at ${temporal.address} did not answer the start in time: the run may be open or not. ` +
            'The same command again is safe: it attaches to an open run of the same request.',
          { workflowId },
          [],
          { cause: error },
        );
      }
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const open = await openRun(temporal, workflowId, input);
      if (open !== null) return open;
      if (attempt === TRIES) throw error;
    }
  }
}

/** `null`: it has closed meanwhile. */
async function openRun(
  temporal: Temporal,
  workflowId: string,
  input: DeleteServerNicsInput,
): Promise<Started | null> {
  try {
    return await temporal.call(CALL_MS, async () => {
      const run = await temporal.client.workflow.getHandle(workflowId).describe();
      if (run.status.name !== 'RUNNING' && run.status.name !== 'PAUSED') return null;
      const { runId, taskQueue, type } = run;
      const same =
        type === WORKFLOW_TYPE.deleteServerNics &&
        (await inputKey(temporal, workflowId, runId)) === requestKey(input);
      return same ? { kind: 'attached', runId, taskQueue } : { kind: 'other', runId, taskQueue, type };
    });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** Key of the request that a run was started with; `null` when its first event can't be read (any more). */
async function inputKey(temporal: Temporal, workflowId: string, runId: string): Promise<string | null> {
  const first = await firstEvent(temporal, workflowId, runId);
  // A run that has continued as new carries its own kind of input; the request is in the first run of the chain.
  const origin = first?.firstExecutionRunId;
  const event =
    origin && origin !== runId ? await firstEvent(temporal, workflowId, origin).catch(() => null) : first;
  const payload = event?.input?.payloads?.[0];
  if (!payload) return null;
  const converter = temporal.client.options.loadedDataConverter;
  const [decoded] = await decodePayloads(converter.payloadCodecs, [payload]);
  if (decoded === undefined) return null;
  return requestKey(converter.payloadConverter.fromPayload(decoded));
}

async function firstEvent(temporal: Temporal, workflowId: string, runId: string) {
  const { history } = await temporal.client.workflowService.getWorkflowExecutionHistory({
    namespace: temporal.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  return history?.events?.[0]?.workflowExecutionStartedEventAttributes ?? null;
}

type Codec = Temporal['client']['options']['loadedDataConverter']['payloadCodecs'][number];
type Payloads = Parameters<Codec['decode']>[0];

/** Codecs are applied in their order when encoding, so the last one comes off first. */
async function decodePayloads(codecs: readonly Codec[], payloads: Payloads): Promise<Payloads> {
  let decoded = payloads;
  for (const codec of [...codecs].reverse()) decoded = await codec.decode(decoded);
  return decoded;
}
