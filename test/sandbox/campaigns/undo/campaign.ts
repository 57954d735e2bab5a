/** Plays seeds of the campaign over undo, commit and restore, judges each, and counts what has happened. */
import type { ResultDocument } from '../../../../src/contract';
import { playAll } from '../../engine/play';
import type { Tally } from '../runner';
import { count, emptyTally, prepareWorld, toldBy } from '../runner';
import { serverOf } from '../delete/rules';
import { judgeUndo } from './rules';
import type { Noted } from './truth';
import type { Sandbox } from '../../engine/replica';
import type { Played } from '../../engine/schedule';
import type { Others } from './deeds';
import { readableUndo, undoPlanOf, undoScheduleOf } from './plan';
import type { World } from '../../engine/world';

export interface UndoTally extends Tally {
  rows: Record<string, number>;
  decisions: Record<string, number>;
  deeds: number;
}

export function emptyUndoTally(): UndoTally {
  return { ...emptyTally(), rows: {}, decisions: {}, deeds: 0 };
}

/** Why this seed fails; `null`: it does not. */
export async function playUndoSeed(
  seed: number,
  world: World,
  tally: UndoTally,
  from?: Sandbox,
): Promise<string | null> {
  const plan = undoPlanOf(seed);
  tally.schedules += 1;
  const all: Played[] = [];
  try {
    const { control } = world.simulator;
    const server = serverOf(world, plan.server);
    prepareWorld(world, plan);
    const others: Others = { serverId: server.id, nics: server.nics, had: new Map(), acted: [], states: [] };
    for (const { id, fixedIps, networkId, elasticIp } of control.snapshotOf(server.id).nics)
      others.had.set(id, { ip: fixedIps[0]?.ip ?? '', networkId, elasticIp });
    const noted: Noted[] = [];
    world.noted = (when, played) => {
      const moment = { state: control.snapshotOf(server.id), at: world.clock.now() };
      if (when === 'start') noted.push({ played, before: moment, after: moment });
      else {
        all.push(played);
        // One that a reset has made begins where the one before it has ended.
        const entry = noted.find((it) => it.played === played) ?? { played, before: moment, after: moment };
        if (!noted.includes(entry)) noted.push({ ...entry, before: noted.at(-1)?.before ?? moment });
        for (const it of noted) if (it.played === played) it.after = moment;
      }
    };
    await playAll(undoScheduleOf(plan, world, others), world, from);
    count(tally, world, all);
    for (const { status } of all) {
      const told = status as ResultDocument | undefined;
      for (const { outcome } of told?.nics ?? []) tally.rows[outcome] = (tally.rows[outcome] ?? 0) + 1;
      const what = told?.decision?.what;
      if (what) tally.decisions[what] = (tally.decisions[what] ?? 0) + 1;
    }
    tally.deeds += others.acted.length;
    judgeUndo({ world, server: server.id, others, noted, plan });
    return null;
  } catch (error) {
    tally.violations += 1;
    return `${error instanceof Error ? (process.env.STACKS ? error.stack : error.message) : String(error)}\n  ${readableUndo(plan)}${toldBy(all)}`;
  }
}
