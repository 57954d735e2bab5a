/** Which run took the NICs off? The last one that did, so that nobody has to look its id up at night. */
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { NicRow, ResultDocument } from '../contract';
import { MEMO, WORKFLOW_TYPE, serverWorkflowId } from '../contract';
import type { Temporal } from './connect';
import type { Context } from '../cli/context';
import { pageOf } from '../cli/context';
import type { Counts } from './ending';
import { asTotals, lastEvent } from './ending';
import { CliError } from '../cli/errors';
import { EXIT } from '../cli/exit-codes';
import { BY_WHOM_WORDS } from '../cli/ask/flags';
import { plural } from '../cli/show/format';
import { otherRun } from '../cli/commands/launch';
import { describe, isOpenRun } from './find';
import type { Output } from '../cli/output';
import { askStatus } from './query';
import { fact, stepLines } from '../cli/show/report';
import { agoText } from '../cli/show/wording';

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
    return { kind: 'stop', why: `it took ${plural(asked.length, 'NIC')} off, and none can be put back` };
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

/** The last closed run that took the NICs off, and lines that say which. Throws a {@link CliError} when there is none. */
export async function findSource(
  context: Context,
  serverId: string,
  wanted: readonly string[] | null,
  isPlan: boolean,
  output: Output,
): Promise<{ runId: string; lines: string[] }> {
  const { temporal } = context;
  const page = pageOf(output);
  const workflowId = serverWorkflowId(serverId);
  const { infos, isOpen } = await closedRuns(context, serverId, isPlan, output);
  const passed: string[] = [];
  for (const info of infos) {
    const run = await readClosed(temporal, info);
    const assessment = assess(run, wanted);
    const ended = run.endedAt === null ? '' : `, ended ${agoText(run.endedAt, page.now)}`;
    if (assessment.kind === 'source') {
      const what = `${run.document?.outcome}${ended}; ${plural(assessment.nics, 'NIC')}`;
      const lines = [...fact('from run', run.runId, page), ...fact('', what, page)];
      if (isOpen)
        lines.push(...fact('', 'a later run is open on the server: a restore has to wait for its end', page));
      return { runId: run.runId, lines };
    }
    passed.push(`  ${run.runId}${ended}: ${assessment.why}`);
    if (assessment.kind === 'stop') break;
  }
  const start = `ecs-nics restore ${serverId}`;
  const byWhom = BY_WHOM_WORDS.join(' ');
  throw new CliError(
    EXIT.badInput,
    'NothingToRestore',
    infos.length === 0
      ? `nothing was started: no closed run on server ${serverId} is known in namespace ${temporal.namespace}.`
      : `nothing was started: no run on server ${serverId} was found to put ${wanted === null ? 'NICs' : 'these NICs'} back ` +
          `from; looked at ${passed.length === infos.length ? plural(passed.length, 'closed run') : `the last ${passed.length}`}:`,
    { workflowId },
    [
      ...passed,
      ...stepLines(
        [
          { text: 'To name the run:', command: `${start} --run-id RUN ${byWhom}` },
          {
            text: 'To give the result that was saved of it (the document of --json):',
            command: `${start} --document result.json ${byWhom}`,
          },
        ],
        page,
      ),
    ],
  );
}

/** The run that was named. Throws a {@link CliError} when the namespace does not know it. */
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
    throw new CliError(
      EXIT.badInput,
      'NoRun',
      `nothing was started: no run ${runId} on server ${serverId} is known in namespace ${temporal.namespace} ` +
        `of ${temporal.address}. Namespaces keep closed runs for a while only; a saved result goes with --document.`,
      { workflowId },
      [],
      { cause: error },
    );
  }
}

/**
 * Newest first. Throws when another run is open: what it does comes before any older one. A dry run looks at the older ones
 * all the same.
 */
async function closedRuns(
  context: Context,
  serverId: string,
  isPlan: boolean,
  output: Output,
): Promise<{ infos: Info[]; isOpen: boolean }> {
  const { temporal } = context;
  const workflowId = serverWorkflowId(serverId);
  const latest = await describe(temporal, workflowId).catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  });
  const isOpen = latest !== null && isOpenRun(latest) && latest.type !== WORKFLOW_TYPE.restoreServerNics;
  if (isOpen && !isPlan) {
    const { runId, taskQueue, type } = latest;
    const ref = context.run({ workflowId, runId, firstRunId: runId });
    const request = { input: { serverId }, isPlan: false };
    throw await otherRun(context, { workflowId, runId, taskQueue, type }, ref, request, output);
  }
  const runs: Info[] = [];
  // What the list does not know yet: it lags behind by a second or so.
  if (latest !== null && !isOpenRun(latest)) runs.push(latest);
  // The server's own order is the wanted one: those that ended last come first.
  const query = `WorkflowId = '${workflowId}' AND CloseTime IS NOT NULL AND ExecutionStatus != 'ContinuedAsNew'`;
  await temporal.call(CALL_MS, async () => {
    for await (const info of temporal.client.workflow.list({ query, pageSize: MAX_LOOKED_AT + 1 })) {
      if (info.runId !== latest?.runId) runs.push(info);
      if (runs.length >= MAX_LOOKED_AT) break;
    }
  });
  return { infos: runs, isOpen };
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
