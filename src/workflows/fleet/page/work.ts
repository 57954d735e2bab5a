/** Runs the servers of a page, each in a run of its own, as far as the orders allow. */
import {
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  startChild,
  TerminatedFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { LEFT_ALONE } from '../../../contract/decommission/names';
import { SIGNAL_POLL_NOW, serverWorkflowId, WORKFLOW_TYPE } from '../../../contract/names';
import type { NicTarget, ResultDocument } from '../../../contract/types';
import { isRecord } from '../../../contract/values';
import type { ServerEnd } from '../../policy/fleet/endings';
import { completed, failedAs } from '../../policy/fleet/endings';
import { doubted, merged } from '../../policy/fleet/reruns';
import { endOf as endOfRows } from '../../policy/outcome';
import { plain } from '../../run/details';
import { readAt } from '../calls';
import { FLEET_PRIORITY } from '../../policy/fleet/agreement';
import { childInput } from './child-input';
import type { Page } from './page';
import type { Row } from './rows';
import { end, failedCount, isTakenUpAgain, neverBegun, planned } from './rows';

const FORGOTTEN = 'its page was reset: look at the server, and at its own run';

/** Takes in what the latest order says: retries, looks, skipped servers, an abort; then starts what may be started. */
export function work(page: Page): void {
  const { order } = page;
  // Of a page that was reset there is an order before there is a plan again.
  if (order.upTo > 0 && !page.isClosed) {
    if (!page.isPlanned) return;
    if (page.planDigest !== order.digest) return giveUp(page);
  }
  const rows = planned(page.rows);
  if (order.retries > page.retries) {
    page.retries = order.retries;
    if (!page.isClosed) rows.forEach(takeUpAgain);
  }
  if (order.wakes > page.wakes) {
    page.wakes = order.wakes;
    for (const row of rows) if (row.running) page.begin(() => wake(row));
  }
  // In its turn, not before: a wave is at rest when as many servers have an end as it has.
  for (const row of page.isClosed ? page.rows : rows.slice(0, order.upTo)) {
    if (row.running || row.end !== null || row.excluded !== null) continue;
    if (row.skipped && row.nics !== null) end(row, neverBegun(true));
    else if (page.isClosed) end(row, neverBegun(false));
  }
  if (page.isClosed) return;
  const burnt = Math.max(0, failedCount(page.rows) - order.failed);
  let free = order.slots - burnt - page.inFlight;
  for (const row of rows.slice(0, order.upTo)) {
    if (free <= 0) return;
    if (row.running || row.end !== null) continue;
    free -= 1;
    row.running = true;
    page.begin(() => runServer(page, row));
  }
}

/**
 * What was approved is not what this page has planned: it was reset, and servers have changed since, by itself or by others. It
 * touches nothing more, and tells of none of its servers what became of it.
 */
function giveUp(page: Page): void {
  for (const row of page.rows) {
    row.excluded = null;
    row.nics ??= [];
    end(row, { outcome: 'unknown', errorCode: null, message: FORGOTTEN });
  }
  page.orphaned = true;
}

/** Failed and busy servers get another run; it looks at the server anew, and touches nothing but what was approved. */
function takeUpAgain(row: Row): void {
  if (row.end === null || !isTakenUpAgain(row)) return;
  if (row.end.outcome !== 'untouched') row.before = row.end;
  row.end = null;
}

async function runServer(page: Page, row: Row & { nics: NonNullable<Row['nics']> }): Promise<void> {
  const nics = row.nics.map(({ id, ip, mac }): NicTarget => ({
    id,
    ...(ip === null ? {} : { ip }),
    ...(mac === null ? {} : { mac }),
  }));
  const { serverId } = row.listed;
  try {
    const child = await startChild(WORKFLOW_TYPE.deleteServerNics, {
      args: [childInput(page.input, row.listed, nics, row.name)],
      workflowId: serverWorkflowId(serverId),
      // A page that is terminated leaves no submission unobserved.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      priority: { priorityKey: FLEET_PRIORITY },
      staticSummary: plain(`${row.name ?? serverId}: ${nics.length} NICs, run ${page.input.run}`),
    });
    const document = (await child.result()) as ResultDocument;
    row.document = merged(row.document, document);
    end(row, ofReset(completed(row.document)));
  } catch (error) {
    end(row, ofReset(await endOf(error, page, row)));
  }
}

/** A page that was reset has forgotten what it has begun after that point: an open run may be its own, and so may what is gone. */
function ofReset(how: ServerEnd): ServerEnd {
  const { runId, originalExecutionRunId } = workflowInfo();
  const isDoubtful = how.errorCode === LEFT_ALONE.busy || how.outcome === 'nothing-to-do';
  if (runId === originalExecutionRunId || !isDoubtful) return how;
  return {
    outcome: 'unknown',
    errorCode: null,
    message: FORGOTTEN,
  };
}

async function endOf(error: unknown, page: Page, row: Row): Promise<ServerEnd> {
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    const message = 'another run is open on this server: take it up with retryFailed once that has ended';
    return { outcome: 'untouched', errorCode: LEFT_ALONE.busy, message };
  }
  if (!(error instanceof ChildWorkflowFailure)) throw error;
  const { cause } = error;
  if (cause instanceof ApplicationFailure) {
    const document = documentIn(cause.details?.[0]);
    if (document !== null) row.document = merged(row.document, document);
    if (document?.credentialsRefused === true) page.refused(cause.message);
    return failedAs(cause.type ?? null, plain(cause.message), document);
  }
  if (cause instanceof CancelledFailure) return cancelled(error, page, row);
  const how = cause instanceof TerminatedFailure ? 'was terminated' : 'timed out';
  if (row.document !== null) row.document = doubted(row.document);
  return {
    outcome: 'unknown',
    errorCode: null,
    message: `its run ${how} from outside: look at the server`,
  };
}

/** A cancelled run observes what it has sent to its end, and its document can be read; its failure has none. */
async function cancelled({ execution }: ChildWorkflowFailure, page: Page, row: Row): Promise<ServerEnd> {
  const { workflowId, runId } = execution;
  const what = `the cancelled run of ${row.listed.serverId}`;
  const answer = await readAt(page.place, 'readRun', what, {
    workflowId: workflowId ?? '',
    runId: runId ?? '',
  });
  const document = answer.kind === 'run' ? documentIn(answer.document) : null;
  if (document === null)
    return { outcome: 'unknown', errorCode: null, message: 'its run was cancelled: look at the server' };
  row.document = merged(row.document, document);
  const { nics } = document;
  if (nics.every(({ outcome }) => outcome === 'untouched'))
    return {
      outcome: 'untouched',
      errorCode: LEFT_ALONE.aborted,
      message: 'its run was cancelled before it sent anything',
    };
  const { outcome, failed } = endOfRows(nics);
  return failed === null
    ? { ...completed({ outcome }), message: 'its run was cancelled, after this' }
    : failedAs(failed, 'its run was cancelled, and watched what it had sent to its end', document);
}

function documentIn(value: unknown): ResultDocument | null {
  return isRecord(value) && Array.isArray(value.nics) ? (value as unknown as ResultDocument) : null;
}

async function wake({ listed }: Row): Promise<void> {
  // It may have ended meanwhile.
  await getExternalWorkflowHandle(serverWorkflowId(listed.serverId))
    .signal(SIGNAL_POLL_NOW)
    .catch(() => undefined);
}
