/** The choice of the run that a restore puts back from. */
import { describe, expect, it } from 'vitest';
import type { NicRow, NicSnapshot } from '../../src/contract';
import type { ClosedRun } from '../../src/client/source';
import { assess } from '../../src/client/source';
import { NIC_A, NIC_B, NOW, RUN, document, nic } from './support';

const snapshot = { fixedIps: [], position: 1 } as unknown as NicSnapshot;
const off = (changes: Partial<NicRow> = {}) => nic({ snapshot, ...changes });
const run = (changes: Partial<ClosedRun> = {}): ClosedRun => ({
  runId: RUN.runId,
  type: 'deleteServerNics',
  endedAt: new Date(NOW),
  document: document({ nics: [off(), off({ id: NIC_B, outcome: 'detached' })] }),
  counts: null,
  sent: true,
  ...changes,
});
const of = (...nics: NicRow[]) => run({ document: document({ nics }) });

describe('a closed run', () => {
  it('that took NICs off is the one', () => {
    expect(assess(run(), null)).toEqual({ kind: 'source', nics: 2 });
    expect(assess(run(), [NIC_B])).toEqual({ kind: 'source', nics: 1 });
    // Failed, cancelled, of unknown outcome: what is off is off.
    expect(assess(of(off(), off({ outcome: 'still-attached' })), null)).toEqual({ kind: 'source', nics: 1 });
    expect(assess(of(off({ outcome: 'unknown' })), null)).toEqual({ kind: 'source', nics: 1 });
  });

  it.each<[string, NicRow]>([
    ['its port was made anew and not attached', off({ replacedBy: { id: NIC_B, mac: null, ip: null } })],
    ['it is back, but not as it was', off({ outcome: 'restored', remedy: 'ECS: PUT …' })],
  ])('is what there is to go on with: %s', (_name, row) => {
    expect(assess(of(row), null)).toEqual({ kind: 'source', nics: 1 });
  });

  it.each<[string, ClosedRun, string[] | null, RegExp]>([
    ['a restore', run({ type: 'restoreServerNics' }), null, /a restore/],
    ['a dry run', of(off({ outcome: 'untouched' })), null, /took nothing off/],
    ['nothing to do', of(off({ outcome: 'already-absent' })), null, /took nothing off/],
    ['undone', of(off({ outcome: 'restored' })), null, /took nothing off/],
    ['re-created', of(off({ outcome: 'recreated' })), null, /took nothing off/],
    ['other NICs', of(off()), [NIC_B], /other NICs/],
    ['not all of those named', of(off()), [NIC_A, NIC_B], new RegExp(`took off only ${NIC_A}`)],
    ['failed before anything', run({ document: null, sent: false }), null, /sent nothing/],
    ['cancelled in time', run({ document: null, counts: { untouched: 1 } }), null, /took nothing off/],
  ])('is passed over: %s', (_name, closed, wanted, why) => {
    expect(assess(closed, wanted)).toEqual({ kind: 'pass', why: expect.stringMatching(why) as unknown });
  });

  it.each<[string, ClosedRun, RegExp]>([
    ['that nobody can read', run({ document: null }), /no worker can show/],
    ['that was cancelled with NICs off', run({ document: null, counts: { detached: 1 } }), /no worker/],
    ['without snapshots', of(nic()), /none can be put back/],
    ['without a way back', of(off({ restore: 'no' })), /none can be put back/],
  ])('%s ends the search: an older one must not be taken for it', (_name, closed, why) => {
    expect(assess(closed, null)).toEqual({ kind: 'stop', why: expect.stringMatching(why) as unknown });
  });
});
