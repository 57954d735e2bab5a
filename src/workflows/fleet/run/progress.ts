/** How fast a run goes, from how many servers were at rest at some moments. */
import type { FleetState } from './state';
import { totalOf } from './state';

/** A sample at most every 10 s, over the last 5 minutes: long enough for jobs of a minute. */
const EVERY_MS = 10_000;
const SPAN_MS = 5 * 60_000;

export function noteProgress(state: FleetState, now: number): void {
  if (state.phase !== 'running') return;
  const atRest = restOf(state);
  const last = state.progress.at(-1);
  if (last !== undefined && (now - last.at < EVERY_MS || last.atRest > atRest)) return;
  state.progress.push({ at: now, atRest });
  while ((state.progress[0]?.at ?? now) < now - SPAN_MS) state.progress.shift();
}

/** Of the pages' plans, the servers that have an end. */
export function restOf(state: FleetState): number {
  return totalOf(state, ({ atRest }) => atRest);
}

/** Servers a minute; `null`: not known yet. */
export function rateOf({ progress }: FleetState): number | null {
  const [first] = progress;
  const last = progress.at(-1);
  if (first === undefined || last === undefined || last.at === first.at) return null;
  return ((last.atRest - first.atRest) * 60_000) / (last.at - first.at);
}
