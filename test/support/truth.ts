import { expect } from 'vitest';
import type { NicOutcome, NicRow } from '../../src/contract';

interface Source {
  get<T>(path: string): Promise<T>;
}

/** Where the simulated cloud has a NIC, in its own words. */
type Place = 'on-server' | 'elsewhere' | 'port-kept' | 'port-gone';

/** Where a NIC may be when it is reported as that. */
export const PLACES: Partial<Record<NicOutcome, Place[]>> = {
  deleted: ['port-gone'],
  detached: ['port-kept'],
  'already-absent': ['port-gone', 'port-kept'],
  'still-attached': ['on-server'],
  restored: ['on-server'],
  // Of the NIC that was taken off; the one in its place is another row of the truth.
  recreated: ['port-gone'],
  untouched: ['on-server'],
};

/** Every NIC that was asked for has one row, and there is no other. */
export function expectRows(report: { nics?: Pick<NicRow, 'id'>[] }, asked: readonly string[]): void {
  expect((report.nics ?? []).map(({ id }) => id).sort(), 'rows of the report').toEqual([...asked].sort());
}

/** Every verdict of a report equals the ledger's truth, and no rule of the cloud was broken on the way. */
export async function expectTruth(
  cloud: Source,
  report: { serverId?: string; nics?: NicRow[] },
): Promise<void> {
  const truth = await cloud.get<{ nics: { id: string; state: Place; deletions: number }[] }>(
    `/_sim/truth/${report.serverId ?? ''}`,
  );
  // Who reports nothing would be right about everything.
  expect(report.nics?.length ?? 0, 'rows of the report').toBeGreaterThan(0);
  const find = (id: string) => truth.nics.find((candidate) => candidate.id === id);
  for (const { id, outcome, remedy, replacedBy } of report.nics ?? []) {
    const nic = find(id);
    // One that could not be put back may have been taken by somebody else.
    const elsewhere: Place[] = outcome === 'detached' && remedy !== null ? ['elsewhere'] : [];
    expect([...(PLACES[outcome] ?? []), ...elsewhere], `NIC ${id} was reported as ${outcome}`).toContain(
      nic?.state,
    );
    expect(nic?.deletions, `effective deletions of NIC ${id}`).toBeLessThanOrEqual(1);
    if (outcome === 'recreated')
      expect(find(replacedBy?.id ?? '')?.state, `what is in the place of NIC ${id}`).toBe('on-server');
  }
  const { violations } = await cloud.get<{ violations: unknown[] }>('/_sim/invariants');
  expect(violations).toEqual([]);
}
