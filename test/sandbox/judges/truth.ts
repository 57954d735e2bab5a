/** What really happened during one start of the workflow, by the ledger of the simulated cloud. */
import type { LedgerEffect, LedgerJob, LedgerRequest } from '../../../simulator';
import { lastLookAt } from './last-read';
import type { Played } from '../engine/schedule';
import type { World } from '../engine/world';

export type Place = 'on-server' | 'elsewhere' | 'port-kept' | 'port-gone';

export interface Truth {
  /** Requests that this start of the workflow has made. */
  requests: LedgerRequest[];
  posts: LedgerRequest[];
  /** Successful readings of the NIC list. */
  lists: LedgerRequest[];
  /** Jobs that it has set going. */
  jobs: LedgerJob[];
  effects: readonly LedgerEffect[];
  /** From when on reads show an effect: of a job's, unless it is a knob, not before the job has ended. */
  shownAt: (effect: LedgerEffect) => number;
  serverId: string;
  played: Played;
}

export function truthOf(world: World, serverId: string, played: Played): Truth {
  const { ledger } = world.simulator;
  const ranges = played.activities.flatMap((activity) => activity.requests);
  // Who plays one start alone need not tell which requests are its own: all are.
  const requests = played.attributed
    ? ranges.flatMap(([from, to]) => ledger.requests.slice(from, to))
    : [...ledger.forServer(serverId).requests];
  requests.sort((a, b) => a.seq - b.seq);
  const posts = requests.filter(({ requestClass }) => requestClass === 'delete');
  const own = new Set(posts.flatMap(({ jobId, accepted }) => (accepted === true ? (jobId ?? []) : [])));
  const { goneFrom } = world.simulator.control.knobs();
  return {
    shownAt: ({ at, jobId }) => {
      const job = goneFrom === 'sub-job-end' ? undefined : ledger.jobs.find((each) => each.jobId === jobId);
      return Math.max(at, job?.endsAt ?? at);
    },
    requests,
    posts,
    // A reset run begins with what the one before it has read.
    lists: (played.wasReset ? ledger.requests : requests).filter(
      ({ requestClass, status, at }) =>
        requestClass === 'list' && status === 200 && at <= played.endedCloudAt,
    ),
    jobs: ledger.jobs.filter(({ jobId }) => own.has(jobId)),
    effects: ledger.effects,
    serverId,
    played,
  };
}

/** Effects on a NIC, in order, each with the place where the NIC is from then on. */
function ways({ effects, serverId }: Truth, nicId: string): { effect: LedgerEffect; place: Place }[] {
  return effects
    .filter(({ portId }) => portId === nicId)
    .flatMap((effect): { effect: LedgerEffect; place: Place }[] => {
      switch (effect.kind) {
        case 'nic-detached':
          return [{ effect, place: 'port-kept' }];
        case 'port-deleted':
          return [{ effect, place: 'port-gone' }];
        case 'nic-attached':
          return [{ effect, place: effect.serverId === serverId ? 'on-server' : 'elsewhere' }];
        case 'port-created':
        case 'port-updated':
        case 'elastic-ip-bound':
        case 'elastic-ip-unbound':
        case 'flag-changed':
          return [];
      }
    });
}

export function placeAt(truth: Truth, nicId: string, at: number): Place {
  return ways(truth, nicId).findLast(({ effect }) => effect.at <= at)?.place ?? 'on-server';
}

/**
 * Where a NIC was when the run ended. When somebody else had a hand in it after the run's last look: also where it was before
 * that, as a verdict stands once it is given.
 */
export function placesOf(truth: Truth, nicId: string): Place[] {
  const { endedCloudAt } = truth.played;
  const lookedAt = lastLookAt(truth, nicId);
  const places = new Set([placeAt(truth, nicId, endedCloudAt)]);
  for (const { effect } of ways(truth, nicId)) {
    if (truth.shownAt(effect) < lookedAt || effect.at > endedCloudAt || isOwn(truth, effect)) continue;
    places.add(placeAt(truth, nicId, effect.at - 1));
  }
  return [...places];
}

export function detachedAt(truth: Truth, nicId: string): number | null {
  const { endedCloudAt } = truth.played;
  const off = ways(truth, nicId).findLast(
    ({ effect }) => effect.kind === 'nic-detached' && effect.at <= endedCloudAt,
  );
  return off?.effect.at ?? null;
}

/** What its own jobs did to a NIC after its end. */
export function ownEffectsAfter(truth: Truth, nicId: string): LedgerEffect[] {
  return ways(truth, nicId)
    .map(({ effect }) => effect)
    .filter((effect) => effect.at > truth.played.endedCloudAt && isOwn(truth, effect));
}

export function isOwn({ jobs }: Truth, { jobId }: LedgerEffect): boolean {
  return jobId !== undefined && jobs.some((job) => job.jobId === jobId);
}

/** Somebody else has changed something about the server's NICs by then. */
export function othersActed({ effects, serverId, played }: Truth): boolean {
  return effects.some(
    (effect) => effect.by === 'control' && effect.serverId === serverId && effect.at <= played.endedCloudAt,
  );
}
