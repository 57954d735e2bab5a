/** Deletes the ports that were kept for the undo window, each after a look at what it is now. */
import { ActivityFailure, condition, workflowInfo } from '@temporalio/workflow';
import type { NicSnapshot, ResultDocument } from '../../../contract/types';
import type { PortFate } from '../../../activities/agreement';
import { serverLabel, label, plain } from '../../run/details';
import { IDEMPOTENT, invoke } from '../../run/proxies';
import { backoffDelay, throttleDelay } from '../../policy/poll-schedule';
import { gradeOf } from '../../policy/undo-log';
import type { Page } from './page';
import { heldPorts } from './page';
import type { Row } from './rows';

/** Servers of one page at a time. */
const AT_ONCE = 10;
/** A port that can't be deleted for so long, in ms, is left: it costs no more than an address, and the report names it. */
const TRY_FOR_MS = 20 * 60_000;

export async function commitPage(page: Page): Promise<void> {
  const rows = page.holding();
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let row = rows.shift(); row !== undefined; row = rows.shift()) {
      await commitServer(page, row);
      page.touch();
    }
  });
  await Promise.all(workers);
  page.committed = true;
}

async function commitServer(page: Page, row: Row & { document: ResultDocument }): Promise<void> {
  const { document } = row;
  const until = Date.now() + TRY_FOR_MS;
  for (let times = 1; ; times++) {
    const held = heldPorts(document);
    if (held.length === 0) break;
    const expected = held.flatMap(({ id, snapshot }): [string, NicSnapshot][] =>
      snapshot === null ? [] : [[id, snapshot]],
    );
    const answer = await deletePorts(page, document, {
      portIds: held.map(({ id }) => id),
      expected: Object.fromEntries(expected),
    });
    if (answer !== null && answer.kind === 'ports') {
      for (const { id } of held) record(document, id, answer.ports[id]);
      continue;
    }
    if (Date.now() >= until || (answer?.kind === 'unsent' && answer.why === 'reset')) {
      for (const { id } of held) leave(document, id, null, 'the cloud gave no answer for 20 minutes');
      break;
    }
    const waitMs =
      answer?.kind === 'throttled' ? throttleDelay(answer.retryAfterMs, times) : backoffDelay(times);
    await condition(() => false, waitMs);
  }
  if (row.end?.outcome === 'detached' && document.nics.some(({ outcome }) => outcome === 'deleted'))
    row.end = { ...row.end, outcome: 'deleted' };
}

/** `null`: no answer. */
async function deletePorts(
  page: Page,
  document: ResultDocument,
  input: { portIds: string[]; expected: Record<string, NicSnapshot> },
) {
  try {
    return await invoke(IDEMPOTENT, 'deletePorts', label(`the kept ports of ${serverLabel(document)}`), {
      ...input,
      serverId: document.serverId,
      originalRunId: workflowInfo().originalExecutionRunId,
      elasticIpsMayBeUnread: page.input.settings.allowElasticIp,
      place: page.place,
    } as Parameters<typeof invoke<'deletePorts'>>[3]);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return null;
  }
}

function record(document: ResultDocument, id: string, port: PortFate | undefined): void {
  const row = document.nics.find((nic) => nic.id === id);
  if (row === undefined) return;
  switch (port?.fate) {
    case 'gone':
      row.outcome = 'deleted';
      row.evidence = { ...row.evidence, port: 'absent' };
      if (row.snapshot !== null) row.restore = gradeOf(row.snapshot, false);
      return;
    case 'attached':
      row.evidence = { ...row.evidence, port: 'attached' };
      return leave(document, id, 'PortInUse', `it is in use by ${port.deviceId} now`);
    case 'changed':
      return leave(document, id, 'PortChanged', 'somebody has changed it since it was kept, and may use it');
    case 'refused':
      return leave(document, id, port.code ?? 'PortRefused', port.message);
    case 'untold':
      return leave(document, id, 'PortUntold', port.message);
    case undefined:
      return leave(document, id, 'PortUntold', 'the cloud said nothing about it');
  }
}

function leave(document: ResultDocument, id: string, code: string | null, why: string): void {
  const row = document.nics.find((nic) => nic.id === id);
  if (row === undefined) return;
  row.errorCode = code ?? 'PortLeft';
  row.message = plain(`its port was left: ${why}`);
}
