/** The current or last run on a server: what Temporal knows of it, its request, and its own status. */
import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { WorkflowContinuedAsNewError, WorkflowNotFoundError } from '@temporalio/client';
import type { Asker, ResultDocument } from '../contract';
import { QUERY_STATUS, askerOf, planWorkflowId, serverWorkflowId } from '../contract';
import { isRecord } from '../contract/values';
import { askRun } from './ask-run';
import type { Temporal } from './connect';
import type { RunIds } from './errors';
import { NoOpenRun, NoRun } from './errors';
import { isNotFound, reasonOf } from './grpc';
import { idleQueues } from './pollers';

const CALL_MS = 10_000;
/** Limit for dry runs that other services have started under the id of the server. */
const MAX_DRY_RUNS = 20;
/** A longer chain is not one of ecs-nics. */
export const MAX_CHAIN = 100;

/** A run, which may continue as new: `runId` is then moved on to the next run of the chain. */
export interface RunPointer {
  readonly workflowId: string;
  runId: string;
}

/** A run with Temporal's current data about it. */
export interface KnownRun extends RunPointer {
  /** Id of the first run of the chain: a message addressed with it cannot reach a later run of another caller. */
  readonly firstRunId: string;
  taskQueue: string;
  open: boolean;
  /** Start of the chain. */
  startedAt: Date;
  closedAt: Date | null;
  description: WorkflowExecutionDescription;
}

/** The open run on a server, otherwise the last one that was no dry run. Throws {@link NoRun}, errors of the client. */
export async function findRun(temporal: Temporal, serverId: string): Promise<KnownRun> {
  const workflowId = serverWorkflowId(serverId);
  try {
    return await knownRun(temporal, await withoutDryRuns(temporal, await describe(temporal, workflowId)));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new NoRun(
      `no run is known for server ${serverId} in namespace ${temporal.namespace} of ${temporal.address}.`,
      workflowId,
      { cause: error },
    );
  }
}

/**
 * One run on a server, whenever it was, also a dry run. Of a run that has continued as new, the last one of its chain. Throws
 * {@link NoRun}, errors of the client.
 */
