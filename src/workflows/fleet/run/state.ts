/** All that a decommission run knows, as plain values: handed on when it continues as new. Times are epoch ms. */
import type { CheckedDecommission } from '../../../contract/decommission/input';
import type {
  Control,
  DecommissionPhase,
  Excluded,
  PageState,
  ServerOutcome,
} from '../../../contract/decommission/types';
import type { ByWhom, RestoreGrade } from '../../../contract/types';
import { partOf } from '../../policy/fleet/waves';
import type { NamedServers, News, Order, PlanNews } from '../../policy/fleet/agreement';

/** One page, as the run knows it. The list itself is with the page. */
export interface PageRecord {
  /** Servers loaded. */
  servers: number;
  /** What tells its servers apart from most others, shortened: `MARK` digits each, one after the other. */
  marks: string;
  /** Of its list: the same page may be loaded again, a different one may not. */
  digest: string;
  /** The latest order that was sent. */
  order: Order;
  /** It did not arrive: the page was not there, or not yet. */
  undelivered: boolean;
  /** It has ended before it was told to. */
  endedEarly: boolean;
  /** The slots of orders that the page has not confirmed yet, the highest of them. */
  unconfirmed: number;
  news: News | null;
  /** Its part of the plan has arrived, and is not part of the run's plan yet: pages are taken in order. */
  arrived: PlanNews | null;
  /** `null`: not all of its servers were inspected. */
  planned: { servers: number; nics: number; digest: string } | null;
  /** Refusals of the cloud that a person has dealt with. */
  refusalsSeen: number;
  /** It ended without a last word. */
  lost: boolean;
  /** Named servers that it has not heard of, because it was lost; `null`: nothing is owed to it. */
  owed: NamedServers | null;
}

/** A page that is loaded, or is being loaded. */
export interface LoadedPage {
  servers: number;
  digest: string;
  /** What tells its servers apart, shortened. */
  marks: string[];
  started: boolean;
}

export interface PlanRecord {
  /** Pages whose servers are part of it; they are taken in order. */
  pages: number;
  /** Over the settings and the servers so far. */
  chain: string;
  servers: number;
  nics: number;
  elasticIps: number;
  byGrade: Partial<Record<RestoreGrade, number>>;
  excludedCount: number;
  excludedByCode: Partial<Record<Excluded['code'], number>>;
  /** The first ones; the pages hold them all. */
  excluded: Excluded[];
}

/** Why nothing is started, and what was going on. */
export interface Halt {
  phase: 'paused' | 'stopped';
  reason: string;
  by: string | null;
  /** Set by the run itself between two waves: `resume` needs no other change. */
  between: boolean;
  /** The cloud refuses the worker; what held the run up before holds it up again once that is mended. */
  refusal: { covers: Halt | null } | null;
}

export interface FleetState {
  run: string;
  settings: CheckedDecommission;
  phase: Exclude<DecommissionPhase, 'paused' | 'stopped'>;
  halt: Halt | null;
  startedAt: number;
  endedAt: number | null;
  pages: PageRecord[];
  /** While the list is loaded, by number. */
  loading: Record<number, LoadedPage>;
  loaded: boolean;
  plan: PlanRecord;
  /** Set once the plan stands. */
  digest: string | null;
  plannedAt: number | null;
  /** Cumulative sizes. */
  waves: number[];
  /** From 0. */
  wave: number;
  maxErrors: number;
  concurrency: number;
  approved: boolean;
  retries: number;
  wakes: number;
  /**
   * Servers that people have named, of which the pages do not know yet. `seq` counts such messages: a page that has not confirmed
   * the latest one may count failures that do not count any more.
   */
  named: NamedServers;
  /** The latest one that wants servers put back. */
  undoSeq: number;
  aborted: { by: string | null; reason: string } | null;
  /** All is put back, and the run ends. */
  undone: ByWhom | null;
  undoUntil: number | null;
  committing: boolean;
  controls: Control[];
  callsPerSecond: number | null;
  /** When the pages were last asked for. */
  checkedAt: number;
  /** How many servers were at rest at some moments of the last minutes. */
  progress: { at: number; atRest: number }[];
}

/** Of the first exclusions so many are kept here, with reasons of so many characters. */
export const KEPT_EXCLUSIONS = 200;
export const REASON_MAX = 160;
/** Failures that `status` names. */
export const SHOWN_FAILURES = 20;
export const SHOWN_CONTROLS = 10;

export function pageStateOf({ lost, news }: PageRecord): PageState {
  return lost ? 'lost' : (news?.state ?? 'loaded');
}

