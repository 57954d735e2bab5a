/** The life of a run, step by step. Each step goes on where a run before it in the chain has stopped. */
import { chained, digestOf, digestOfPage } from '../../policy/fleet/digest';
import { pausesAfter, provenBy, wavesOf } from '../../policy/fleet/waves';
import type { PauseAfter } from '../../../contract/decommission/options';
import { fixed } from '../../../contract/decommission/shares';
import type { Fleet } from './fleet';
import { closeList } from './list';
import { expiresAt } from './status';
import type { FleetState, PageRecord } from './state';
import {
  boundsOf,
  failedServers,
  failedText,
  isCurrent,
  isGoingBack,
  isOver,
  KEPT_EXCLUSIONS,
  REASON_MAX,
  totalOf,
  triedServers,
} from './state';

const DAY_MS = 86_400_000;
/** A list that is not complete after this time is not loaded any more. */
const LOAD_WITHIN_MS = DAY_MS;
/** So long after its end a plan is still there to say that it has expired. */
const EXPIRED_FOR_MS = 7 * DAY_MS;

/** The list comes page by page. */
export async function load(fleet: Fleet): Promise<void> {
  const { state } = fleet;
  const until = state.startedAt + LOAD_WITHIN_MS;
  while (!state.loaded && state.aborted === null) {
    if (Date.now() >= until)
      state.aborted = { by: null, reason: 'the list was not loaded completely within a day' };
    else await fleet.turn(until, 'the list must be complete');
  }
  if (state.loaded) return;
  // Pages that are there have to be told to end, also one that is being started.
  await fleet.handled();
  closeList(state);
}

/** Every server is inspected, and the plan put together in the order of the list. */
export async function plan(fleet: Fleet): Promise<void> {
  const { state } = fleet;
  while (state.phase === 'planning' && state.aborted === null) {
    haltOnRefusal(state);
    takeIn(state);
    if (state.plan.pages === state.pages.length) stand(state);
    else await fleet.turn();
  }
}

/** Takes in what the pages have planned, as far as it follows on what is there. */
function takeIn(state: FleetState): void {
  const { plan } = state;
  for (;;) {
    const page = state.pages[plan.pages];
    if (page === undefined) return;
    if (page.arrived !== null) addPage(state, page);
    else if (isOver(page)) exclude(state, page);
    else return;
    plan.pages += 1;
  }
}

function addPage({ plan }: FleetState, page: PageRecord): void {
  const { arrived } = page;
  if (arrived === null) return;
  for (const digest of arrived.digests) plan.chain = chained(plan.chain, digest);
  plan.servers += arrived.servers;
  plan.nics += arrived.nics;
  plan.elasticIps += arrived.elasticIps;
  for (const [grade, count] of Object.entries(arrived.byGrade))
    plan.byGrade[grade as keyof typeof plan.byGrade] =
      (plan.byGrade[grade as keyof typeof plan.byGrade] ?? 0) + count;
  plan.excludedCount += arrived.excluded.length;
  for (const { code } of arrived.excluded) plan.excludedByCode[code] = (plan.excludedByCode[code] ?? 0) + 1;
  const room = KEPT_EXCLUSIONS - plan.excluded.length;
  for (const each of arrived.excluded.slice(0, Math.max(0, room)))
    plan.excluded.push({ ...each, reason: each.reason.slice(0, REASON_MAX) });
  page.planned = {
    servers: arrived.servers,
    nics: arrived.nics,
    digest: digestOfPage(arrived.digests),
  };
  page.arrived = null;
}

/** Nobody knows what the plan of a page that has ended would be, so none of its servers is touched. */
function exclude({ plan }: FleetState, page: PageRecord): void {
  plan.excludedCount += page.servers;
  plan.excludedByCode.Refused = (plan.excludedByCode.Refused ?? 0) + page.servers;
  page.planned = { servers: 0, nics: 0, digest: digestOfPage([]) };
}

function stand(state: FleetState): void {
  const { plan, settings } = state;
  state.digest = digestOf(plan.chain, plan.excludedCount);
  state.plannedAt = Date.now();
  state.waves = wavesOf(settings.waves, plan.servers);
  state.maxErrors = fixed(settings.maxErrors, plan.servers, 'down');
  state.phase = 'planned';
}

/** Nothing happens without an approval. A plan without servers needs none. */
export async function awaitApproval(fleet: Fleet): Promise<void> {
  const { state } = fleet;
  while (state.phase === 'planned' && state.aborted === null && state.plan.servers > 0) {
    const until = expiresAt(state) + EXPIRED_FOR_MS;
    if (Date.now() >= until)
      state.aborted = { by: null, reason: 'nobody approved the plan before it expired' };
    // Looks also at the moment at which it expires, so that the page in the Web UI says so.
    else if (Date.now() < expiresAt(state)) await fleet.turn(expiresAt(state), 'the plan expires');
    else await fleet.turn(until, 'the expired plan ends');
  }
}

