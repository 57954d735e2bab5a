/** From the verdicts of the NICs to the end of the run (docs/contract.md §4.1). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAILURE_TYPE } from '../../src/contract/names';
import type { NicOutcome, NicRow, ResultDocument } from '../../src/contract/types';
import {
  endOf,
  endOfRelease,
  failureMessage,
  outcomeOfFailure,
  releaseMessage,
  totalsOf,
} from '../../src/workflows/policy/outcome';

const rows = (...outcomes: NicOutcome[]) =>
  outcomes.map(
    (outcome, n) => ({ id: `nic-${n}`, outcome, errorCode: null, message: null, remedy: null }) as NicRow,
  );
const ANY: NicOutcome[] = ['deleted', 'detached', 'already-absent', 'still-attached', 'unknown'];

describe('the end of a run', () => {
  it('the first that applies of OutcomeUnknown and NotDeleted, else the best of what was done', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ANY), { minLength: 1, maxLength: 12 }), (outcomes) => {
        const has = (outcome: NicOutcome) => outcomes.includes(outcome);
        const end = endOf(rows(...outcomes));
        if (has('unknown')) expect(end).toEqual({ outcome: 'outcome-unknown', failed: 'OutcomeUnknown' });
        else if (has('still-attached')) expect(end).toEqual({ outcome: 'not-deleted', failed: 'NotDeleted' });
        else {
          expect(end.failed).toBeNull();
          expect(end.outcome).toBe(
            has('deleted') ? 'deleted' : has('detached') ? 'detached' : 'nothing-to-do',
          );
        }
      }),
    );
  });

  it('a failed run is called by its failure type in kebab-case', () => {
    expect(Object.values(FAILURE_TYPE).map(outcomeOfFailure)).toEqual([
      'invalid-input',
      'refused',
      'cloud-refused',
      'restore-incomplete',
      'outcome-unknown',
      'not-deleted',
      'rolled-back',
    ]);
  });

  it('mixed failures are decided in the order of the contract', () => {
    const { restoreIncomplete, outcomeUnknown, notDeleted, rolledBack } = FAILURE_TYPE;
    const order = Object.values(FAILURE_TYPE).filter((type) =>
      ([restoreIncomplete, outcomeUnknown, notDeleted, rolledBack] as string[]).includes(type),
    );
    expect(order).toEqual(['RestoreIncomplete', 'OutcomeUnknown', 'NotDeleted', 'RolledBack']);
  });

  it('the totals count every row once', () => {
    const document = {
      outcome: 'not-deleted',
      submissions: 2,
      nics: rows('deleted', 'deleted', 'still-attached'),
    };
    expect(totalsOf(document as unknown as ResultDocument)).toEqual({
      outcome: 'not-deleted',
      submissions: 2,
      counts: { deleted: 2, 'still-attached': 1 },
    });
  });

  it('the message names the NICs concerned, five of them, with the cloud’s own words', () => {
    const many = rows(...Array<NicOutcome>(7).fill('still-attached'), 'deleted');
    many[0] = { ...many[0]!, errorCode: 'Ecs.0507', message: 'delete nic failed' };
    const message = failureMessage(many, 'NotDeleted');
    expect(message).toMatch(/^7 of 8 NICs still attached: nic-0 Ecs\.0507 \(delete nic failed\), /);
    expect(message).toMatch(/nic-4, and 2 more$/);
    expect(failureMessage(rows('restored', 'detached'), 'RolledBack')).toBe(
      'not every NIC was deleted, so the others were put back',
    );
    expect(failureMessage(rows('deleted', 'unknown', 'still-attached'), 'OutcomeUnknown')).toMatch(
      /^1 of 3 NICs unknown; look.*: nic-1$/,
    );
  });
});

describe('the end of a release', () => {
  const left = (code: string | null, remedy: string | null = null) =>
    ({ id: 'nic-l', outcome: 'detached', errorCode: code, message: 'its port was left', remedy }) as NicRow;
  const ended = (...all: NicRow[]) => endOfRelease(all, false);

  it('is a success only when every port is gone', () => {
    expect(ended(...rows('deleted', 'already-absent'))).toEqual({ outcome: 'deleted', failed: null });
    expect(ended(...rows('already-absent'))).toEqual({ outcome: 'nothing-to-do', failed: null });
    expect(ended(...rows('deleted'), left('PortChanged')).failed).toBe('NotDeleted');
    expect(ended(...rows('still-attached')).failed).toBe('NotDeleted');
    expect(ended(...rows('deleted', 'unknown')).failed).toBe('OutcomeUnknown');
    expect(ended(left('PortInUse'), ...rows('already-absent')).failed).toBe('Refused');
    expect(ended(left(null)).failed).toBe('Refused');
  });

  it('is the cloud’s refusal when the cloud has refused every one', () => {
    expect(ended(left('VPC.0012', 'VPC: DELETE …')).failed).toBe('CloudRefused');
    expect(ended(left('VPC.0012', 'VPC: DELETE …'), left('PortChanged')).failed).toBe('Refused');
  });

  it('of a cancelled one is cancelled, whatever was deleted before', () => {
    expect(endOfRelease([...rows('deleted'), left(null)], true)).toEqual({
      outcome: 'cancelled',
      failed: null,
    });
  });

  it('says that nothing was changed only where that is so', () => {
    expect(releaseMessage([left('PortChanged')], 'Refused')).toBe(
      'nothing was changed: the ports of 1 of 1 NICs were left: nic-l PortChanged (its port was left)',
    );
    expect(releaseMessage([...rows('deleted'), left('PortChanged')], 'NotDeleted')).toMatch(
      /^the ports of 1 of 2/,
    );
  });
});
