/** Deletes the ports that were kept for the undo window, each after a look at what it is now. */
import { sleep, workflowInfo } from '@temporalio/workflow';
import type { PortFate } from '../../../activities/agreement';
import type { NicRow, NicSnapshot, ResultDocument } from '../../../contract/types';
import { label, plain, serverLabel } from '../../run/details';
import { IDEMPOTENT } from '../../run/proxies';
import { failedAs } from '../../policy/fleet/endings';
import { endOf, failureMessage } from '../../policy/outcome';
import { backoffDelay, holdDelay, throttleDelay } from '../../policy/poll-schedule';
import { markPortGone, whyLeft } from '../../policy/port-fates';
import { asServers, callAt } from '../calls';
import { isAlone } from './child-run';
import { inLanes } from './lanes';
import type { Page } from './page';
import { heldPorts } from './page';
import type { Row } from './rows';

/** Servers of one page at a time. */
const AT_ONCE = 10;
/**
 * A port that can't be deleted in so many tries, some twenty minutes with their pauses, is left: it costs no more than an address, and
 * the report names it. Time in which no worker was there is no try.
 */
const MOST_TRIES = 24;

type Held = Row & { document: ResultDocument };

export async function commitPage(page: Page): Promise<void> {
  await inLanes(
    page,
    page.holding(),
    AT_ONCE,
    () => !page.orphaned,
    (row) => commitServer(page, row),
  );
  page.committed = true;
}

async function commitServer(page: Page, row: Held): Promise<void> {
  const { document } = row;
  let hindrance = '';
  let refused = 0;
  for (let tries = 0; heldPorts(document).length > 0;) {
    const held = heldPorts(document);
    if (tries >= MOST_TRIES) {
      for (const nic of held) leave(nic, null, `in ${MOST_TRIES} tries ${hindrance}`);
      break;
    }
    // A restore, or another run, may be at work with these very ports.
    if (!(await isAlone(page, document))) {
      hindrance = 'another run was open on the server, or Temporal did not say that none was';
      await sleep(backoffDelay((tries += 1)), { summary: label(hindrance) });
      continue;
    }
    const answer = await deletePorts(page, document, held);
    switch (answer.kind) {
      case 'ports':
        for (const nic of held) record(document, nic, answer.ports[nic.id]);
        continue;
      case 'throttled':
        await sleep(throttleDelay(answer.retryAfterMs, tries + 1), { summary: 'throttled by the cloud' });
        continue;
      case 'unread':
        if (answer.why === 'credentials') {
          page.refused(answer.message);
          await page.rest(holdDelay((refused += 1)), answer.message, () => page.orphaned);
          if (page.orphaned) return;
          continue;
        }
        break;
      case 'unsent':
        if (answer.why === 'reset') {
          for (const nic of held) leave(nic, null, 'a page that was reset changes nothing');
          continue;
        }
    }
    hindrance = 'the cloud did not delete it';
    await sleep(backoffDelay((tries += 1)), { summary: label(hindrance) });
  }
  conclude(row);
}

function deletePorts(page: Page, document: ResultDocument, held: readonly NicRow[]) {
  const expected = held.flatMap(({ id, snapshot }): [string, NicSnapshot][] =>
    snapshot === null ? [] : [[id, snapshot]],
  );
  return callAt(
    page.place,
    asServers(IDEMPOTENT),
    'deletePorts',
    `the kept ports of ${serverLabel(document)}`,
    {
      portIds: held.map(({ id }) => id),
      expected: Object.fromEntries(expected),
      serverId: document.serverId,
      originalRunId: workflowInfo().originalExecutionRunId,
      elasticIpsMayBeUnread: page.input.settings.allowElasticIp,
    },
  );
}

function record({ serverId }: ResultDocument, row: NicRow, port: PortFate | undefined): void {
  if (port === undefined) return leave(row, 'PortUntold', 'the cloud said nothing about it');
  if (port.fate === 'gone') return markPortGone(row);
  if (port.fate === 'attached') {
    row.evidence = { ...row.evidence, port: 'attached' };
    if (port.deviceId === serverId) row.outcome = 'still-attached';
  }
  const { code, why } = whyLeft(port, serverId);
  leave(row, code ?? (port.fate === 'untold' ? 'PortUntold' : 'PortRefused'), why);
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
