/** The two that are compared: how a run is started, and what it has to answer. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { DeleteServerNicsInput, ResultDocument } from '../src/contract';
import { serverWorkflowId, UPDATE, WORKFLOW_TYPE } from '../src/contract';
import type { Target } from './targets';
import type { NaiveInput } from './naive/workflows';
import type { SubjectName } from './figures';

/** Where a run is not to wait as long as usual. */
export interface Pace {
  /** Before each poll, in ms. Usual: ours 10 s ± 15 %, naive 5 s. */
  pollMs?: number;
  /** Before and between the looks after a lost answer, in ms; ours alone. Usual: 30 s. */
  settleMs?: number;
}

/** Ours alone: the ports are kept for so long, for an exact undo. */
export type Promised = Pick<DeleteServerNicsInput, 'undoWindow'>;

export function oursStart(
  client: Client,
  taskQueue: string,
  { serverId, nicIds }: Target,
  { pollMs, settleMs }: Pace = {},
  promised: Promised = {},
): Promise<WorkflowHandle> {
  const timing = {
    ...(pollMs === undefined ? {} : { firstPoll: pollMs, pollInterval: pollMs }),
    ...(settleMs === undefined ? {} : { settle: settleMs }),
  };
  return client.workflow.start(WORKFLOW_TYPE.deleteServerNics, {
    taskQueue,
    workflowId: serverWorkflowId(serverId),
    args: [{ serverId, nics: nicIds.map((id) => ({ id })), deadline: '2 hours', timing, ...promised }],
  });
}

export function naiveStart(
  client: Client,
  taskQueue: string,
  { serverId, nicIds }: Target,
  { pollMs }: Pace = {},
): Promise<WorkflowHandle> {
  const input: NaiveInput = { serverId, nicIds, ...(pollMs === undefined ? {} : { pollMs }) };
  return client.workflow.start('naiveDeleteNics', {
    taskQueue,
    workflowId: `naive/${serverId}`,
    args: [input],
  });
}

/** Of an exact deletion: the ports stay until the commit, which comes long before the window's own end. */
export const UNDO_WINDOW: Promised = { undoWindow: '1 hour' };

/** Closes the undo window of a run of ours as soon as it is open: all NICs have their verdicts then. */
export async function commitWhenOpen(handle: WorkflowHandle): Promise<void> {
  await handle.executeUpdate(UPDATE.settled);
  await handle.executeUpdate(UPDATE.commit, { args: [{ by: 'bench', reason: 'measured' }] });
}

/** What is wrong with the result of a run that was to delete everything; `undefined`: nothing. */
export function wrongResult(name: SubjectName, result: unknown): string | undefined {
  if (name === 'naive') return typeof result === 'string' ? undefined : 'no job id as the result';
  const { outcome, nics } = (result ?? {}) as Partial<ResultDocument>;
  const other = nics?.find((nic) => nic.outcome !== 'deleted')?.outcome;
  if (outcome === 'deleted' && nics !== undefined && other === undefined) return undefined;
  return `ended as ${outcome ?? 'something else'}${other === undefined ? '' : `, a NIC as ${other}`}`;
}
