/** Counts what has happened in the schedules of a campaign. */
import { expect } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import type { Played } from '../engine/schedule';
import type { World } from '../engine/world';
import type { SharedPlan } from './shared-plan';

export type Tally = ReturnType<typeof emptyTally>;

type Counts = Record<string, number>;

export function emptyTally() {
  return {
    schedules: 0,
    outcomes: {} as Counts,
    rows: {} as Counts,
    decisions: {} as Counts,
    faults: {} as Counts,
    /** Schedules with each knob. */
    knobs: {} as Counts,
    /** Schedules with other servers beside the run's. */
    crowds: 0,
    /** Calls that have read a set, and answers that fell short. */
    sets: { calls: 0, fallbacks: 0 },
    updates: {} as Counts,
    crashes: 0,
    cancels: 0,
    resets: 0,
    chains: 0,
    terminations: 0,
    violations: 0,
    /** What others did. */
    deeds: 0,
  };
}

export function count(tally: Tally, world: World, plan: SharedPlan, all: readonly Played[]): void {
  const add = (counts: Counts, name: string, n = 1) => {
    counts[name] = (counts[name] ?? 0) + n;
  };
  for (const name of Object.keys(plan.knobs)) add(tally.knobs, name);
  if (plan.crowd !== null) tally.crowds += 1;
  tally.sets.calls += world.sets.calls;
  tally.sets.fallbacks += world.sets.fallbacks;
  for (const { what, struck } of world.simulator.control.faults())
    if (struck > 0) add(tally.faults, what.kind, struck);
  for (const { end, status, wasReset, runIds, crashes, cancelledAt, waiting } of all) {
    const told = status as ResultDocument | undefined;
    if (end.kind === 'terminated') tally.terminations += end.reset ? 0 : 1;
    else add(tally.outcomes, (status as ResultDocument).outcome);
    for (const { outcome } of told?.nics ?? []) add(tally.rows, outcome);
    if (told?.decision) add(tally.decisions, told.decision.what);
    if (wasReset) tally.resets += 1;
    if (runIds.length > 1) tally.chains += 1;
    if (cancelledAt !== null) tally.cancels += 1;
    tally.crashes += crashes;
    for (const { answer } of waiting.flatMap(({ asked }) => asked))
      add(tally.updates, answer?.kind === 'rejected' ? answer.type : (answer?.kind ?? 'unanswered'));
  }
}

const KNOBS_OF_SETS = [
  'serverIdsHonoured',
  'serverIdsForm',
  'serverListPrimary',
  'portIdsHonoured',
  'portListPrimary',
  'setLagSeconds',
];

/** Reads have gathered, and every knob about them was turned. */
export function expectSets({ crowds, sets, knobs, faults }: Tally, schedules: number): void {
  expect(crowds).toBeGreaterThan(schedules / 5);
  expect(sets.calls, 'calls that read a set').toBeGreaterThan(schedules);
  expect(sets.fallbacks, 'answers that fell short').toBeGreaterThan(schedules / 50);
  expect(faults['lost-entry'] ?? 0, 'entries lost').toBeGreaterThan(schedules / 100);
  for (const name of KNOBS_OF_SETS) expect(knobs[name] ?? 0, name).toBeGreaterThan(schedules / 100);
}
