/** Runs the servers of a page, each in a run of its own, as far as the orders allow. */
import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import { LEFT_ALONE } from '../../../contract/decommission/names';
import { SIGNAL_POLL_NOW, serverWorkflowId, WORKFLOW_TYPE } from '../../../contract/names';
import type { NicTarget } from '../../../contract/types';
import type { ServerEnd } from '../../policy/fleet/endings';
import { completed, failedAs } from '../../policy/fleet/endings';
import { doubted, merged } from '../../policy/fleet/reruns';
import { endOf as endOfRows } from '../../policy/outcome';
import { childInput } from './child-input';
import type { ChildEnd } from './child-run';
import { runChild } from './child-run';
import type { Page } from './page';
import { putServerBack } from './put-back';
import type { Row } from './rows';
import { end, failedCount, isBegun, isOwedBack, isTakenUpAgain, neverBegun, planned, wantBack } from './rows';

/**
 * Starts of a page that wait for the server's answer. A pause can't take them back; and where the server is busy they would be carried out
 * for many seconds after it.
 */
const STARTING_AT_ONCE = 5;

const FORGOTTEN: ServerEnd = {
  outcome: 'unknown',
  errorCode: null,
  message: 'its page was reset: look at the server, and at its own run',
};

/** It has forgotten what came after that point. */
function isReset(): boolean {
  const { runId, originalExecutionRunId } = workflowInfo();
  return runId !== originalExecutionRunId;
}

/** Takes in what the latest order says: retries, looks, skipped servers, an abort, an undo; then starts what may be started. */
export function work(page: Page): void {
  const { order } = page;
  // Of a page that was reset there is an order before there is a plan again.
  if (order.upTo > 0 && (!page.isClosed || isReset())) {
    if (!page.isPlanned && !page.isClosed) return;
    if (!page.isPlanned || page.planDigest !== order.digest) return giveUp(page);
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
  if (order.undo !== null && !page.undone) {
    page.undone = true;
    for (const row of rows) if (isBegun(row)) wantBack(row, order.undo);
  }
  const inTurn = new Set<Row>(rows.slice(0, order.upTo));
  // In its turn, not before: a wave is at rest when as many servers have an end as it has.
  for (const row of page.isClosed ? page.rows : inTurn) {
    if (row.running || row.end !== null || row.excluded !== null) continue;
    // Of those whose turn had come it may have forgotten what it has begun.
    if (page.isClosed && isReset() && inTurn.has(row)) end(row, FORGOTTEN);
    else if (row.skipped && row.nics !== null) end(row, neverBegun('skipped'));
    else if (page.isClosed) end(row, neverBegun(page.undone ? 'undone' : 'aborted'));
  }
  start(page, rows);
}

/** What goes back goes first. */
function start(page: Page, rows: readonly (Row & { nics: NonNullable<Row['nics']> })[]): void {
  const { order } = page;
  const burnt = order.starts ? Math.max(0, failedCount(page.rows) - order.failed) : 0;
  const starting = page.rows.filter((row) => row.starting).length;
  let free = Math.min(order.slots - burnt - page.inFlight, STARTING_AT_ONCE - starting);
  const begin = (row: Row, task: () => Promise<void>) => {
    free -= 1;
    row.running = true;
    page.begin(task);
  };
  // A refusal that nobody has dealt with would be met by the next restore, too.
  const mayGoBack = !order.finish && !page.orphaned && page.refusals.count <= order.refusals;
  if (mayGoBack)
    for (const row of rows)
      if (free > 0 && !row.running && isOwedBack(row)) begin(row, () => putServerBack(page, row));
  if (page.isClosed || !order.starts) return;
  for (const row of rows.slice(0, order.upTo))
    if (free > 0 && !row.running && row.end === null && row.undo === null)
      begin(row, () => runServer(page, row));
}

/**
 * What was approved is not what this page has planned: it was reset, and servers have changed since, by itself or by others. It
 * touches nothing more, and tells of none of its servers what became of it.
 */
function giveUp(page: Page): void {
  for (const row of page.rows) {
    row.excluded = null;
    row.nics ??= [];
    end(row, FORGOTTEN);
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
  const input = childInput(page.input, row.listed, nics, row.name);
  const summary = `${row.name ?? row.listed.serverId}: ${nics.length} NICs, run ${page.input.run}`;
  end(row, ofReset(endOf(row, await runChild(page, row, WORKFLOW_TYPE.deleteServerNics, input, summary))));
}

/** A page that was reset has forgotten what it has begun after that point: an open run may be its own, and so may what is gone. */
function ofReset(how: ServerEnd): ServerEnd {
  const isDoubtful = how.errorCode === LEFT_ALONE.busy || how.outcome === 'nothing-to-do';
  return isReset() && isDoubtful ? FORGOTTEN : how;
}

/** Keeps the document of the server's run, and says how that has ended. */
function endOf(row: Row, child: ChildEnd): ServerEnd {
  switch (child.kind) {
    case 'completed':
      row.document = merged(row.document, child.document);
      return completed(row.document);
    case 'failed':
      if (child.document !== null) row.document = merged(row.document, child.document);
      return failedAs(child.type, child.message, child.document);
    case 'cancelled':
      return cancelled(row, child);
    case 'ended':
      if (child.document !== null) row.document = merged(row.document, child.document);
      if (row.document !== null) row.document = doubted(row.document);
      return {
        outcome: 'unknown',
        errorCode: null,
        message: `its run ${child.how} from outside: look at the server`,
      };
    case 'busy':
      return {
        outcome: 'untouched',
        errorCode: LEFT_ALONE.busy,
        message: 'another run is open on this server: take it up with retryFailed once that has ended',
      };
  }
}

function cancelled(row: Row, { document }: ChildEnd & { kind: 'cancelled' }): ServerEnd {
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

async function wake({ listed }: Row): Promise<void> {
  // It may have ended meanwhile.
  await getExternalWorkflowHandle(serverWorkflowId(listed.serverId))
    .signal(SIGNAL_POLL_NOW)
    .catch(() => undefined);
}
