import { expect } from 'vitest';
import { PLACES } from '../../chaos/judge/rows';
import type { Place } from '../../simulator/world/places';
import type { NicRow } from '../../src/contract';

interface Source {
  get<T>(path: string): Promise<T>;
}

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
