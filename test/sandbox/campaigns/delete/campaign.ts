/** Deletions: answers, faults, crashes, messages and interventions of every kind; the ledger is the judge. */
import { expect } from 'vitest';
import type { Campaign } from '../runner';
import { expectSets } from '../tally';
import type { DeletePlan } from './plan';
import { planOf, scheduleOf } from './plan';
import { judgeDeletions } from './rules';

export const deletions: Campaign<DeletePlan> = {
  folder: 'delete',
  planOf,
  stage: (plan, world, { id, nics }) => ({
    schedule: scheduleOf(plan, id, nics),
    judge: (noted) =>
      judgeDeletions(
        world,
        id,
        noted.map(({ played }) => played),
      ),
  }),
  expectEnough: (tally, schedules) => {
    expectSets(tally, schedules);
    expect(tally.outcomes.deleted ?? 0).toBeGreaterThan(schedules / 10);
    for (const many of [tally.crashes, tally.cancels, tally.resets, tally.chains, tally.terminations])
      expect(many).toBeGreaterThan(schedules / 50);
  },
};