export async function findRunById(temporal: Temporal, serverId: string, runId: string): Promise<KnownRun> {
  for (const workflowId of [serverWorkflowId(serverId), planWorkflowId(serverId)]) {
    try {
      let description = await describe(temporal, workflowId, runId);
      for (let n = 0; n < MAX_CHAIN && description.status.name === 'CONTINUED_AS_NEW'; n++)
        description = await describe(temporal, workflowId, await nextRunOf(temporal, description));
      return await knownRun(temporal, description);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
  throw new NoRun(
    `no run ${runId} on server ${serverId} is known in namespace ${temporal.namespace} of ${temporal.address}.`,
    serverWorkflowId(serverId),
  );
}

/** Of one that has continued as new. */
async function nextRunOf(
  temporal: Temporal,
  { workflowId, runId }: WorkflowExecutionDescription,
): Promise<string> {
  const handle = temporal.client.workflow.getHandle(workflowId, runId, { followRuns: false });
  try {
    await temporal.call(CALL_MS, () => handle.result());
  } catch (error) {
    if (error instanceof WorkflowContinuedAsNewError) return error.newExecutionRunId;
    throw error;
  }
  return runId;
}

export async function knownRun(
  temporal: Temporal,
  description: WorkflowExecutionDescription,
): Promise<KnownRun> {
  return {
    workflowId: description.workflowId,
    runId: description.runId,
    firstRunId: firstRunOf(description),
    taskQueue: description.taskQueue,
    open: isOpenRun(description),
    startedAt: await chainStart(temporal, description),
    closedAt: description.closeTime ?? null,
    description,
  };
}

/** The last run that was no dry run, if there is one: a plan must not hide an actual change. */
async function withoutDryRuns(
  temporal: Temporal,
  latest: WorkflowExecutionDescription,
): Promise<WorkflowExecutionDescription> {
  const { workflowId } = latest;
  if (isOpenRun(latest) || !(await isDryRun(temporal, workflowId, latest.runId))) return latest;
  const earlier = await listClosed(temporal, workflowId, latest.runId, MAX_DRY_RUNS);
  for (const { runId } of earlier.infos)
    if (!(await isDryRun(temporal, workflowId, runId))) return describe(temporal, workflowId, runId);
  return latest;
}

/**
 * At most `limit` closed runs on a server, without run `except`; of a chain only its last run. In the server's order:
 * the runs that ended last come first. `more`: there are older ones.
 */
export async function listClosed(
  temporal: Temporal,
  workflowId: string,
  except: string | null,
  limit: number,
): Promise<{ infos: WorkflowExecutionInfo[]; more: boolean }> {
  const query = `WorkflowId = '${workflowId}' AND CloseTime IS NOT NULL AND ExecutionStatus != 'ContinuedAsNew'`;
  const infos: WorkflowExecutionInfo[] = [];
  return temporal.call(CALL_MS, async () => {
    // One page holds the wanted runs, the excluded one, and one more.
    for await (const info of temporal.client.workflow.list({ query, pageSize: limit + 2 })) {
      if (info.runId === except) continue;
      if (infos.length === limit) return { infos, more: true };
      infos.push(info);
    }
    return { infos, more: false };
  });
}

async function isDryRun(temporal: Temporal, workflowId: string, runId: string): Promise<boolean> {
  const input = await readInput(temporal, { workflowId, runId, firstRunId: runId }).catch(() => undefined);
  return isRecord(input) && input.dryRun === true;
}

/** The open run on a server. Throws {@link NoRun}, {@link NoOpenRun}, errors of the client. */
export async function findOpenRun(temporal: Temporal, serverId: string): Promise<KnownRun> {
  const run = await findRun(temporal, serverId);
  if (!run.open) throw new NoOpenRun(serverId, run, run.closedAt);
  return run;
}

/** Data about a run, without `runId` about the last one. Throws `WorkflowNotFoundError`, errors of the client. */
export function describe(
  temporal: Temporal,
  workflowId: string,
  runId?: string,
): Promise<WorkflowExecutionDescription> {
  return temporal.call(CALL_MS, () => temporal.client.workflow.getHandle(workflowId, runId).describe());
}

export function isOpenRun({ status }: { status: { name: string } }): boolean {
  return status.name === 'RUNNING' || status.name === 'PAUSED';
}

export function firstRunOf(run: WorkflowExecutionDescription): string {
  return run.raw.workflowExecutionInfo?.firstRunId || run.runId;
}

/** When the chain began, regardless of how often the run has continued as new since. */
export async function chainStart(temporal: Temporal, run: WorkflowExecutionDescription): Promise<Date> {
  const first = firstRunOf(run);
  if (first === run.runId) return run.startTime;
  try {
    return (await describe(temporal, run.workflowId, first)).startTime;
  } catch (error) {
    // Closed runs are deleted after the retention time, even those of an open chain.
    if (error instanceof WorkflowNotFoundError) return run.startTime;
    throw error;
  }
}

/** Enough for a worker that has to replay a long run first. */
const BUSY_MS = 5_000;
/** No worker seems to poll. But with a wrong clock live workers look dead, and those answer at once. */
const IDLE_MS = 1_500;

/** Throws when no worker answers in time. */
export async function queryStatus(
  temporal: Temporal,
  run: RunPointer,
  ms: number,
): Promise<ResultDocument | null> {
  return asDocument(await askRun(temporal, run, QUERY_STATUS, ms));
}

/** `why`: no worker has answered, or the answer is no document of ecs-nics; a sentence. */
export type StatusAnswer<D extends object = ResultDocument> =
  { document: D } | { document: null; why: string };

/** Waits only while an answer is likely. Never throws. */
export function askStatus(
  temporal: Temporal,
  run: RunPointer & { taskQueue: string },
): Promise<StatusAnswer> {
  return askWorkers(temporal, run.taskQueue, (ms) => queryStatus(temporal, run, ms));
}

/** The same for any question that workers of the queue answer; `ask` gets its time limit in ms. */
export async function askWorkers<D extends object>(
  temporal: Temporal,
  taskQueue: string,
  ask: (ms: number) => Promise<D | null>,
): Promise<StatusAnswer<D>> {
  try {
    const idle = await idleQueues(temporal, taskQueue);
    const document = await ask(idle.includes(taskQueue) ? IDLE_MS : BUSY_MS);
    return document === null ? { document, why: 'the answer is not a status document' } : { document };
  } catch (error) {
    return { document: null, why: reasonOf(error) };
  }
}

/** A document of ecs-nics, perhaps of another version; `null` for anything else. */
export function asDocument(value: unknown): ResultDocument | null {
  return isRecord(value) && typeof value.outcome === 'string' && Array.isArray(value.nics)
    ? (value as unknown as ResultDocument)
    : null;
}

/** The request that a run serves; `undefined` when it cannot be read. */
export async function readInput(temporal: Temporal, run: RunIds): Promise<unknown> {
  // A run that has continued as new has its own kind of input. The request is in the first run of the chain; if that
  // run is too old to be kept, the request is inside the input of the later run.
  const payload =
    (await payloadOf(temporal, run.workflowId, run.firstRunId)) ??
    (await payloadOf(temporal, run.workflowId, run.runId));
  if (payload === null) return undefined;
  const converter = temporal.client.options.loadedDataConverter;
  const [decoded] = await decodePayloads(converter.payloadCodecs, [payload]);
  if (decoded === undefined) return undefined;
  const input = converter.payloadConverter.fromPayload<unknown>(decoded);
  return isRecord(input) && isRecord(input.resumed) ? input.resumed.input : input;
}

/** Who asked for a run, and why. Its own document says so, but not that of a run of an older release. Throws gRPC errors. */
export async function readAsker(
  temporal: Temporal,
  run: RunIds,
  document: Partial<Asker> | null,
): Promise<Asker> {
  if (document?.requestedBy !== undefined) return askerOf(document);
  return askerOf(await readInput(temporal, run));
}

async function payloadOf(temporal: Temporal, workflowId: string, runId: string) {
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

/** Codecs are applied in order when encoding, so decoding begins with the last one. */
async function decodePayloads(codecs: readonly Codec[], payloads: Payloads): Promise<Payloads> {
  let decoded = payloads;
  for (const codec of [...codecs].reverse()) decoded = await codec.decode(decoded);
  return decoded;
}
