/** Plays a seed of a campaign, judges it, and counts what has happened. */
import type { ServerState } from '../../../simulator';
import { createCrowd } from '../engine/crowd';
import { playAll } from '../engine/play';
import type { Sandbox } from '../engine/replica';
import type { Played, Schedule } from '../engine/schedule';
import type { World } from '../engine/world';
import { serverOf } from '../engine/world';
import type { SharedPlan } from './shared-plan';
import { readable } from './shared-plan';
import type { Tally } from './tally';
import { count } from './tally';
import { toldBy } from './told';

export interface Campaign<P extends SharedPlan = SharedPlan> {
  /** In this folder. */
  folder: string;
  planOf: (seed: number) => P;
  /** What a plan becomes in a world with its server. */
  stage: (plan: P, world: World, server: { id: string; nics: string[] }) => Stage;
  /** A generator that has dried up would prove nothing. @param schedules that the figures are of */
  expectEnough: (tally: Tally, schedules: number) => void;
}

interface Stage {
  schedule: Schedule;
  /** Throws what is wrong. */
  judge: (noted: readonly Noted[]) => void;
  /** How often others have acted. */
  deeds?: () => number;
}

/** The server as it was at some time. */
export interface Moment {
  state: ServerState;
  at: number;
}

/** A run, and the server when it began and when it ended. */
export interface Noted {
  played: Played;
  before: Moment;
  after: Moment;
}

/** Why this seed fails; `null`: it does not. */
export async function playSeed<P extends SharedPlan>(
  campaign: Campaign<P>,
  seed: number,
  world: World,
  tally: Tally,
  from?: Sandbox,
): Promise<string | null> {
  const plan = campaign.planOf(seed);
  tally.schedules += 1;
  const ended: Played[] = [];
  try {
    const server = serverOf(world, plan.server);
    prepareWorld(world, plan, server.id);
    const { schedule, judge, deeds } = campaign.stage(plan, world, server);
    const noted = note(world, server.id, ended);
    await playAll(schedule, world, from);
    count(tally, world, plan, ended);
    tally.deeds += deeds?.() ?? 0;
    judge(noted);
    return null;
  } catch (error) {
    tally.violations += 1;
    const why = error instanceof Error ? error : new Error(String(error));
    return `${(process.env.STACKS && why.stack) || why.message}\n  ${readable(plan)}${toldBy(ended)}`;
  }
}

/** Follows the server from run to run. @param ended gets each run when it is over */
function note(world: World, serverId: string, ended: Played[]): Noted[] {
  const noted: Noted[] = [];
  world.noted = (when, played) => {
    const moment = { state: world.simulator.control.snapshotOf(serverId), at: world.clock.now() };
    if (when === 'start') {
      noted.push({ played, before: moment, after: moment });
      return;
    }
    ended.push(played);
    const entry = noted.find((it) => it.played === played);
    if (entry !== undefined) entry.after = moment;
    // One that a reset has made begins where the one before it has ended.
    else noted.push({ played, before: noted.at(-1)?.before ?? moment, after: moment });
  };
  return noted;
}

/** What is done to a server, and not to an answer. */
const DEEDS: ReadonlySet<string> = new Set(['meanwhile', 'stale-list', 'hide-nics']);

function prepareWorld(world: World, plan: SharedPlan, serverId: string): void {
  const { control } = world.simulator;
  control.setKnobs(plan.knobs);
  for (const { match, ...fault } of plan.faults) {
    // Among others it is this server that it happens to.
    const whose = plan.crowd !== null && DEEDS.has(fault.what.kind) ? { ...match, serverId } : match;
    // Drawn anew for each schedule, whatever the seed of the simulator.
    control.addFault({ ...fault, match: whose, seed: plan.seed });
  }
  world.crowd = plan.crowd === null ? null : createCrowd(world.simulator, plan.crowd);
  world.lookUpsFail = plan.lookUpsFail;
  const during = ({ at, ms }: { at: number; ms: number }) => {
    const from = world.clock.now() + at;
    return (now: number) => now >= from && now < from + ms;
  };
  world.strangersHave = plan.strangersHave;
  if (plan.moved !== null) world.onlyStrangers = during(plan.moved);
  if (plan.outage !== null) world.unreachable = during(plan.outage);
}
