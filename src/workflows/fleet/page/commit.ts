/** Deletes the ports that were kept for the undo window, each after a look at what it is now. */
import { ActivityFailure, ApplicationFailure, condition, workflowInfo } from '@temporalio/workflow';
import type { DeletePortsResult, PortFate } from '../../../activities/agreement';
import { ACTIVITY_FAILURE, HOLD_MS } from '../../../activities/agreement';
import { serverWorkflowId } from '../../../contract/names';
import type { NicRow, NicSnapshot, ResultDocument } from '../../../contract/types';
import { serverLabel, label, plain } from '../../run/details';
import { IDEMPOTENT, invoke } from '../../run/proxies';
import { failedAs } from '../../policy/fleet/endings';
import { endOf, failureMessage } from '../../policy/outcome';
import { backoffDelay, throttleDelay } from '../../policy/poll-schedule';
import { gradeOf } from '../../policy/undo-log';
import { readOnce } from '../calls';
import type { Page } from './page';
import { heldPorts } from './page';
import type { Row } from './rows';

/** Servers of one page at a time. */
const AT_ONCE = 10;
/**
 * A port that can't be deleted in so many calls, some twenty minutes with their pauses, is left: it costs no more than an address, and
 * the report names it. Time in which no worker was there is no call.
 */
const MOST_CALLS = 24;

type Held = Row & { document: ResultDocument };

export async function commitPage(page: Page): Promise<void> {
  const rows = page.holding();
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let row = rows.shift(); row !== undefined && !page.orphaned; row = rows.shift()) {
      await commitServer(page, row);
      page.touch();
    }
  });
  await Promise.all(workers);
  page.committed = true;
}

async function commitServer(page: Page, row: Held): Promise<void> {
  const { document } = row;
  for (let calls = 0; heldPorts(document).length > 0;) {
    const held = heldPorts(document);
    if (calls >= MOST_CALLS) {
      for (const nic of held) leave(nic, null, `the cloud did not delete it in ${MOST_CALLS} calls`);
      break;
    }
    // A restore, or another run, may be at work with these very ports.
    if (await isInOtherHands(page, row)) {
      calls += 1;
      await condition(() => false, backoffDelay(calls));
      continue;
    }
    const answer = await deletePorts(page, document, held);
    switch (answer.kind) {
      case 'ports':
        for (const nic of held) record(document, nic, answer.ports[nic.id]);
        continue;
      case 'credentials':
        page.refused(answer.message);
        await condition(() => false, HOLD_MS);
        continue;
      case 'throttled':
        await condition(() => false, throttleDelay(answer.retryAfterMs, calls + 1));
        continue;
      case 'unsent':
      case 'silent':
        calls += 1;
        if (answer.kind === 'unsent' && answer.why === 'reset') {
          for (const nic of held) leave(nic, null, 'a page that was reset changes nothing');
        } else await condition(() => false, backoffDelay(calls));
    }
  }
  conclude(row);
}

/** Somebody has another run open on the server. Where Temporal can't be asked nobody has. */
async function isInOtherHands(page: Page, { document }: Held): Promise<boolean> {
  const workflowId = serverWorkflowId(document.serverId);
  const what = `is another run at work on ${serverLabel(document)}?`;
  const answer = await readOnce('describeRuns', what, { workflowIds: [workflowId] }, page.place);
  return answer.kind === 'runs' && answer.open[workflowId] === true;
}

async function deletePorts(
  page: Page,
  document: ResultDocument,
  held: readonly NicRow[],
): Promise<DeletePortsResult | { kind: 'credentials'; message: string } | { kind: 'silent' }> {
  const expected = held.flatMap(({ id, snapshot }): [string, NicSnapshot][] =>
    snapshot === null ? [] : [[id, snapshot]],
  );
  try {
    return await invoke(IDEMPOTENT, 'deletePorts', label(`the kept ports of ${serverLabel(document)}`), {
      portIds: held.map(({ id }) => id),
      expected: Object.fromEntries(expected),
      serverId: document.serverId,
      originalRunId: workflowInfo().originalExecutionRunId,
      elasticIpsMayBeUnread: page.input.settings.allowElasticIp,
      place: page.place,
    } as Parameters<typeof invoke<'deletePorts'>>[3]);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const { cause } = error;
    const isRefused = cause instanceof ApplicationFailure && cause.type === ACTIVITY_FAILURE.credentials;
    return isRefused ? { kind: 'credentials', message: cause.message } : { kind: 'silent' };
  }
}

function record({ serverId }: ResultDocument, row: NicRow, port: PortFate | undefined): void {
  switch (port?.fate) {
    case 'gone':
      row.outcome = 'deleted';
      row.evidence = { ...row.evidence, port: 'absent' };
      if (row.snapshot !== null) row.restore = gradeOf(row.snapshot, false);
      return;
    case 'attached':
      row.evidence = { ...row.evidence, port: 'attached' };
      if (port.deviceId !== serverId) return leave(row, 'PortInUse', `it is in use by ${port.deviceId} now`);
      row.outcome = 'still-attached';
      return leave(row, 'PortInUse', 'somebody has put it back on the server');
    case 'changed':
      return leave(row, 'PortChanged', 'somebody has changed it since it was kept, and may use it');
    case 'refused':
      return leave(row, port.code ?? 'PortRefused', port.message);
    case 'untold':
      return leave(row, 'PortUntold', port.message);
    case undefined:
      return leave(row, 'PortUntold', 'the cloud said nothing about it');
  }
}

function leave(row: NicRow, code: string | null, why: string): void {
  row.errorCode = code ?? 'PortLeft';
  row.message = plain(`its port was left: ${why}`);
}

/** The server's own line follows from its NICs. */
function conclude(row: Held): void {
  const { nics } = row.document;
  if (row.end?.outcome !== 'detached') return;
  const { outcome, failed } = endOf(nics);
  if (failed !== null) row.end = failedAs(failed, failureMessage(nics, failed), row.document);
  else if (outcome === 'deleted') row.end = { ...row.end, outcome: 'deleted' };
}