/** The waves, one after the other; then the undo window; and again, where failed servers are taken up in the window. */
export async function runWaves(fleet: Fleet): Promise<void> {
  const { state } = fleet;
  while (state.phase === 'running') {
    haltOnRefusal(state);
    haltOnErrors(state);
    if (isCurrent(state) && isAtRest(state) && !isGoingBack(state)) {
      const isLast = state.wave >= state.waves.length - 1;
      if (state.aborted !== null || (isLast && state.halt === null)) {
        openWindow(state);
        return;
      }
      if (state.halt === null) nextWave(state);
    }
    await fleet.turn();
  }
}

/** Every page has confirmed its order, and nothing that may run in this wave is left. */
function isAtRest(state: FleetState): boolean {
  return (
    state.pages.every((page) => {
      const { order, news, planned } = page;
      if (isOver(page) || planned?.servers === 0) return true;
      if (state.aborted !== null && !order.abort) return false;
      if (order.upTo === 0) return true;
      if (news === null || news.orderSeq < order.seq || news.inFlight > 0) return false;
      return state.aborted !== null || news.atRest >= order.upTo;
    }) && isTold(state)
  );
}

/** The pages have the bounds of the present wave. */
function isTold(state: FleetState): boolean {
  if (state.aborted !== null) return true;
  const bounds = boundsOf(state);
  return state.pages.every((page, index) => isOver(page) || page.order.upTo === bounds[index]);
}

function nextWave(state: FleetState): void {
  const { wave, waves, settings } = state;
  if (!pausesAfter(settings.pauseAfter as PauseAfter, wave, waves)) {
    state.wave += 1;
    return;
  }
  const reason = `wave ${wave + 1} of ${waves.length} is done; ${provenBy(failedServers(state), triedServers(state))}`;
  state.halt = { phase: 'paused', reason, by: null, between: true, refusal: null };
}

function haltOnErrors(state: FleetState): void {
  if (!isCurrent(state)) return;
  const failed = failedServers(state);
  if (failed <= state.maxErrors || state.halt?.phase === 'stopped' || state.aborted !== null) return;
  const reason = `${failedText(failed)}, and maxErrors is ${state.maxErrors}`;
  state.halt = { phase: 'stopped', reason, by: null, between: false, refusal: null };
}

/** Refused credentials would fail one server after the other, and five bad signatures lock a key. */
function haltOnRefusal(state: FleetState): void {
  const { halt, aborted, phase } = state;
  const goesBack = phase === 'undoing' || isGoingBack(state);
  // What goes back needs the worker's permissions, whatever else holds the run up.
  if (halt !== null && (halt.refusal !== null || !goesBack)) return;
  // An aborted run starts nothing that could be held up.
  if (aborted !== null && phase !== 'committing' && !goesBack) return;
  const page = state.pages.find(({ news, refusalsSeen }) => (news?.refusals.count ?? 0) > refusalsSeen);
  if (page === undefined) return;
  const words = page.news?.refusals.message ?? '';
  state.halt = {
    phase: 'paused',
    reason: `the cloud refuses the worker: ${words}`,
    by: null,
    between: false,
    refusal: { covers: halt },
  };
}

function openWindow(state: FleetState): void {
  state.halt = null;
  const isHeld = totalOf(state, ({ held }, page) => (isOver(page) ? 0 : held)) > 0;
  state.phase = isHeld ? 'undo-window' : 'committing';
  state.undoUntil = isHeld ? Date.now() + state.settings.undoWindowMs : null;
}

/** Until its end, or a commit. Failed servers may be taken up again meanwhile. */
export async function undoWindow(fleet: Fleet): Promise<void> {
  const { state } = fleet;
  while (state.phase === 'undo-window') {
    haltOnRefusal(state);
    // Nothing is deleted while servers are put back.
    if (isGoingBack(state)) await fleet.turn();
    else if (Date.now() >= (state.undoUntil ?? 0)) state.phase = 'committing';
    else await fleet.turn(state.undoUntil ?? 0, 'the undo window ends, and ports are deleted');
  }
}

/** The pages put back all that was taken off; what can't be put back stays as it is. */
export async function undoAll(fleet: Fleet): Promise<void> {
  const { state } = fleet;
  const isDone = (page: PageRecord) => {
    const { news, order, planned } = page;
    if (isOver(page) || planned?.servers === 0 || news === null) return true;
    return order.undo !== null && news.orderSeq >= order.seq && news.inFlight === 0 && news.toUndo === 0;
  };
  while (state.phase === 'undoing' && !state.pages.every(isDone)) {
    haltOnRefusal(state);
    await fleet.turn();
  }
}

/** The pages delete the ports that they hold. */
export async function commit(fleet: Fleet): Promise<void> {
  const { state } = fleet;
  if (state.phase === 'undoing') return;
  state.committing = true;
  state.undoUntil = null;
  const isDone = (page: PageRecord) => {
    const { news, order } = page;
    return isOver(page) || news === null || (order.commit && news.orderSeq >= order.seq && news.held === 0);
  };
  while (!state.pages.every(isDone)) {
    haltOnRefusal(state);
    await fleet.turn();
  }
}

/** The pages end, each with its report. */
export async function close(fleet: Fleet): Promise<void> {
  const { state } = fleet;
  state.phase = 'done';
  state.halt = null;
  state.endedAt ??= Date.now();
  while (!state.pages.every(isOver)) await fleet.turn();
  fleet.show();
}
