/** The documents of a run, from its state: query, Web UI and result can't disagree. */
import type {
  DecommissionOutcome,
  DecommissionPhase,
  DecommissionStatus,
  PlanDocument,
} from '../../../contract/decommission/types';
import { pageWorkflowId } from '../../../contract/decommission/names';
import { allowed, mayStillFail } from '../../policy/fleet/slots';
import { forecastOf } from '../../policy/fleet/forecast';
import { possible } from './control';
import { heldBy, totalSlots } from './orders';
import { rateOf, restOf } from './progress';
import type { FleetState } from './state';
import {
  countsOf,
  failedServers,
  isGoingBack,
  isOver,
  outdated,
  pageStateOf,
  restWithin,
  SHOWN_FAILURES,
  totalOf,
} from './state';

/** Exclusions in one answer. */
const EXCLUSIONS_PER_PAGE = 100;

export function phaseOf(state: FleetState): DecommissionPhase {
  const { phase, halt } = state;
  // A plan waits for its approval also where somebody has paused the run; what is approved then waits for `resume`.
  if (phase === 'done' || phase === 'planned') return phase;
  // Only the cloud's refusals hold up what goes back.
  if (halt?.refusal == null && isGoingBack(state)) return 'undoing';
  return halt?.phase ?? phase;
}

export function statusOf(state: FleetState, now: number): DecommissionStatus {
  const { settings, plan, halt, aborted, undone } = state;
  const failed = failedServers(state);
  const inFlight = totalOf(state, (news, { lost }) => (lost ? 0 : news.inFlight));
  const openTotal = (value: 'toUndo' | 'goingBack') =>
    totalOf(state, (news, page) => (isOver(page) ? 0 : news[value]));
  const [toUndo, goingBack] = [openTotal('toUndo'), openTotal('goingBack')];
  const atRest = restOf(state);
  const rate = rateOf(state);
  const bound = state.approved ? (state.waves[state.wave] ?? 0) : 0;
  const before = state.waves[state.wave - 1] ?? 0;
  // A page that has ended early has ends beyond the wave as well: they don't stand for servers of other pages.
  const restOfWave = restWithin(state, bound);
  const open = Math.max(0, bound - restOfWave);
  const tolerance = { ...state, strict: settings?.strict ?? false };
  const runs = state.phase === 'running';
  // Until a page has confirmed that it starts nothing more it may be starting servers.
  const underWay = Math.max(
    inFlight,
    state.pages.reduce((sum, page) => sum + heldBy(page), 0),
  );
  // Servers that shall be tried again may fail again, and have not failed any more.
  const past = outdated(state);
  const canFail = () => mayStillFail(tolerance, failed - past.failed, underWay, open + past.again);
  const goesOn = runs && halt === null && aborted === null;
  const remaining = plan.servers - atRest;
  // A refusal of the cloud is what a person has to mend.
  const why = (halt?.refusal == null ? null : halt) ?? undone ?? aborted ?? halt;
  return {
    run: state.run,
    phase: phaseOf(state),
    reason: why?.reason ?? null,
    betweenWaves: halt?.between ?? false,
    by: why?.by ?? null,
    outcome: state.phase === 'done' ? outcomeOf(state) : null,
    digest: state.digest,
    servers: plan.servers,
    nics: plan.nics,
    excluded: plan.excludedCount,
    wave: state.approved
      ? {
          number: state.wave + 1,
          of: state.waves.length,
          size: bound - before,
          done: Math.max(0, restOfWave - before),
        }
      : null,
    waves: state.waves,
    counts: countsOf(state),
    failed,
    maxErrors: state.digest === null ? null : state.maxErrors,
    inFlight,
    back: backOf(state, toUndo),
    undone: undone !== null,
    effectiveConcurrency: runs || toUndo > 0 ? totalSlots(state) : allowed(tolerance, failed),
    // What goes back may fail, too, whatever is tolerated.
    mayStillFail: goesOn ? canFail() + toUndo : underWay + toUndo - goingBack,
    ratePerMinute: goesOn && rate !== null ? Math.round(rate * 10) / 10 : null,
    eta: goesOn && rate !== null && rate > 0 && remaining > 0 ? iso(now + (remaining / rate) * 60_000) : null,
    undoUntil: state.undoUntil === null ? null : iso(state.undoUntil),
    expires: state.plannedAt === null || state.approved ? null : iso(expiresAt(state)),
    startedAt: iso(state.startedAt),
    endedAt: state.endedAt === null ? null : iso(state.endedAt),
    failures: state.pages.flatMap(({ news }) => news?.failures ?? []).slice(0, SHOWN_FAILURES),
    controls: state.controls,
    requestedBy: settings?.requestedBy ?? null,
    pages: state.pages.map((page, index) => ({
      workflowId: pageWorkflowId(state.run, index),
      servers: page.servers,
      state: pageStateOf(page),
    })),
    progress: { listed: listedOf(state), inspected: totalOf(state, ({ inspected }) => inspected) },
    next: possible(state, now),
  };
}

export function expiresAt(state: FleetState): number {
  return (state.plannedAt ?? 0) + state.settings.planExpiresMs;
}

export function outcomeOf(state: FleetState): DecommissionOutcome {
  if (state.undone !== null) return isBack(state) ? 'undone' : 'incomplete';
  if (state.aborted !== null) return 'aborted';
  const isLeft = restOf(state) < state.plan.servers || state.pages.some(({ endedEarly }) => endedEarly);
  return failedServers(state) > 0 || isLeft ? 'incomplete' : 'done';
}

function backOf(state: FleetState, toUndo: number): DecommissionStatus['back'] {
  const done = totalOf(state, ({ tried }) => tried);
  return done + toUndo === 0 ? null : { done, of: done + toUndo };
}

/** Nothing that was taken off is left: a page that has ended early may have left something, and so may one that is lost. */
function isBack(state: FleetState): boolean {
  const { unknown = 0, 'restore-incomplete': incomplete = 0, detached = 0, deleted = 0 } = countsOf(state);
  const isLeft = unknown + incomplete + detached + deleted > 0;
  return !isLeft && !state.pages.some(({ endedEarly, lost }) => endedEarly || lost);
}

function listedOf(state: FleetState): number {
  const pages = state.pages.length > 0 ? state.pages : Object.values(state.loading);
  return pages.reduce((sum, { servers }) => sum + servers, 0);
}

/**
 * @param status of the same state
 * @param page of the exclusions, from 0
 */
export function planOf(state: FleetState, status: DecommissionStatus, page: number): PlanDocument {
  const { plan, settings } = state;
  const from = page * EXCLUSIONS_PER_PAGE;
  const excluded = plan.excluded.slice(from, from + EXCLUSIONS_PER_PAGE);
  const { progress, effectiveConcurrency, expires, phase } = status;
  return {
    run: state.run,
    phase,
    digest: state.digest,
    servers: plan.servers,
    nics: plan.nics,
    inspected: progress.inspected,
    listed: progress.listed,
    excluded,
    excludedCount: plan.excludedCount,
    excludedByCode: plan.excludedByCode,
    byGrade: plan.byGrade,
    elasticIps: plan.elasticIps,
    waves: state.waves,
    forecast:
      state.digest === null
        ? null
        : forecastOf(plan.servers, settings.undoWindowMs > 0, state.callsPerSecond, effectiveConcurrency),
    expires,
    nextPage: from + EXCLUSIONS_PER_PAGE < plan.excluded.length ? page + 1 : null,
    pages: status.pages.map(({ workflowId }) => workflowId),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
