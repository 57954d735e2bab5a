/** The facts, sorted for questions about one server. */
import { placeAfter, placeOf } from '../../simulator/world/places';
import type { Place } from '../../simulator/world/places';
import type { LedgerEffect, LedgerJob } from '../../simulator/world/ledger';
import type { Facts, Request, RunFacts, ServerFacts } from './facts';

/** All about one server. */
export interface Case {
  server: ServerFacts;
  known: ReadonlySet<string>;
  /** About this server or its NICs, in order. */
  requests: Request[];
  effects: LedgerEffect[];
  jobs: LedgerJob[];
  /** In the order of their starts. */
  runs: RunFacts[];
}

export class Cases {
  private readonly byServer = new Map<string, Case>();

  constructor(readonly facts: Facts) {
    const ownerOf = new Map<string, Case>();
    for (const server of facts.servers) {
      const one: Case = {
        server,
        known: new Set(server.known),
        requests: [],
        effects: [],
        jobs: [],
        runs: [],
      };
      this.byServer.set(server.serverId, one);
      for (const id of server.known) ownerOf.set(id, one);
    }
    const { requests, effects, jobs } = facts.ledger;
    for (const request of requests) {
      const owners = new Set<Case | undefined>();
      for (const id of [...(request.serverIds ?? []), request.serverId ?? ''])
        owners.add(this.byServer.get(id));
      owners.add(ownerOf.get(request.portId ?? ''));
      for (const owner of owners) owner?.requests.push(request);
    }
    for (const effect of effects) ownerOf.get(effect.portId)?.effects.push(effect);
    for (const job of jobs) this.byServer.get(job.serverId)?.jobs.push(job);
    const runs = [...facts.runs].sort((a, b) => a.startedAt - b.startedAt);
    for (const run of runs) this.byServer.get(run.serverId)?.runs.push(run);
  }

  get all(): Case[] {
    return [...this.byServer.values()];
  }

  of(serverId: string): Case | undefined {
    return this.byServer.get(serverId);
  }
}

export function placeAt({ effects, server, known }: Case, nicId: string, at: number): Place {
  return placeOf(effects, { serverId: server.serverId, known }, nicId, at);
}

/** When what did this was begun: a job by its acceptance, a call by its arrival. `null`: somebody else, by a control call. */
export function begunAt({ jobs, requests }: Case, { by, jobId, requestSeq }: LedgerEffect): number | null {
  if (by === 'job') return jobs.find((job) => job.jobId === jobId)?.acceptedAt ?? null;
  if (by === 'request') return requests.find(({ seq }) => seq === requestSeq)?.at ?? null;
  return null;
}

export interface Window {
  from: number;
  until: number;
}

export const isWithin = (at: number, { from, until }: Window): boolean => at >= from && at <= until;

/** Whether something was begun by others, by the time of that; `null`: by a control call, as if by another tenant. */
export type IsForeign = (begun: number | null) => boolean;

/** All that was not begun within these times. */
export const notWithin =
  (own: readonly Window[]): IsForeign =>
  (begun) =>
    begun === null || !own.some((window) => isWithin(begun, window));

/** All that was begun within these times, and what nobody of ours has begun. */
export const withinAny =
  (others: readonly Window[]): IsForeign =>
  (begun) =>
    begun === null || others.some((window) => isWithin(begun, window));

/** Moves and changes of a NIC by others. */
export function foreign(one: Case, nicId: string, isForeign: IsForeign): LedgerEffect[] {
  return one.effects.filter((effect) => effect.portId === nicId && isForeign(begunAt(one, effect)));
}

/**
 * Where a NIC was at the end of that time, and just before whatever others did to it within the time: nobody can look and speak at one
 * moment, so what was true then may be told.
 */
export function placesWithin(
  one: Case,
  nicId: string,
  { from, until }: Window,
  isForeign: IsForeign,
): Set<Place> {
  const { serverId } = one.server;
  const others = foreign(one, nicId, isForeign).filter(
    (effect) => placeAfter(effect, serverId) !== null && isWithin(effect.at, { from, until }),
  );
  return new Set([until, ...others.map(({ at }) => at - 1)].map((at) => placeAt(one, nicId, at)));
}
