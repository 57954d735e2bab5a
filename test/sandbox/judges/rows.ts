/** 2: every requested NIC has exactly one row, and there is no other; "all" is what the first complete look has found. */
import { expect } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import { expectRows } from '../../support/truth';
import type { Played } from '../engine/schedule';
import { inspectionOf, primariesOf } from './heard';

export function hasItsRows(played: Played): void {
  const told = played.status as ResultDocument | undefined;
  const { nics } = played.input as { nics?: 'all' | { id: string }[] };
  if (told === undefined || nics === undefined || told.outcome === 'invalid-input') return;
  if (nics !== 'all') {
    expectRows(
      told,
      nics.map(({ id }) => id),
    );
    return;
  }
  const ids = told.nics.map(({ id }) => id);
  expect(new Set(ids).size, 'rows, each of another NIC').toBe(ids.length);
  // A reset run begins with what another one has found; a restore goes by a document.
  if (played.wasReset || 'from' in (played.input as object)) return;
  const found = played.activities.flatMap((each) => inspectionOf(each) ?? []);
  const complete = found.find(
    (each) => each.server !== null && each.nics.some(({ id }) => primariesOf(each).includes(id)),
  );
  if (complete === undefined) return;
  const primaries = primariesOf(complete);
  const others = complete.nics.map(({ id }) => id).filter((id) => !primaries.includes(id));
  const known = new Set(found.flatMap((each) => each.nics.map(({ id }) => id)));
  for (const id of ids) expect(known, 'NICs that any look has shown').toContain(id);
  // One that was refused may have found more wrong than a list without the primary NIC.
  if (played.end.kind !== 'terminated' && told.outcome !== 'refused') expectRows(told, others);
}
