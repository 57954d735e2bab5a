/**
 * The messages that people send to a run: when each applies, and what it changes. Each is one synchronous step that
 * answers at once. Pure, apart from the state.
 */
import type { Approval, Limits, Named } from '../../../contract/decommission/input';
import type { DecommissionControl as Control } from '../../../contract/decommission/names';
import { fixed, textOf } from '../../../contract/decommission/shares';
import type { ByWhom } from '../../../contract/types';
import type { FleetState } from './state';
import {
  failedServers,
  failedText,
  isCurrent,
  isGoingBack,
  isOver,
  lostServers,
  SHOWN_CONTROLS,
  totalOf,
} from './state';

/** Why the message does not apply now, with the remedy; `null`: it does. */
export function problemOf(what: Control, state: FleetState, now: number): string | null {
  const { phase, halt } = state;
  if (phase === 'done') return 'the run has ended';
  if (state.aborted !== null && !AFTER_ABORT.has(what) && !(what === 'resume' && halt !== null))
    return `the run was aborted${byWhom(state.aborted.by)}: nothing more is started; start the rest of the list as a new run`;
  switch (what) {
    case 'approve':
      return approvable(state, now);
    case 'pause':
      if (halt !== null) return `it is ${halt.phase} already: ${halt.reason}`;
      return phase === 'running' || phase === 'planning'
        ? null
        : `nothing is being started in phase ${phase}`;
    case 'resume':
      return resumable(state);
    case 'setLimits':
      if (!state.approved) return `nothing runs yet (phase ${phase}): limits are part of what is approved`;
      return phase === 'running' || phase === 'undoing' || isGoingBack(state)
        ? null
        : `all waves are over (phase ${phase})`;
    case 'skip':
      return wavesOver(phase);
    case 'retryFailed':
      if (phase !== 'running' && phase !== 'undo-window')
        return `nothing has been tried yet, or it is too late (phase ${phase})`;
      return totalOf(state, ({ again }, page) => (isOver(page) ? 0 : again)) === 0
        ? 'no server has failed or was busy'
        : null;
    case 'abort':
      if (state.aborted !== null) return 'the run was aborted already';
      return wavesOver(phase);
    case 'undo':
      return undoable(state);
    case 'commit':
      if (phase !== 'undo-window') return `no undo window is open (phase ${phase})`;
      return isGoingBack(state) ? 'servers are being put back: send it again once that is over' : null;
  }
}

/** After an abort the window of what was detached before it is still open. */
const AFTER_ABORT: ReadonlySet<Control> = new Set(['abort', 'commit', 'undo']);

function approvable(state: FleetState, now: number): string | null {
  const { phase, plan, settings, plannedAt } = state;
  if (state.approved) return 'the plan was approved already';
  if (phase === 'loading' || phase === 'planning') return `the plan does not stand yet (phase ${phase})`;
  if (plannedAt !== null && now > plannedAt + settings.planExpiresMs)
    return 'the plan has expired: servers may have changed since; abort this run, and start the list again';
  if (plan.servers > settings.maxServers)
    return (
      `the plan has ${plan.servers} servers, and maxServers is ${settings.maxServers}: ` +
      'abort this run, and start it with a shorter list or a higher cap'
    );
  return null;
}

function resumable(state: FleetState): string | null {
  const { halt, maxErrors } = state;
  if (halt === null && state.phase !== 'running') return `it is not paused (phase ${state.phase})`;
  const failed = failedServers(state);
  // What skips and retries leave of the failures is known once the pages have confirmed them: a run that has to stop then, stops.
  if (state.phase !== 'running' || failed <= maxErrors || !isCurrent(state)) return null;
  const lost = lostServers(state);
  const beyond = lost === 0 ? '' : ` (of ${lost} of them the page is gone, and only setLimits helps)`;
  return (
    `${failedText(failed)}, and maxErrors is ${maxErrors}: raise it with setLimits, take the failed ones up ` +
    `again with retryFailed, or leave them with skip${beyond}`
  );
}

function wavesOver(phase: FleetState['phase']): string | null {
  const isOver = phase === 'undo-window' || phase === 'committing' || phase === 'undoing';
  return isOver ? `all waves are over (phase ${phase})` : null;
}

