/** All rules of the campaign over decommission runs. */
import { expect } from 'vitest';
import type { FleetPlayed } from './play';
import {
  answersAtOnce,
  holdsStill,
  startsNothingAfterAbort,
  stopsUntilTheCauseIsGone,
} from './rules/control';
import { comesToItsEnd, endsItsPages, noticesLostPages } from './rules/ends';
import { keepsTheConcurrency, keepsTheTolerance, promisesTheTruth } from './rules/limits';
import {
  keepsTheList,
  sparesTheProtected,
  startsOnlyWhatIsApproved,
  touchesOnlyWhatIsPlanned,
} from './rules/plan';
import { addsUp, hasOneLineEach, tellsTheLedger } from './rules/report';
import { beginsNothingThatIsUndone, putsBack, putsBackOnlyWhatIsUndone } from './rules/undo';
import { keepsTheWaves } from './rules/waves';
import { truthOf } from './truth';

const RULES = [
  comesToItsEnd,
  endsItsPages,
  noticesLostPages,
  answersAtOnce,
  holdsStill,
  startsNothingAfterAbort,
  stopsUntilTheCauseIsGone,
  keepsTheConcurrency,
  keepsTheTolerance,
  promisesTheTruth,
  keepsTheWaves,
  startsOnlyWhatIsApproved,
  keepsTheList,
  touchesOnlyWhatIsPlanned,
  sparesTheProtected,
  hasOneLineEach,
  tellsTheLedger,
  addsUp,
  beginsNothingThatIsUndone,
  putsBackOnlyWhatIsUndone,
  putsBack,
];

/** Throws what is wrong, with the name of the rule. */
export function judge(played: FleetPlayed): void {
  const truth = truthOf(played);
  for (const rule of RULES) {
    try {
      rule(truth);
    } catch (error) {
      throw new Error(`${rule.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  expect(played.world.simulator.control.invariants()).toEqual([]);
}
