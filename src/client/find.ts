/** The current or last run on a server. */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { isRecord, serverWorkflowId } from '../contract';
import type { Temporal } from './connect';
import { reasonOf } from './connect';
import type { Context } from '../cli/context';
import type { RunPointer } from './ending';
import { CliError, isUnclear } from '../cli/errors';
import { EXIT } from '../cli/exit-codes';
import { readInput } from './run-input';

const CALL_MS = 10_000;
/** Dry runs that other services have started under the id of the server. */
const MAX_DRY_RUNS = 20;

export interface KnownRun extends RunPointer {
  /** Of the first run of the chain: steering by it can't hit somebody else's later run. */
  firstRunId: string;
  taskQueue: string;
  open: boolean;
  /** Of the chain. */
  startedAt: Date;
  closedAt: Date | null;
  description: WorkflowExecutionDescription;
}

/** Throws a {@link CliError} when there is none. */
export async function findRun(temporal: Temporal, serverId: string): Promise<KnownRun> {
  const workflowId = serverWorkflowId(serverId);
  try {
    const description = await withoutDryRuns(temporal, await describe(temporal, workflowId));
    return {
      workflowId,
      runId: description.runId,
      firstRunId: firstRunOf(description),
      taskQueue: description.taskQueue,
      open: isOpenRun(description),
      startedAt: await chainStart(temporal, description),
      closedAt: description.closeTime ?? null,
      description,
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

/** The last run that was no dry run, where there is one: what was only planned must not hide what was done. */
async function withoutDryRuns(
  temporal: Temporal,
  latest: WorkflowExecutionDescription,
): Promise<WorkflowExecutionDescription> {
  const { workflowId } = latest;
  if (isOpenRun(latest) || !(await isDryRun(temporal, workflowId, latest.runId))) return latest;
  const earlier: string[] = [];
  const query = `WorkflowId = '${workflowId}' AND CloseTime IS NOT NULL AND ExecutionStatus != 'ContinuedAsNew'`;
  await temporal.call(CALL_MS, async () => {
    for await (const { runId } of temporal.client.workflow.list({ query, pageSize: MAX_DRY_RUNS })) {
      if (runId !== latest.runId) earlier.push(runId);
      if (earlier.length === MAX_DRY_RUNS) break;
    }
  });
  for (const runId of earlier)
    if (!(await isDryRun(temporal, workflowId, runId))) return describe(temporal, workflowId, runId);
  return latest;
}

async function isDryRun(temporal: Temporal, workflowId: string, runId: string): Promise<boolean> {
  const input = await readInput(temporal, { workflowId, runId, firstRunId: runId }).catch(() => undefined);
  return isRecord(input) && input.dryRun === true;
}

/** The open run on a server. Throws a {@link CliError} when there is none, with `details` of the last one below it. */
export async function findOpenRun(
  context: Context,
  serverId: string,
  details: (run: KnownRun) => string[] = () => [],
): Promise<KnownRun> {
  const run = await findRun(context.temporal, serverId);
  if (!run.open) throw noOpenRun(context, serverId, run, details(run));
  return run;
}

/** Sends something to an open run, which may close under our hands. */
export async function tell(
  context: Context,
  serverId: string,
  run: KnownRun,
  send: () => Promise<unknown>,
): Promise<void> {
  try {
    await context.temporal.call(CALL_MS, send);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw noOpenRun(context, serverId, run);
    if (!isUnclear(error)) throw error;
    throw new CliError(
      EXIT.starterFailed,
      'TemporalUnreachable',
      `Temporal at ${context.temporal.address} did not confirm it (${reasonOf(error)}): the run on server ${serverId} may ` +
        'have been told or not. The same command again is safe.',
      context.run(run),
      [],
      { cause: error },
    );
  }
}

/** @param details lines below the message: what can be done instead */
export function noOpenRun(
  context: Context,
  serverId: string,
  run: KnownRun,
  details: readonly string[] = [],
): CliError {
  const ended = run.closedAt === null ? 'has just ended' : `ended at ${run.closedAt.toISOString()}`;
  return new CliError(
    EXIT.starterFailed,
    'NoOpenRun',
    `no run is open on server ${serverId}; the last one ${ended}. How: ecs-nics status ${serverId}`,
    context.run(run),
    details,
  );
}

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

/** When the work was begun, however often the run has continued as new since. */
export async function chainStart(temporal: Temporal, run: WorkflowExecutionDescription): Promise<Date> {
  const first = firstRunOf(run);
  if (first === run.runId) return run.startTime;
  try {
    return (await describe(temporal, run.workflowId, first)).startTime;
  } catch (error) {
    // Closed runs are not kept for ever, not even those of an open chain.
    if (error instanceof WorkflowNotFoundError) return run.startTime;
    throw error;
  }
}
