/** Whether what is told of a NIC is what the cloud has. */
import type { NicOutcome, NicRow } from '../../src/contract';
import type { Place } from '../../simulator/world/places';

/** Where a NIC may be when that is told of it; a NIC that is not named here is told nothing about. */
export const PLACES: Readonly<Partial<Record<NicOutcome, readonly Place[]>>> = {
  deleted: ['port-gone'],
  detached: ['port-kept'],
  'already-absent': ['port-gone', 'port-kept'],
  'still-attached': ['on-server'],
  restored: ['on-server'],
  // Of the NIC that was taken off; the one in its place is looked up by `replacedBy`.
  recreated: ['port-gone'],
  untouched: ['on-server'],
};

export type ToldRow = Pick<NicRow, 'id' | 'outcome'> &
  Partial<Pick<NicRow, 'remedy' | 'errorCode' | 'message' | 'replacedBy' | 'evidence'>>;

/**
 * @param places where it was at a time at which that could be told
 * @param first where it was when the run began
 * @returns what is wrong, in words; `null`: nothing
 */
export function problemOf(row: ToldRow, places: ReadonlySet<Place>, first: Place): string | null {
  const may = new Set<Place>(PLACES[row.outcome] ?? []);
  if (row.outcome === 'unknown') return null;
  // One that could not be put back may be in somebody else's hands; one in use elsewhere is left alone.
  if (row.outcome === 'detached') may.add('elsewhere');
  // Nothing was tried: it need not have been there in the first place.
  if (row.outcome === 'untouched') {
    may.add(first);
    if (row.evidence !== undefined && row.evidence.list !== 'present') return null;
  }
  if ([...places].some((place) => may.has(place))) return null;
  return `NIC ${row.id} was told as ${row.outcome}, and was ${[...places].join(', then ')}`;
}
