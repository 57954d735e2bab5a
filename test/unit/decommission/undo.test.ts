/** The undo of a decommission run, in its parts: which rows go back, what becomes of their documents, when the message applies. */
import { describe, expect, it } from 'vitest';
import type { NicRow, ResultDocument } from '../../../src/contract';
import { carryOut, problemOf } from '../../../src/workflows/fleet/run/control';
import type { FleetState } from '../../../src/workflows/fleet/run/state';
import { isGoingBack } from '../../../src/workflows/fleet/run/state';
import type { Row } from '../../../src/workflows/fleet/page/rows';
import {
  isOwedBack,
  isTakenUpAgain,
  rowsOf,
  toUndoCount,
  wantBack,
} from '../../../src/workflows/fleet/page/rows';
import { broughtBack, inDoubt, takenOff } from '../../../src/workflows/policy/fleet/way-back';

const WHO = { by: 'ops', reason: 'a mistake' };

function nic(id: string, more: Partial<NicRow> = {}): NicRow {
  return {
    ...{
      id,
      outcome: 'detached',
      snapshot: { mac: `mac of ${id}` },
      errorCode: null,
      message: null,
      remedy: null,
    },
    ...{ replacedBy: null, differences: [], evidence: { list: 'absent', port: 'free' } },
    ...more,
  } as unknown as NicRow;
}
const document = (...nics: NicRow[]) => ({ serverId: 'server', nics, jobs: [] }) as unknown as ResultDocument;
const outcomes = ({ nics }: ResultDocument) => nics.map(({ outcome }) => outcome);

describe('what goes back', () => {
  it('is what was taken off, or may have been, as far as it is known what it was', () => {
    const off = takenOff(
      document(
        nic('detached'),
        nic('deleted', { outcome: 'deleted' }),
        nic('unknown', { outcome: 'unknown' }),
        nic('stayed', { outcome: 'still-attached' }),
        nic('was gone before', { outcome: 'already-absent' }),
        nic('back', { outcome: 'restored' }),
        nic('nobody knows what it was', { snapshot: null }),
      ),
    );
    expect(off.map(({ id }) => id)).toEqual(['detached', 'deleted', 'unknown']);
  });

  it('of a restore that was ended from outside is in doubt', () => {
    expect(outcomes(inDoubt(document(nic('a'), nic('b', { outcome: 'still-attached' }))))).toEqual([
      'unknown',
      'still-attached',
    ]);
  });
});

describe('what a server has come to after a restore', () => {
  const before = document(nic('a'), nic('b'), nic('c'), nic('d', { outcome: 'still-attached' }));
  const after = (...nics: NicRow[]) => broughtBack(before, document(...nics));

  it('is told NIC by NIC; the snapshots stay those from before the deletion', () => {
    const { nics } = after(
      nic('a', { outcome: 'restored', snapshot: null }),
      nic('b', { outcome: 'recreated', differences: [{ field: 'mac', before: 1, after: 2 }] }),
    );
    expect(nics.map(({ outcome }) => outcome)).toEqual([
      'restored',
      'recreated',
      'detached',
      'still-attached',
    ]);
    expect(nics[0]?.snapshot).toEqual({ mac: 'mac of a' });
    expect(nics[1]?.differences).toHaveLength(1);
  });

  it('counts what was there already as back', () => {
    const evidence = { list: 'present', port: 'attached' } as NicRow['evidence'];
    const replacedBy = { id: 'x', mac: null, ip: null };
    expect(
      outcomes(
        after(nic('a', { outcome: 'untouched', evidence }), nic('b', { outcome: 'untouched', replacedBy })),
      ),
    ).toEqual(['restored', 'recreated', 'detached', 'still-attached']);
  });

  it('keeps what could not be put back as it is, with the reason', () => {
    const { nics } = after(nic('a', { outcome: 'untouched', message: 'elsewhere', remedy: 'by hand' }));
    expect(nics[0]).toMatchObject({ outcome: 'detached', message: 'elsewhere', remedy: 'by hand' });
  });
});

