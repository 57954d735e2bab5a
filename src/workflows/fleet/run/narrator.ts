/** What a decommission run tells the worker's log: where it stands, whenever that changes, and what people have decided. */
import { countsText, tell } from '../../run/tell';
import type { FleetState } from './state';
import { countsOf } from './state';
import { outcomeOf, phaseOf } from './status';

export class Narrator {
  #told: string;

  /** @param isNew not the next run of a chain, whose phase was told already */
  constructor(state: FleetState, isNew: boolean) {
    this.#told = isNew ? '' : placeOf(state);
    if (!isNew) return;
    const { requestedBy = null, reason = null } = state.settings ?? {};
    tell('fleet.started', { fleet: state.run, requestedBy, reason });
  }

  /** Tells where the run stands, if that is news. */
  goOn(state: FleetState): void {
    const place = placeOf(state);
    if (place === this.#told) return;
    this.#told = place;
    const { run: fleet } = state;
    const phase = phaseOf(state);
    if (phase === 'done') {
      const counts = countsText(countsOf(state)) ?? 'no server';
      tell('fleet.ended', { fleet, outcome: outcomeOf(state), counts });
    } else tell(isHalted(phase) ? 'fleet.stopped' : 'fleet.phase', { fleet, phase, why: whyOf(state) });
  }
}

const isHalted = (phase: string): boolean => phase === 'paused' || phase === 'stopped';

const placeOf = (state: FleetState): string => `${phaseOf(state)} ${whyOf(state) ?? ''}`;

function whyOf(state: FleetState): string | null {
  const { halt, plan, wave, waves, undoUntil } = state;
  const phase = phaseOf(state);
  if (isHalted(phase)) return halt?.reason ?? null;
  if (phase === 'planned') return `${plan.servers} servers with ${plan.nics} NICs wait for an approval`;
  if (phase === 'running') return `wave ${wave + 1} of ${waves.length}, up to server ${waves[wave] ?? 0}`;
  if (phase === 'undo-window' && undoUntil !== null) return `until ${new Date(undoUntil).toISOString()}`;
  return null;
}
