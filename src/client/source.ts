/** Which run took the NICs off? The last one that did, so that nobody has to look its id up at night. */
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { NicRow, ResultDocument } from '../contract';
import { MEMO, WORKFLOW_TYPE, serverWorkflowId } from '../contract';
import type { Temporal } from './connect';
import type { Counts } from './ending';
import { asTotals, lastEvent } from './ending';
import type { PassedRun } from './errors';
import { NoRun, NothingToRestore, OtherRun } from './errors';
import { askStatus, describe, firstRunOf, isOpenRun, listClosed } from './find';

const CALL_MS = 10_000;
/** Enough for a server that is worked on day by day; a run further back is better named than guessed. */
export const MAX_LOOKED_AT = 20;

type Info = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'taskQueue' | 'type' | 'memo' | 'closeTime'>;

/** A closed run as far as it can be read. */
export interface ClosedRun {
  runId: string;
  type: string;
  endedAt: Date | null;
  document: ResultDocument | null;
  /** Of a cancelled run whose rows no worker could show. */
  counts: Counts | null;
  /** Something was sent to the cloud. */
  sent: boolean;
}

export type Assessment =
  /** NICs that a restore from it could put back. */
  | { kind: 'source'; nics: number }
  /** It took nothing off that is asked for. */
  | { kind: 'pass'; why: string }
  /** It may have, but nothing can be put back from it. Going further back would pass over what it did. */
  | { kind: 'stop'; why: string };

/** @param wanted NICs by their ids, `null`: all that the run took off */
export function assess(run: ClosedRun, wanted: readonly string[] | null): Assessment {
  const { document, counts } = run;
  if (run.type === WORKFLOW_TYPE.restoreServerNics) return { kind: 'pass', why: 'a restore' };
  if (document === null) {
    if (!run.sent) return { kind: 'pass', why: 'it sent nothing to the cloud' };
    const off = (counts?.deleted ?? 0) + (counts?.detached ?? 0) + (counts?.unknown ?? 0);
    if (counts !== null && off === 0) return { kind: 'pass', why: 'it took nothing off' };
    return { kind: 'stop', why: 'it may have taken NICs off, and no worker can show which' };
  }
  const off = document.nics.filter(isOff);
  if (off.length === 0) return { kind: 'pass', why: `${document.outcome}: it took nothing off` };
  const asked = wanted === null ? off : off.filter(({ id }) => wanted.includes(id));
  if (asked.length === 0) return { kind: 'pass', why: 'it took off other NICs' };
  if (wanted !== null && asked.length < wanted.length)
    return {
      kind: 'pass',
      why: `of those asked for it took off ${asked.map(({ id }) => id).join(', ')} only`,
    };
  const nics = asked.filter((nic) => Boolean(nic.snapshot) && nic.restore !== 'no').length;
  if (nics === 0)
    return {
      kind: 'stop',
      why: `it took ${asked.length} NIC${asked.length === 1 ? '' : 's'} off, and none can be put back`,
    };
  return { kind: 'source', nics };
}

/**
 * What nobody could establish may be off as well, and what was not put back as it was is still to be done: the restore
 * looks before it does anything.
 */
function isOff({ outcome, remedy }: NicRow): boolean {
  const back = outcome === 'restored' || outcome === 'recreated';
  return (
    outcome === 'deleted' || outcome === 'detached' || outcome === 'unknown' || (back && Boolean(remedy))
  );
}

/** A closed run from which NICs can be put back. */
export interface Source {
  runId: string;
  endedAt: Date | null;
  document: ResultDocument;
  /** How many of those that are wanted. */
  nics: number;
  /** Another run is open on the server: a restore has to wait for its end. */
  isOtherOpen: boolean;
}

/**
 * The last closed run that took the NICs off. Throws {@link NothingToRestore}; {@link OtherRun} when another run is open, for
 * what it does comes before any older one; errors of the client.
 *
 * @param wanted NICs by their ids, `null`: all that the run took off
 * @param isPlan a dry run looks at the older ones all the same
 */
export async function findSource(
  temporal: Temporal,
  serverId: string,
  wanted: readonly string[] | null,
  isPlan = false,
): Promise<Source> {
  const { infos, more, isOtherOpen } = await closedRuns(temporal, serverId, isPlan);
  const passed: PassedRun[] = [];
  for (const info of infos) {
    const run = await readClosed(temporal, info);
    const { runId, endedAt, document } = run;
    const assessment = assess(run, wanted);
    if (assessment.kind === 'source' && document !== null)
      return { runId, endedAt, document, nics: assessment.nics, isOtherOpen };
    if (assessment.kind !== 'source') passed.push({ runId, endedAt, why: assessment.why });
    if (assessment.kind === 'stop') break;
  }
  throw new NothingToRestore(serverWorkflowId(serverId), passed, !more && passed.length === infos.length);
}

/** Id of the last run of the chain that was named. Throws {@link NoRun}, errors of the client. */
export async function namedRun(temporal: Temporal, serverId: string, runId: string): Promise<string> {
  const workflowId = serverWorkflowId(serverId);
  try {
    const { status } = await describe(temporal, workflowId, runId);
    if (status.name !== 'CONTINUED_AS_NEW') return runId;
    // Reports name the first run of a chain as well; its result is that of the last.
    const pointer = { workflowId, runId };
    await lastEvent(temporal, pointer, CALL_MS);
    return pointer.runId;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new NoRun(
      `no run ${runId} on server ${serverId} is known in namespace ${temporal.namespace} of ${temporal.address}.`,
      workflowId,
      { cause: error },
    );
  }
}

/** Newest first. Throws {@link OtherRun}. */
async function closedRuns(
  temporal: Temporal,
  serverId: string,
  isPlan: boolean,
): Promise<{ infos: Info[]; more: boolean; isOtherOpen: boolean }> {
  const workflowId = serverWorkflowId(serverId);
  const latest = await describe(temporal, workflowId).catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  });
  const isOtherOpen = latest !== null && isOpenRun(latest) && latest.type !== WORKFLOW_TYPE.restoreServerNics;
  if (isOtherOpen && !isPlan) {
    const { runId, taskQueue, type } = latest;
    throw new OtherRun(serverId, { workflowId, runId, firstRunId: firstRunOf(latest), taskQueue, type });
  }
  // What the list does not know yet: it lags behind by a second or so.
  const last: Info[] = latest !== null && !isOpenRun(latest) ? [latest] : [];
  const limit = MAX_LOOKED_AT - last.length;
  const { infos, more } = await listClosed(temporal, workflowId, latest?.runId ?? null, limit);
  return { infos: [...last, ...infos], more, isOtherOpen };
}

async function readClosed(temporal: Temporal, info: Info): Promise<ClosedRun> {
  const { workflowId, runId, taskQueue, type } = info;
  const pointer = { workflowId, runId };
  const isRestore = type === WORKFLOW_TYPE.restoreServerNics;
  let document = isRestore ? null : (await lastEvent(temporal, pointer, CALL_MS)).document;
  // Of a cancelled or terminated run only a worker can tell; nobody need be asked about one that sent nothing.
  const sent = info.memo?.[MEMO.open] !== undefined;
  if (document === null && sent && !isRestore)
    document = (await askStatus(temporal, { ...pointer, taskQueue })).document;
  const counts = asTotals(info.memo?.[MEMO.result])?.counts ?? null;
  return { runId: pointer.runId, type, endedAt: info.closeTime ?? null, document, counts, sent };
}