describe('a row that somebody wants back', () => {
  const row = (more: Partial<Row> = {}): Row => ({
    ...rowsOf([{ serverId: 's', nics: 'all' }])[0]!,
    nics: [],
    ...more,
  });
  const end = { outcome: 'detached' as const, errorCode: null, message: null };

  it('never begins, if it has not begun', () => {
    const it_ = row();
    wantBack(it_, WHO);
    expect(it_).toMatchObject({ skipped: true, undo: null });
  });

  it('goes back when it is at rest, if it is under way', () => {
    const it_ = row({ running: true });
    wantBack(it_, WHO);
    expect([isOwedBack(it_), toUndoCount([it_])]).toEqual([false, 1]);
    Object.assign(it_, { running: false, end, document: document(nic('a')) });
    expect([isOwedBack(it_), toUndoCount([it_])]).toEqual([true, 1]);
  });

  it('needs nothing, if nothing was taken off; and is not tried again', () => {
    const it_ = row({
      end: { ...end, outcome: 'failed' },
      document: document(nic('a', { outcome: 'still-attached' })),
    });
    expect(isTakenUpAgain(it_)).toBe(true);
    wantBack(it_, WHO);
    expect([isOwedBack(it_), toUndoCount([it_]), isTakenUpAgain(it_)]).toEqual([false, 0, false]);
  });

  it('goes back at once, if it was waiting to be tried again', () => {
    const it_ = row({ document: document(nic('a'), nic('b', { outcome: 'still-attached' })) });
    wantBack(it_, WHO);
    expect([isOwedBack(it_), it_.skipped]).toEqual([true, false]);
  });

  it('is left alone, if the plan has left it alone', () => {
    const it_ = row({ excluded: { serverId: 's', serverName: null, code: 'Protected', reason: '' } });
    wantBack(it_, WHO);
    expect(it_).toMatchObject({ skipped: false, undo: null });
  });
});

describe('the message', () => {
  const state = (more: Partial<FleetState>): FleetState =>
    ({
      ...{
        phase: 'running',
        approved: true,
        aborted: null,
        undone: null,
        halt: null,
        pages: [],
        controls: [],
      },
      ...{ named: { seq: 3, skip: [], undo: [], who: null }, undoSeq: 0, ...more },
    }) as unknown as FleetState;

  it.each([
    [{ phase: 'planned' as const, approved: false }, 'nothing has been taken off (phase planned): abort it'],
    [{ phase: 'undoing' as const }, 'the whole run is being put back already'],
    [{ phase: 'committing' as const }, /^the kept ports are being deleted: .*ecs-nics restore/],
    [{ phase: 'done' as const }, 'the run has ended'],
  ])('does not apply in %j', (more, why) => {
    const problem = problemOf('undo', state(more), 0);
    if (typeof why === 'string') expect(problem).toBe(why);
    else expect(problem).toMatch(why);
  });

  it.each([{}, { phase: 'undo-window' as const }, { aborted: { by: 'ops', reason: 'wrong list' } }])(
    'applies in %j',
    (more) => {
      expect(problemOf('undo', state(more), 0)).toBeNull();
    },
  );

  it('to all ends every halt; to some changes no phase, and holds up the commit until they are back', () => {
    const halt = { phase: 'paused' as const, reason: 'lunch', by: 'ops', between: false, refusal: null };
    const all = state({ halt, undoUntil: 5 });
    carryOut('undo', all, WHO, 0);
    expect(all).toMatchObject({ phase: 'undoing', halt: null, undoUntil: null, undone: WHO });

    const page = { lost: false, planned: { servers: 2 }, news: { state: 'resting', namedSeq: 3, toUndo: 0 } };
    const some = state({ phase: 'undo-window', pages: [page] as never });
    carryOut('undo', some, { ...WHO, servers: ['a'] }, 0);
    expect(some).toMatchObject({
      phase: 'undo-window',
      named: { seq: 4, undo: ['a'], who: WHO },
      undoSeq: 4,
    });
    expect([isGoingBack(some), problemOf('commit', some, 0)]).toEqual([
      true,
      'servers are being put back: send it again once that is over',
    ]);
    Object.assign(some.pages[0]!.news!, { namedSeq: 4, toUndo: 1 });
    expect(isGoingBack(some)).toBe(true);
    Object.assign(some.pages[0]!.news!, { toUndo: 0 });
    expect([isGoingBack(some), problemOf('commit', some, 0)]).toEqual([false, null]);
  });
});