function undoable({ phase, approved }: FleetState): string | null {
  if (phase === 'undoing') return 'the whole run is being put back already';
  if (phase === 'committing')
    return 'the kept ports are being deleted: put servers back one by one with `ecs-nics restore <server-id>`';
  return approved ? null : `nothing has been taken off (phase ${phase}): abort it`;
}

/** The plan that is approved must be the plan that was read. */
export function mismatch({ digest, plan }: FleetState, approval: Approval): string | null {
  const differing = [
    ...(approval.digest === digest ? [] : [`digest ${digest ?? ''}`]),
    ...(approval.servers === plan.servers ? [] : [`${plan.servers} servers`]),
    ...(approval.nics === plan.nics ? [] : [`${plan.nics} NICs`]),
  ];
  return differing.length === 0
    ? null
    : `the plan has ${differing.join(', ')}: read it again (query plan), and approve what it says`;
}

/** Carries the message out, and writes down who has sent it and why. */
export function carryOut(
  what: Control,
  state: FleetState,
  argument: ByWhom & Partial<Limits> & Partial<Named>,
  now: number,
): void {
  const { by, reason } = argument;
  const told = detailOf(what, argument);
  state.controls = [...state.controls, { what: told, by, reason, at: new Date(now).toISOString() }].slice(
    -SHOWN_CONTROLS,
  );
  switch (what) {
    case 'approve':
      state.approved = true;
      state.phase = 'running';
      return;
    case 'pause':
      state.halt = { phase: 'paused', reason, by, between: false, refusal: null };
      return;
    case 'resume':
      if (state.halt?.between === true) state.wave += 1;
      state.halt = state.halt?.refusal?.covers ?? null;
      dealWithRefusals(state);
      state.wakes += 1;
      return;
    case 'setLimits':
      if (argument.concurrency != null) state.concurrency = argument.concurrency;
      if (argument.maxErrors != null) state.maxErrors = fixed(argument.maxErrors, state.plan.servers, 'down');
      return;
    case 'retryFailed':
      state.retries += 1;
      // The wave is not at rest any more, so it is not followed by the next one.
      if (state.halt !== null) state.halt = { ...state.halt, between: false };
      if (state.phase === 'undo-window') {
        state.phase = 'running';
        state.undoUntil = null;
      }
      return;
    case 'abort':
      state.aborted = { by, reason };
      state.halt = null;
      dealWithRefusals(state);
      return;
    case 'commit':
      state.undoUntil = now;
      return;
    case 'skip':
      state.named.skip.push(...(argument.servers ?? []));
      state.named.seq += 1;
      return;
    case 'undo':
      if (argument.servers == null) {
        state.undone = { by, reason };
        state.phase = 'undoing';
        state.halt = null;
        dealWithRefusals(state);
        state.undoUntil = null;
        return;
      }
      state.named.undo.push(...argument.servers);
      state.named.who = { by, reason };
      state.named.seq += 1;
      state.undoSeq = state.named.seq;
      return;
  }
}

/** Only what the cloud refuses from now on is news. */
function dealWithRefusals({ pages }: FleetState): void {
  for (const page of pages) page.refusalsSeen = page.news?.refusals.count ?? 0;
}

function detailOf(
  what: Control,
  { concurrency, maxErrors, servers }: Partial<Limits> & Partial<Named>,
): string {
  const details = [
    ...(concurrency == null ? [] : [`concurrency ${concurrency}`]),
    ...(maxErrors == null ? [] : [`maxErrors ${textOf(maxErrors)}`]),
    ...(!Array.isArray(servers) ? [] : [`${servers.length} server${servers.length === 1 ? '' : 's'}`]),
  ];
  return details.length === 0 ? what : `${what} (${details.join(', ')})`;
}

const ALL: readonly Control[] = [
  'approve',
  'pause',
  'resume',
  'setLimits',
  'skip',
  'retryFailed',
  'undo',
  'commit',
  'abort',
];

/** What a person can do now. */
export function possible(state: FleetState, now: number): string[] {
  if (state.phase === 'loading' && !state.loaded) return ['load', 'loaded', 'abort'];
  return ALL.filter((what) => problemOf(what, state, now) === null);
}

function byWhom(by: string | null): string {
  return by === null ? '' : ` by ${by}`;
}
