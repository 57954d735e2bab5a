/**
 * Inspects the servers of a page, by the same guards as their own runs, and changes nothing. It believes what sets tell; each server's
 * own run looks at the NIC list before it sends.
 */
import type { InspectedNic, Inspection } from '../../../activities/agreement';
import { LEFT_ALONE } from '../../../contract/decommission/names';
import type { Excluded, PlannedNic } from '../../../contract/decommission/types';
import { checkDeleteInput } from '../../../contract/input';
import { plain } from '../../run/details';
import { protectedByList } from '../../policy/fleet/protection';
import { assess } from '../../policy/guards';
import { backoffDelay, holdDelay, STATE_WAIT_MS, throttleDelay } from '../../policy/poll-schedule';
import { gradeOf } from '../../policy/undo-log';
import { READ } from '../../run/proxies';
import { asServers, callAt } from '../calls';
import { childInput } from './child-input';
import { inLanes } from './lanes';
import type { Page } from './page';
import type { Row } from './rows';

/** Servers of one call: their inspections fit into one answer. All calls of a page are made at once, so that reads by sets fill. */
const TOGETHER = 10;
/** Of the servers that have to be asked for by themselves, at a time. */
const AT_ONCE = 25;
/** A server that can't be inspected for so long, in ms, is left alone: the plan must come to an end. */
const TRY_FOR_MS = 10 * 60_000;
const REASON_MAX = 300;

export async function planPage(page: Page): Promise<void> {
  const open = page.rows.filter((row) => !isLeftByList(page, row));
  const parts = Array.from({ length: Math.ceil(open.length / TOGETHER) }, (_, n) =>
    open.slice(n * TOGETHER, (n + 1) * TOGETHER),
  );
  const left = await Promise.all(parts.map((rows) => planTogether(page, rows)));
  await inLanes(
    page,
    left.flat(),
    AT_ONCE,
    () => !page.isClosed,
    (row) => planServer(page, row),
  );
}

function isLeftByList(page: Page, row: Row): boolean {
  const byList = protectedByList(page.protect, row.listed.serverId, null);
  if (byList !== null) exclude(row, LEFT_ALONE.protected, byList);
  return byList !== null;
}

const nicIdsOf = ({ listed: { nics } }: Row): string[] => (nics === 'all' ? [] : nics.map(({ id }) => id));

/** @returns the servers that have to be asked for by themselves */
async function planTogether(page: Page, rows: readonly Row[]): Promise<Row[]> {
  if (page.isClosed) return [];
  const [first] = rows;
  const what = `${rows.length} servers from ${first?.listed.serverId ?? ''} on: plan`;
  const servers = rows.map((row) => ({ serverId: row.listed.serverId, nicIds: nicIdsOf(row) }));
  const answer = await callAt(page.place, asServers(READ), 'inspectServers', what, { servers });
  if (answer.kind === 'unread' && answer.why === 'credentials') page.refused(answer.message);
  const left = rows.filter((row, index) => {
    const inspection = answer.kind === 'inspections' ? answer.inspections[index] : undefined;
    return inspection == null || judge(page, row, inspection) !== null;
  });
  page.touch();
  return left;
}

async function planServer(page: Page, row: Row): Promise<void> {
  const { serverId } = row.listed;
  const nicIds = nicIdsOf(row);
  const until = Date.now() + TRY_FOR_MS;
  let refused = 0;
  for (let times = 1; !page.isClosed; times++) {
    const answer = await callAt(page.place, asServers(READ), 'inspectServer', `${serverId}: plan`, {
      serverId,
      nicIds,
      previousRunOf: null,
      tags: true,
      bySets: true,
    });
    let waitMs = backoffDelay(times);
    if (answer.kind === 'inspection') {
      const why = judge(page, row, answer);
      if (why === null) return;
      if (Date.now() >= until) return exclude(row, LEFT_ALONE.refused, why);
      waitMs = STATE_WAIT_MS;
    } else if (answer.kind === 'throttled') waitMs = throttleDelay(answer.retryAfterMs, times);
    else if (answer.why === 'refused') return exclude(row, LEFT_ALONE.refused, answer.message);
    else if (answer.why === 'credentials') {
      page.refused(answer.message);
      waitMs = holdDelay((refused += 1));
    } else if (Date.now() >= until) {
      return exclude(row, LEFT_ALONE.refused, `it could not be inspected: ${answer.message}`);
    }
    await page.rest(waitMs, `${serverId} is inspected again`, () => page.isClosed);
  }
}

/** @returns why it has to be looked at again; `null`: the plan has its answer */
function judge(page: Page, row: Row, inspection: Inspection): string | null {
  const { settings } = page.input;
  const { serverId, nics } = row.listed;
  const { projectId, region, endpoints } = inspection;
  page.place = { projectId, region, ...endpoints };
  row.name = inspection.server?.name ?? null;
  const { request, problems } = checkDeleteInput(childInput(page.input, row.listed, nics));
  if (request === null) return excluded(row, LEFT_ALONE.refused, problems.join('; '));
  const judged = assess(request, inspection);
  // In an order, and in a spelling, that do not depend on who has told it: the digest covers them.
  const targets = [...judged.targets].sort((a, b) => (a.id < b.id ? -1 : 1));
  row.seen = targets.map(addressOf);
  row.absent = judged.absent.map(({ id }) => id);
  const protection = protectedByList(page.protect, serverId, row.name) ?? judged.protection;
  if (protection !== null) return excluded(row, LEFT_ALONE.protected, protection);
  if (judged.violations.length > 0)
    return excluded(
      row,
      judged.drifted.length > 0 ? LEFT_ALONE.drifted : LEFT_ALONE.refused,
      judged.violations.join('; '),
    );
  if (judged.incomplete !== null) return judged.incomplete;
  if (judged.targets.length === 0)
    return excluded(
      row,
      'NothingToDo',
      nics === 'all' ? 'it has no NIC but the primary one' : 'none of its NICs is there any more',
    );
  const isExact = settings.undoWindowMs > 0;
  row.nics = targets.map((nic): PlannedNic => ({
    ...addressOf(nic),
    elasticIp: nic.elasticIp,
    // Where the flag was not read, a NIC that keeps its port is promised less than its own run will tell.
    restore: gradeOf(nic.snapshot, isExact || nic.snapshot.deleteOnTermination === false),
  }));
  return null;
}

/** Of several IPs an IPv4 one; NIC list and port may name them in another order. */
function addressOf({ id, ips, mac }: InspectedNic): Pick<PlannedNic, 'id' | 'ip' | 'mac'> {
  const [ip = null] = ips
    .map((each) => each.toLowerCase())
    .sort((a, b) => Number(a.includes(':')) - Number(b.includes(':')) || (a < b ? -1 : 1));
  return { id, ip, mac: mac?.toLowerCase() ?? null };
}

function excluded(...of: Parameters<typeof exclude>): null {
  exclude(...of);
  return null;
}

function exclude(row: Row, code: Excluded['code'], reason: string): void {
  row.excluded = {
    serverId: row.listed.serverId,
    serverName: row.name,
    code,
    reason: plain(reason).slice(0, REASON_MAX),
  };
}
