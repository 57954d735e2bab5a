import type { LedgerEffect } from './ledger';

/** Where a NIC's port is: on its server, on another one, free, or nowhere any more. */
export type Place = 'on-server' | 'elsewhere' | 'port-kept' | 'port-gone';

/** What the ledger tells of a move. A ledger that came over HTTP has the same fields. */
export type Move = Pick<LedgerEffect, 'at' | 'kind' | 'portId' | 'serverId'>;

/** Where a NIC of that server is from an effect on; `null`: where it was. */
export function placeAfter({ kind, serverId: of }: Move, serverId: string): Place | null {
  if (kind === 'port-created' || kind === 'nic-detached') return 'port-kept';
  if (kind === 'port-deleted') return 'port-gone';
  return kind === 'nic-attached' ? (of === serverId ? 'on-server' : 'elsewhere') : null;
}

/**
 * Where a port was at that time, as the effects have it.
 * @param known NICs that the server has ever had
 * @param at epoch ms
 */
export function placeOf(
  effects: readonly Move[],
  { serverId, known }: { serverId: string; known: ReadonlySet<string> },
  id: string,
  at: number,
): Place {
  const moves = effects.filter((effect) => effect.portId === id && placeAfter(effect, serverId) !== null);
  const last = moves.findLast((effect) => effect.at <= at);
  if (last !== undefined) return placeAfter(last, serverId) ?? 'port-gone';
  // What came to the server in the course of the record was not there before.
  const came = ['port-created', 'nic-attached'].includes(moves[0]?.kind ?? '');
  return known.has(id) && !came ? 'on-server' : 'port-gone';
}
