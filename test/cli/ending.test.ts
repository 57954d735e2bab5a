/** How a run ended, and the exit code that says it. */
import { ApplicationFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { endDocument } from '../../src/cli/show/documents';
import type { Counts, Ending } from '../../src/client/ending';
import { endingOfFailure } from '../../src/client/ending';
import { exitCodeInWindow, exitCodeOf } from '../../src/cli/exit-codes';
import { asDocument } from '../../src/client/find';
import { RUN, document, nic } from './support';

const cancelled = (counts: Counts | null): Ending => ({
  kind: 'cancelled',
  document: null,
  totals: null,
  counts,
});

describe('the exit code', () => {
  it.each([
    ['InvalidInput', 2],
    ['NotDeleted', 3],
    ['Refused', 4],
    ['CloudRefused', 4],
    ['RolledBack', 5],
    ['OutcomeUnknown', 6],
    ['RestoreIncomplete', 6],
    ['SomethingNew', 6],
  ])('of a run failed with %s is %d', (type, code) => {
    expect(exitCodeOf({ kind: 'failed', type, message: '', document: null })).toBe(code);
  });

  it.each<[Counts | null, number]>([
    [{ deleted: 2 }, 7],
    [{ untouched: 2 }, 7],
    [{ restored: 1, recreated: 1 }, 5],
    [{ restored: 1, 'already-absent': 1 }, 5],
    // A restore goes through with what it can: somebody has to see to the rest.
    [{ restored: 1, deleted: 1 }, 6],
    [{ recreated: 1, detached: 1 }, 6],
    [{ detached: 2 }, 7],
    [{ deleted: 1, unknown: 1 }, 6],
    [{}, 7],
    // No document and no totals: nobody knows.
    [null, 6],
  ])('of a cancelled run with %j is %d', (counts, code) => {
    expect(exitCodeOf(cancelled(counts))).toBe(code);
  });

  it('of a completed run is 0, of one ended from outside 6', () => {
    expect(exitCodeOf({ kind: 'completed', document: null })).toBe(0);
    expect(exitCodeOf(endingOfFailure(new TerminatedFailure('by hand'), ''))).toBe(6);
    expect(exitCodeOf(endingOfFailure(new TimeoutFailure('late', undefined, 'START_TO_CLOSE'), ''))).toBe(6);
  });
});

describe('the exit code beside the outcome', () => {
  it.each([
    ['detached', 0],
    ['deleted', 0],
    ['nothing-to-do', 0],
    ['not-deleted', 3],
    ['outcome-unknown', 6],
  ] as const)('in a window with %s is %d', (outcome, code) => {
    expect(exitCodeInWindow(document({ outcome, phase: 'undo-window' }))).toBe(code);
  });

  it('a cancelled run that could not put everything back needs a person', () => {
    const result = document({ outcome: 'cancelled', nics: [nic({ outcome: 'detached', remedy: 'POST …' })] });
    const counts = { detached: 1 };
    expect(exitCodeOf({ kind: 'cancelled', document: result, totals: null, counts })).toBe(6);
    const back = document({ nics: [nic({ outcome: 'restored', remedy: 'PUT …' })] });
    expect(exitCodeOf({ kind: 'cancelled', document: back, totals: null, counts: { restored: 1 } })).toBe(5);
  });
});

describe('the document', () => {
  it('comes from the failure', () => {
    const result = document({ outcome: 'not-deleted' });
    const failure = ApplicationFailure.create({ type: 'NotDeleted', message: 'no', details: [result] });
    expect(endingOfFailure(failure, '')).toEqual({
      kind: 'failed',
      type: 'NotDeleted',
      message: 'no',
      document: result,
    });
  });

  it('is told from other values', () => {
    for (const value of [undefined, null, 5, 'x', [], {}, { outcome: 'deleted' }]) {
      expect(asDocument(value)).toBeNull();
    }
  });

  it('stands in the JSON beside the run and, for a failed one, the failure', () => {
    const result = document({ nics: [nic()] });
    expect(endDocument(RUN, { kind: 'completed', document: result })).toEqual({ ...RUN, ...result });
    expect(endDocument(RUN, { kind: 'failed', type: 'Refused', message: 'no', document: null })).toEqual({
      ...RUN,
      failure: { type: 'Refused', message: 'no' },
    });
    const totals = { outcome: 'cancelled' as const, counts: { deleted: 1 }, submissions: 1 };
    expect(endDocument(RUN, { kind: 'cancelled', document: null, totals, counts: totals.counts })).toEqual({
      ...RUN,
      ...totals,
    });
  });
});
