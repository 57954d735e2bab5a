/** A server that was taken up again: its line tells what all its runs together have done. */
import { describe, expect, it } from 'vitest';
import type { NicOutcome, NicRow, ResultDocument, RunOutcome } from '../../../src/contract';
import { doubted, merged } from '../../../src/workflows/policy/fleet/reruns';

type Port = NicRow['evidence']['port'];

const row = (outcome: NicOutcome, port: Port = 'unknown', snapshot: object | null = null) =>
  ({
    id: 'nic-1',
    outcome,
    evidence: { port },
    errorCode: outcome === 'still-attached' ? 'Ecs.0613' : null,
    message: null,
    snapshot,
  }) as unknown as NicRow;
const document = (outcome: RunOutcome, nics: NicRow[], job = 'job-1') =>
  ({ serverId: 's', outcome, nics, jobs: [{ id: job }] }) as unknown as ResultDocument;
const both = (before: NicRow, now: NicRow, outcome: RunOutcome = 'deleted') =>
  merged(document('nothing-to-do', [before]), document(outcome, [now], 'job-2')).nics[0];

const TAKEN = { port: 'as it was' };

describe('a second run of a server', () => {
  it('alone is told as it is', () => {
    const after = document('deleted', [row('deleted')]);
    expect(merged(null, after)).toBe(after);
  });

  it('adds its jobs to those of the first one', () => {
    const told = merged(
      document('nothing-to-do', [row('untouched')]),
      document('deleted', [row('deleted')], 'job-2'),
    );
    expect(told.jobs.map(({ id }) => id)).toEqual(['job-1', 'job-2']);
  });

  it.each(['deleted', 'detached', 'still-attached', 'unknown'] as const)(
    'that left a NIC alone lets stand what the first one has made of it: %s',
    (outcome) => {
      expect(both(row(outcome), row('untouched'))?.outcome).toBe(outcome);
    },
  );

  it('that found gone what the first one deleted still tells it as deleted, with the snapshot for the way back', () => {
    const told = both(row('deleted', 'absent', TAKEN), row('already-absent', 'absent'), 'nothing-to-do');
    expect(told).toMatchObject({ outcome: 'deleted', snapshot: TAKEN });
  });

  it.each([
    ['absent', 'deleted'],
    ['free', 'detached'],
  ] as const)('that finds gone what the first one has not seen going, its port %s: %s', (port, outcome) => {
    const told = both(row('still-attached', 'attached', TAKEN), row('already-absent', port), 'nothing-to-do');
    expect(told).toMatchObject({ outcome, snapshot: TAKEN, errorCode: null, evidence: { port } });
  });

  it('that finds a kept port on another server leaves the NIC detached by the first one', () => {
    const told = both(row('detached', 'free', TAKEN), row('already-absent', 'attached'), 'nothing-to-do');
    expect(told?.outcome).toBe('detached');
  });

  it('that takes a NIC off keeps the snapshot of the first look', () => {
    expect(
      both(row('still-attached', 'attached', TAKEN), row('deleted', 'absent', { port: 'later' })),
    ).toMatchObject({
      outcome: 'deleted',
      snapshot: TAKEN,
    });
  });

  it('that had nothing to do makes the server what its NICs are, not untouched', () => {
    const before = document('nothing-to-do', [row('deleted', 'absent', TAKEN)]);
    const told = merged(before, document('nothing-to-do', [row('already-absent', 'absent')]));
    expect(told.outcome).toBe('deleted');
  });

  it('that was terminated puts in doubt all but what was gone before it', () => {
    const outcomes: NicOutcome[] = ['deleted', 'detached', 'still-attached', 'untouched', 'already-absent'];
    const told = doubted(
      document(
        'nothing-to-do',
        outcomes.map((outcome) => row(outcome)),
      ),
    );
    expect(told.nics.map(({ outcome }) => outcome)).toEqual([
      'deleted',
      'detached',
      'unknown',
      'unknown',
      'unknown',
    ]);
  });
});
