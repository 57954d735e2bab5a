/** Which run took the NICs off? Finds the last one that did, so that the operator need not look up its id. */
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
/** Enough for a server with daily changes. An older run should be named by the operator, not guessed. */
export const MAX_LOOKED_AT = 20;

type Info = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'taskQueue' | 'type' | 'memo' | 'closeTime'>;

/** A closed run, as far as it can be read. */
export interface ClosedRun {
  runId: string;
  type: string;
  endedAt: Date | null;
  document: ResultDocument | null;
  /** For a cancelled run whose rows no worker could return. */
  counts: Counts | null;
  /** The run sent something to the cloud. */
  sent: boolean;
}

export type Assessment =
  /** Number of NICs that a restore from this run could put back. */
  | { kind: 'source'; nics: number }
  /** The run took off none of the wanted NICs. */
  | { kind: 'pass'; why: string }
  /** It may have, but nothing can be put back from it. Older runs are not examined: that would ignore its effect. */
  | { kind: 'stop'; why: string };

/** @param wanted ids of NICs; `null`: all that the run took off */
export function assess(run: ClosedRun, wanted: readonly string[] | null): Assessment {
  const { document, counts } = run;
  if (run.type === WORKFLOW_TYPE.restoreServerNics) return { kind: 'pass', why: 'a restore' };
  if (run.type === WORKFLOW_TYPE.releasePorts) return { kind: 'pass', why: 'a release' };
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
      why: `of the NICs asked for it took off only ${asked.map(({ id }) => id).join(', ')}`,
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
 * A NIC whose outcome is unknown may be off as well, and a NIC that was not put back exactly still needs work. The
 * restore looks before it changes anything.
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
  /** Number of the wanted NICs among them. */
  nics: number;
  /** Another run is open on the server: a restore has to wait for its end. */
  isOtherOpen: boolean;
}

/**
 * The last closed run that took the NICs off. Throws {@link NothingToRestore}; {@link OtherRun} when another run is
 * open, because its effect takes precedence over that of any older run; errors of the client.
 * @param wanted ids of NICs; `null`: all that the run took off
 * @param isPlan a dry run examines the older runs even while another run is open
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

/** Id of the last run of the chain to which the named run belongs. Throws {@link NoRun}, errors of the client. */
export async function namedRun(temporal: Temporal, serverId: string, runId: string): Promise<string> {
  const workflowId = serverWorkflowId(serverId);
  try {
    const { status } = await describe(temporal, workflowId, runId);
    if (status.name !== 'CONTINUED_AS_NEW') return runId;
    // Reports also show the id of the first run of a chain; the result is that of the last run.
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
  // The list lags by about a second, so the latest run may be missing from it.
  const last: Info[] = latest !== null && !isOpenRun(latest) ? [latest] : [];
  const limit = MAX_LOOKED_AT - last.length;
  const { infos, more } = await listClosed(temporal, workflowId, latest?.runId ?? null, limit);
  return { infos: [...last, ...infos], more, isOtherOpen };
}

async function readClosed(temporal: Temporal, info: Info): Promise<ClosedRun> {
  const { workflowId, runId, taskQueue, type } = info;
  const pointer = { workflowId, runId };
  const isDeletion = type !== WORKFLOW_TYPE.restoreServerNics && type !== WORKFLOW_TYPE.releasePorts;
  let document = isDeletion ? (await lastEvent(temporal, pointer, CALL_MS)).document : null;
  // For a cancelled or terminated run only a worker can tell. A run that sent nothing needs no question.
  const sent = info.memo?.[MEMO.open] !== undefined;
  if (document === null && sent && isDeletion)
    document = (await askStatus(temporal, { ...pointer, taskQueue })).document;
  const counts = asTotals(info.memo?.[MEMO.result])?.counts ?? null;
  return { runId: pointer.runId, type, endedAt: info.closeTime ?? null, document, counts, sent };
}
