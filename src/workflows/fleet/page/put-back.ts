/** Puts a server back: a restore of its own, under the same id and lock, from what the page has kept of its deletion. */
import { sleep } from '@temporalio/workflow';
import { WORKFLOW_TYPE } from '../../../contract/names';
import type { ResultDocument, RestoreServerNicsInput } from '../../../contract/types';
import type { ServerEnd } from '../../policy/fleet/endings';
import { broughtBack, inDoubt, takenOff } from '../../policy/fleet/way-back';
import { backoffDelay, holdDelay } from '../../policy/poll-schedule';
import { label } from '../../run/details';
import type { ChildEnd } from './child-run';
import { runChild } from './child-run';
import { timingOf } from './child-input';
import type { Page } from './page';
import type { Row } from './rows';
import { end } from './rows';

/**
 * Another run may be open on the server, such as one that was started by hand: it is waited for in so many tries, some twenty
 * minutes with their pauses. Then a person has to look; an `undo` of this server tries again.
 */
const MOST_TRIES = 24;
const REASON_MAX = 1_000;

export async function putServerBack(page: Page, row: Row): Promise<void> {
  const { document, undo } = row;
  if (document === null || undo === null) throw new Error('nothing is known of what was taken off');
  const { serverId } = row.listed;
  const input = restoreInput(page, document, undo.who);
  const summary = `${row.name ?? serverId}: back, undo of run ${page.input.run}`;
  let refused = 0;
  for (let tries = 1; ;) {
    const child = await runChild(page, row, WORKFLOW_TYPE.restoreServerNics, input, summary);
    if (child.kind === 'busy' && tries < MOST_TRIES && !page.orphaned) {
      await sleep(backoffDelay(tries++), { summary: label(`another run is open on ${serverId}`) });
      continue;
    }
    // Nothing is wrong with the server: it is tried again until the worker may do it.
    if (child.kind === 'failed' && child.document?.credentialsRefused === true && !page.orphaned) {
      await page.rest(holdDelay((refused += 1)), child.message, () => page.orphaned);
      continue;
    }
    undo.isOpen = false;
    return end(row, endOf(row, document, child));
  }
}

function restoreInput(
  { input: { run, settings } }: Page,
  document: ResultDocument,
  { by, reason }: { by: string; reason: string },
): RestoreServerNicsInput {
  const { projectId, timing } = settings;
  return {
    serverId: document.serverId,
    // Not from the history of the deletion: the namespace may have forgotten it.
    from: { document },
    nics: takenOff(document).map(({ id }) => ({ id })),
    ...(projectId === null ? {} : { projectId }),
    timing: timingOf(timing),
    requestedBy: by,
    reason: `undo of decommission run ${run}: ${reason}`.slice(0, REASON_MAX),
  };
}

function endOf(row: Row, before: ResultDocument, child: ChildEnd): ServerEnd {
  const incomplete = (message: string, errorCode: string | null = null): ServerEnd => ({
    outcome: 'restore-incomplete',
    errorCode,
    message,
  });
  switch (child.kind) {
    case 'completed':
      row.document = broughtBack(before, child.document);
      return {
        outcome: row.document.nics.some(({ outcome }) => outcome === 'recreated') ? 'recreated' : 'restored',
        errorCode: null,
        message: null,
      };
    case 'failed': {
      if (child.document !== null) row.document = broughtBack(before, child.document);
      const code = child.document?.nics.find(({ errorCode }) => errorCode !== null)?.errorCode;
      return incomplete(child.message, code ?? child.type);
    }
    case 'cancelled':
      row.document = child.document === null ? inDoubt(before) : broughtBack(before, child.document);
      return incomplete('its restore was cancelled: look at the server');
    case 'ended':
      row.document = inDoubt(before);
      return incomplete(`its restore ${child.how} from outside: look at the server`);
    case 'busy':
      return incomplete(
        'another run was open on the server for too long: end it, and undo this server again',
      );
  }
}
