/** Puts a server back: a restore of its own, under the same id and lock, from what the page has kept of its deletion. */
import { sleep } from '@temporalio/workflow';
import { WORKFLOW_TYPE } from '../../../contract/names';
import type { ResultDocument, RestoreServerNicsInput } from '../../../contract/types';
import type { ServerEnd } from '../../policy/fleet/endings';
import { broughtBack, inDoubt, takenOff } from '../../policy/fleet/way-back';
import { backoffDelay } from '../../policy/poll-schedule';
import { label } from '../../run/details';
import type { ChildEnd } from './child-run';
import { isAlone, runChild } from './child-run';
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
  const start = () => runChild(page, row, WORKFLOW_TYPE.restoreServerNics, input, summary);
  let child = await start();
  for (let tries = 1; child.kind === 'busy' && tries < MOST_TRIES && !page.orphaned; tries++) {
    await sleep(backoffDelay(tries), { summary: label(`another run is open on ${serverId}`) });
    // Asked for first: each start would write the whole input into the history.
    if (await isAlone(page, document)) child = await start();
  }
  row.running = false;
  // Nothing is wrong with the server: it is tried again when somebody has resumed the run.
  if (child.kind === 'failed' && child.document?.credentialsRefused === true) {
    row.document = broughtBack(document, child.document);
    return;
  }
  undo.isOpen = false;
  end(row, endOf(row, document, child));
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
    from: { document: { ...document, nics: takenOff(document), jobs: [], warnings: [] } },
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
