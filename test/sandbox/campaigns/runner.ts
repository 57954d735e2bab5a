/** Plays seeds, judges each, and counts what has happened. */
import type { ResultDocument } from '../../../src/contract';
import { playAll } from '../engine/play';
import { judgeAll, serverOf } from './delete/rules';
import type { Sandbox } from '../engine/replica';
import type { Plan } from './delete/plan';
import { planOf, readable, scheduleOf } from './delete/plan';
import type { Played } from '../engine/schedule';
import type { World } from '../engine/world';

export interface Tally {
  schedules: number;
  outcomes: Record<string, number>;
  faults: Record<string, number>;
  crashes: number;
  updates: Record<string, number>;
  cancels: number;
  resets: number;
  chains: number;
  terminations: number;
  violations: number;
}

export function emptyTally(): Tally {
  return {
    schedules: 0,
    outcomes: {},
    faults: {},
    crashes: 0,
    updates: {},
    cancels: 0,
    resets: 0,
    chains: 0,
    terminations: 0,
    violations: 0,
  };
}

/** Why this seed fails; `null`: it does not. */
export async function playSeed(
  seed: number,
  world: World,
  tally: Tally,
  from?: Sandbox,
): Promise<string | null> {
  const plan = planOf(seed);
  tally.schedules += 1;
  let all: Played[] = [];
  try {
    const server = serverOf(world, plan.server);
    prepareWorld(world, plan);
    all = await playAll(scheduleOf(plan, server.id, server.nics), world, from);
    count(tally, world, all);
    judgeAll(world, server.id, all);
    return null;
  } catch (error) {
    tally.violations += 1;
    return `${error instanceof Error ? error.message : String(error)}\n  ${readable(plan)}${toldBy(all)}`;
  }
}

export function prepareWorld(
  world: World,
  plan: Pick<Plan, 'seed' | 'knobs' | 'faults' | 'lookUpsFail' | 'outage' | 'strangersHave' | 'moved'>,
): void {
  const { control } = world.simulator;
  control.setKnobs(plan.knobs);
  // Drawn anew for each schedule, whatever the seed of the simulator.
  for (const fault of plan.faults) control.addFault({ ...fault, seed: plan.seed });
  world.lookUpsFail = plan.lookUpsFail;
  const during = ({ at, ms }: { at: number; ms: number }) => {
    const from = world.clock.now() + at;
    return (now: number) => now >= from && now < from + ms;
  };
  world.strangersHave = plan.strangersHave;
  if (plan.moved !== null) world.onlyStrangers = during(plan.moved);
  if (plan.outage !== null) world.unreachable = during(plan.outage);
}

export function count(tally: Tally, world: World, all: Played[]): void {
  const add = (counts: Record<string, number>, name: string, n = 1) => {
    counts[name] = (counts[name] ?? 0) + n;
  };
  for (const { what, struck } of world.simulator.control.faults())
    if (struck > 0) add(tally.faults, what.kind, struck);
  for (const { end, status, wasReset, runIds, crashes, cancelledAt, waiting } of all) {
    if (end.kind === 'terminated') tally.terminations += end.reset ? 0 : 1;
    else add(tally.outcomes, (status as ResultDocument).outcome);
    if (wasReset) tally.resets += 1;
    if (runIds.length > 1) tally.chains += 1;
    if (cancelledAt !== null) tally.cancels += 1;
    tally.crashes += crashes;
    for (const { answer } of waiting.flatMap(({ asked }) => asked))
      add(tally.updates, answer?.kind === 'rejected' ? answer.type : (answer?.kind ?? 'unanswered'));
  }
}

export function toldBy(all: Played[]): string {
  const lines = all.map(({ end, status, memo, activities, startedAt, endedAt, wasReset }, index) => {
    const told = status as ResultDocument | undefined;
    const nics = told?.nics.map(({ id, outcome, message }) =>
      `${id.slice(0, 8)} ${outcome} ${message ?? ''}`.trim(),
    );
    const did = activities.map(
      ({ type, told: heard, attempts, scheduledAt }) =>
        `    ${String(Math.round((scheduledAt - startedAt) / 100) / 10).padStart(7)} s ${type} ×${attempts}: ${brief(heard)}`,
    );
    return [
      `run ${index + 1}${wasReset ? ' (reset)' : ''}: ${end.kind} ${told?.outcome ?? ''} after ${endedAt - startedAt} ms, ` +
        `memo ${JSON.stringify(memo)}, jobs ${JSON.stringify(told?.jobs ?? [])}`,
      `  ${(nics ?? []).join('; ')}`,
      ...(told?.warnings ?? []).map((warning) => `  warning: ${warning}`),
      ...did,
    ].join('\n  ');
  });
  return lines.map((line) => `\n  ${line}`).join('');
}

function brief(told: Played['activities'][number]['told']): string {
  if (told === undefined) return 'nobody heard';
  if (!('result' in told)) return JSON.stringify(told);
  const { kind, status, why, code, jobId, listed, then, previous } = told.result as Record<string, unknown>;
  return JSON.stringify({
    kind,
    status,
    why,
    code,
    jobId,
    listed: (listed as string[] | undefined)?.length,
    then,
    previous,
  });
}
