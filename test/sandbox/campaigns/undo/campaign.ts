/** Undo, commit, cancel, restore and crashes at every step; ledger and state of the cloud are the judge. */
import { expect } from 'vitest';
import type { Campaign } from '../runner';
import { expectSets } from '../tally';
import type { Others } from './deeds';
import type { UndoPlan } from './plan';
import { planOf, scheduleOf } from './plan';
import { judgeUndo } from './rules';

export const undos: Campaign<UndoPlan> = {
  folder: 'undo',
  planOf,
  stage: (plan, world, { id, nics }) => {
    const others: Others = { serverId: id, nics, had: new Map(), acted: [], states: [] };
    for (const nic of world.simulator.control.snapshotOf(id).nics) {
      const { networkId, elasticIp } = nic;
      others.had.set(nic.id, { ip: nic.fixedIps[0]?.ip ?? '', networkId, elasticIp });
    }
    return {
      schedule: scheduleOf(plan, world, others),
      judge: (noted) => judgeUndo({ world, others, plan }, noted),
      deeds: () => others.acted.length,
    };
  },
  expectEnough: (tally, schedules) => {
    expectSets(tally, schedules);
    for (const outcome of ['deleted', 'detached', 'still-attached', 'restored', 'recreated'])
      expect(tally.rows[outcome] ?? 0, outcome).toBeGreaterThan(schedules / 50);
    for (const what of ['undo', 'commit'])
      expect(tally.decisions[what] ?? 0, what).toBeGreaterThan(schedules / 50);
    for (const many of [tally.crashes, tally.cancels, tally.resets, tally.chains, tally.terminations])
      expect(many).toBeGreaterThan(schedules / 100);
  },
};