export function totalOf(state: FleetState, value: (news: News, page: PageRecord) => number): number {
  return state.pages.reduce((sum, page) => sum + (page.news === null ? 0 : value(page.news, page)), 0);
}

/** Of each page, the planned servers that may be started in the waves so far. */
export function boundsOf(state: FleetState): number[] {
  return partsOf(state, state.approved ? (state.waves[state.wave] ?? 0) : 0);
}

/** Of each page, its part of the first `bound` planned servers. */
function partsOf({ pages }: FleetState, bound: number): number[] {
  let before = 0;
  return pages.map(({ planned }) => {
    const part = partOf(bound, before, planned?.servers ?? 0);
    before += planned?.servers ?? 0;
    return part;
  });
}

/**
 * Of the first `bound` planned servers, those of which nothing more comes. A page that is over has ended all of its own; one that is
 * ending counts servers beyond the bound as well, while others are still under way.
 */
export function restWithin(state: FleetState, bound: number): number {
  const parts = partsOf(state, bound);
  return state.pages.reduce((sum, page, index) => {
    const part = parts[index] ?? 0;
    const { atRest, inFlight, goingBack } = page.news ?? { atRest: 0, inFlight: 0, goingBack: 0 };
    return sum + (isOver(page) ? part : Math.max(0, Math.min(atRest, part - (inFlight - goingBack))));
  }, 0);
}

/** Of lost pages, the servers that may have begun and had no end: nobody knows what became of them. */
export function lostServers({ pages }: FleetState): number {
  return pages.reduce((sum, { lost, order, news, planned }) => {
    const begun = lost ? Math.min(order.upTo, planned?.servers ?? 0) : 0;
    return sum + Math.max(0, begun - (news?.atRest ?? 0));
  }, 0);
}

/** Nothing more comes of it, and nothing reaches it: it has ended, with a last word or without. */
export function isOver({ lost, news }: PageRecord): boolean {
  return lost || news?.state === 'done';
}

/** Every page has taken up its failed servers again, and left alone the skipped ones, as far as people have asked for it. */
export function isCurrent(state: FleetState): boolean {
  return state.pages.every((page) => hasFollowed(state, page));
}

function hasFollowed({ retries, named }: FleetState, page: PageRecord): boolean {
  const { news, planned } = page;
  if (isOver(page) || planned?.servers === 0 || news === null) return true;
  return news.retries >= retries && news.namedSeq >= named.seq;
}

/** Some servers are to be put back, and are not yet. */
export function isGoingBack({ pages, undoSeq }: FleetState): boolean {
  return pages.some((page) => {
    if (isOver(page) || page.planned?.servers === 0 || page.news === null) return false;
    return page.news.toUndo > 0 || page.news.namedSeq < undoSeq;
  });
}

/** What pages count although people have asked for something else: `failed` in all, of them `again` to be tried once more. */
export function outdated(state: FleetState): { failed: number; again: number } {
  const behind = state.pages.filter((page) => !hasFollowed(state, page));
  const sum = (pages: PageRecord[], what: 'failed' | 'again') =>
    pages.reduce((all, { news }) => all + (news?.[what] ?? 0), 0);
  const isBehind = ({ news }: PageRecord) => (news?.retries ?? 0) < state.retries;
  return { failed: sum(behind, 'failed'), again: sum(behind.filter(isBehind), 'again') };
}

/** `1 server has failed`. */
export function failedText(failed: number): string {
  return `${failed} server${failed === 1 ? ' has' : 's have'} failed`;
}

export function failedServers(state: FleetState): number {
  return totalOf(state, ({ failed }) => failed) + lostServers(state);
}

/** The sample of which a wave says what it proves: servers that were left alone prove nothing. */
export function triedServers(state: FleetState): number {
  return Object.entries(countsOf(state)).reduce(
    (sum, [outcome, count]) => (outcome === 'untouched' ? sum : sum + count),
    0,
  );
}

export function countsOf(state: FleetState): Partial<Record<ServerOutcome, number>> {
  const counts: Partial<Record<ServerOutcome, number>> = {};
  const add = (outcome: ServerOutcome, count: number) => {
    if (count > 0) counts[outcome] = (counts[outcome] ?? 0) + count;
  };
  for (const page of state.pages) {
    // A page that ended before it had a plan is told as excluded.
    if (page.planned?.servers === 0) continue;
    for (const [outcome, count] of Object.entries(page.news?.counts ?? {}))
      add(outcome as ServerOutcome, count);
  }
  add('unknown', lostServers(state));
  return counts;
}
