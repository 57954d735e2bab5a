/** What each page shall do, from all that the run knows: a pure function, so that no message has to be remembered. */
import type { Order } from '../../policy/fleet/agreement';
import { allowed, share } from '../../policy/fleet/slots';
import type { FleetState, PageRecord } from './state';
import { boundsOf, failedServers, isCurrent, isGoingBack, isOver } from './state';

/** So many pages are planned at a time: enough to fill the sets of reads, and the progress moves page by page. */
const PLANNED_AT_ONCE = 5;
/** A page with a server that can't be read for long holds up no other one, up to so many pages: their plans wait in the run's state. */
const PLANNED_AHEAD = 25;

/** The order of each page. `seq` is that of the latest one: the caller counts on where anything else differs. */
export function ordersOf(state: FleetState): Order[] {
  const bounds = boundsOf(state);
  const starts = startSlots(state) > 0;
  const slots = slotsOf(state, bounds);
  const planning = state.pages.filter((page) => page.order.plan && isBeingPlanned(page)).length;
  let free = mayPlan(state) ? PLANNED_AT_ONCE - planning : 0;
  const begins = ({ order }: PageRecord, index: number) =>
    !order.plan && index < state.plan.pages + PLANNED_AHEAD && free-- > 0;
  return state.pages.map((page, index) => ({
    seq: page.order.seq,
    plan: page.order.plan || begins(page, index),
    digest: page.planned?.digest ?? null,
    planned: page.planned !== null || page.arrived !== null,
    upTo: bounds[index] ?? 0,
    slots: slots[index] ?? 0,
    // Only to those that have slots: every change of an order is a signal.
    starts: starts && (slots[index] ?? 0) > 0,
    failed: page.news?.failed ?? 0,
    retries: state.retries,
    wakes: state.wakes,
    abort: state.aborted !== null || state.undone !== null,
    undo: state.undone,
    refusals: page.refusalsSeen,
    commit: state.committing,
    finish: state.phase === 'done',
  }));
}

function isBeingPlanned(page: PageRecord): boolean {
  return !isOver(page) && page.planned === null && page.arrived === null;
}

function mayPlan({ phase, halt, aborted }: FleetState): boolean {
  return phase === 'planning' && halt === null && aborted === null;
}

function slotsOf(state: FleetState, bounds: readonly number[]): number[] {
  const starts = startSlots(state) > 0;
  const demands = state.pages.map((page, index) => {
    const { atRest, toUndo, inFlight, goingBack } = page.news ?? {
      atRest: 0,
      toUndo: 0,
      inFlight: 0,
      goingBack: 0,
    };
    // What is under way has its slots until it ends, also where nothing more may begin.
    const left = starts ? Math.max(0, (bounds[index] ?? 0) - atRest) : inFlight - goingBack;
    return { need: isOver(page) ? 0 : left + toUndo, held: heldBy(page) };
  });
  return share(totalSlots(state), demands);
}

/** Slots of all pages together. What goes back needs no tolerance, and no `resume` but after refusals of the cloud. */
export function totalSlots(state: FleetState): number {
  if (state.halt?.refusal != null) return 0;
  return startSlots(state) || (isGoingBack(state) || state.undone !== null ? state.concurrency : 0);
}

/** Those of them with which further servers may begin: all, or none. */
function startSlots(state: FleetState): number {
  if (state.phase !== 'running' || state.halt !== null || state.aborted !== null) return 0;
  if (!isCurrent(state)) return 0;
  const { concurrency, maxErrors, settings } = state;
  return allowed({ concurrency, maxErrors, strict: settings.strict }, failedServers(state));
}

/** What the page may be using: it has not confirmed yet that it uses less. */
export function heldBy(page: PageRecord): number {
  if (isOver(page)) return 0;
  const { order, unconfirmed, news } = page;
  const inFlight = news?.inFlight ?? 0;
  return news !== null && news.orderSeq >= order.seq
    ? Math.max(order.slots, inFlight)
    : Math.max(order.slots, unconfirmed, inFlight);
}
