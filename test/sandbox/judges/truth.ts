/** What really happened during one start of the workflow, by the ledger of the simulated cloud. */
import type { LedgerEffect, LedgerJob, LedgerRequest } from '../../../simulator';
import type { Place } from '../../../simulator/world/places';
import { placeAfter, placeOf as placeAt } from '../../../simulator/world/places';
import type { Played } from '../engine/schedule';
import type { World } from '../engine/world';

export type { Place };

export interface Truth {
  /** Requests that this start of the workflow has made. */
  requests: LedgerRequest[];
  /** POSTs that delete. */
  posts: LedgerRequest[];
  /** POSTs that attach. */
  attachments: LedgerRequest[];
  /** Successful readings of the NIC list. */
  lists: LedgerRequest[];
  /** Details of several servers, this one among them, that no NIC list was read after. */
  details: LedgerRequest[];
  /** Jobs that it has set going, in the order in which they were accepted. */
  jobs: LedgerJob[];
  effects: readonly LedgerEffect[];
  /** Those of its requests and jobs. */
  ownEffects: LedgerEffect[];
  /** From when on reads show an effect: of a job's, unless it is a knob, not before the job has ended. */
  shownAt: (effect: LedgerEffect) => number;
  serverId: string;
  /** NICs that this server has ever had. */
  known: ReadonlySet<string>;
  played: Played;
}

/** It is about other servers alone. */
function isOfTheCrowd({ crowd }: World, { serverId, portId, asked }: LedgerRequest): boolean {
  const ids = asked ?? [serverId ?? [], portId ?? []].flat();
  return crowd !== null && ids.length > 0 && ids.every((id) => crowd.ids.has(id));
}

export function truthOf(world: World, serverId: string, played: Played): Truth {
  const { simulator } = world;
  const effects = simulator.ledger.effects.filter(({ portId }) => world.crowd?.ids.has(portId) !== true);
  const { ledger, control } = simulator;
  const ranges = played.activities.flatMap((activity) => activity.requests);
  // Who plays one start alone need not tell which requests are its own: all are.
  const made = played.attributed
    ? ranges.flatMap(([from, to]) => ledger.requests.slice(from, to))
    : [...ledger.forServer(serverId).requests];
  const requests = made.filter((request) => !isOfTheCrowd(world, request));
  requests.sort((a, b) => a.seq - b.seq);
  const posts = requests.filter(({ requestClass }) => requestClass === 'delete');
  const attachments = requests.filter(({ requestClass }) => requestClass === 'attach');
  const own = new Set(
    [...posts, ...attachments].flatMap(({ jobId, accepted }) => (accepted === true ? (jobId ?? []) : [])),
  );
  const seqs = new Set(requests.map(({ seq }) => seq));
  const { goneFrom } = control.knobs();
  // A reset run begins with what the one before it has read.
  const answered = (played.wasReset ? ledger.requests : requests).filter(
    ({ status, at }) => status === 200 && at <= played.endedCloudAt,
  );
  const lists = answered.filter(({ requestClass }) => requestClass === 'list');
  const isFollowed = ({ seq }: LedgerRequest) =>
    ranges.some(
      ([from, to]) => from <= seq && seq < to && lists.some((list) => list.seq > seq && list.seq < to),
    );
  return {
    details: answered.filter(
      (request) =>
        request.requestClass === 'servers' &&
        request.asked?.includes(serverId) === true &&
        !isFollowed(request),
    ),
    shownAt: ({ at, jobId }) => {
      const job = goneFrom === 'sub-job-end' ? undefined : ledger.jobs.find((each) => each.jobId === jobId);
      return Math.max(at, job?.endsAt ?? at);
    },
    requests,
    posts,
    attachments,
    lists,
    jobs: ledger.jobs.filter(({ jobId }) => own.has(jobId)),
    effects,
    ownEffects: effects.filter(
      ({ jobId, requestSeq }) =>
        (jobId !== undefined && own.has(jobId)) || (requestSeq !== undefined && seqs.has(requestSeq)),
    ),
    serverId,
    known: new Set(control.truth(serverId).nics.map(({ id }) => id)),
    played,
  };
}

export { placeAfter };

/** Where a port was at that time, as the effects have it. */
export function placeOf(truth: Truth, id: string, at: number): Place {
  return placeAt(truth.effects, truth, id, at);
}

/** Whether the workflow was told after this request was made: what an attempt does later nobody hears of. */
export function isHeard({ activities, attributed }: Played, { seq, at }: LedgerRequest): boolean {
  if (!attributed) return true;
  return activities.some(
    ({ toldAt, requests }) =>
      at <= (toldAt ?? -Infinity) && requests.some(([from, to]) => from <= seq && seq < to),
  );
}

/** Whether its answer is part of a result: of an attempt that has failed the run hears that alone. */
function isTold({ activities, attributed }: Played, { seq }: LedgerRequest): boolean {
  if (!attributed) return true;
  return activities.some(
    ({ told, requests }) =>
      told !== undefined && 'result' in told && requests.some(([from, to]) => from <= seq && seq < to),
  );
}

/**
 * When the run has last seen where this NIC is: the list tells of all, a port of itself, also among others, and a server that is
 * gone has none.
 */
function lastLookAt({ requests, details, played, serverId }: Truth, nicId: string): number {
  const isLook = ({ requestClass, status, portId, asked, faults = [], ...request }: LedgerRequest) => {
    if (requestClass === 'list' || requestClass === 'ports')
      return status === 200 && (requestClass === 'list' || asked?.includes(nicId) === true);
    if (requestClass === 'detail')
      return status === 404 && request.serverId === serverId && faults.length === 0;
    const isOfPort = requestClass === 'port' || requestClass === 'port-delete';
    return isOfPort && portId === nicId && [200, 204, 404].includes(status);
  };
  const looks = requests.filter(
    (request) =>
      request.at <= played.endedCloudAt &&
      isHeard(played, request) &&
      isTold(played, request) &&
      (isLook(request) || details.includes(request)),
  );
  // A set shows what was so then: the lag of the cloud's sets is none of the run's.
  return looks.length === 0 ? played.startedAt : Math.max(...looks.map(({ at, shows = at }) => shows));
}

/**
 * At the end, and just before whatever others did after the run's last look at this NIC: a verdict stands once it is given.
 * @param concerns which of these deeds may have changed what is judged
 */
export function momentsOf(
  truth: Truth,
  nicId: string,
  concerns: (effect: LedgerEffect) => boolean = () => true,
): number[] {
  const { effects, ownEffects, played, shownAt } = truth;
  const { endedCloudAt } = played;
  const lookedAt = lastLookAt(truth, nicId);
  const others = effects.filter(
    (effect) =>
      concerns(effect) &&
      !ownEffects.includes(effect) &&
      shownAt(effect) >= lookedAt &&
      effect.at <= endedCloudAt,
  );
  return [endedCloudAt, ...others.map(({ at }) => at - 1)];
}

/** What the run itself has done to these ports after its end. */
export function lateEffects({ ownEffects, played }: Truth, ids: readonly string[]): LedgerEffect[] {
  return ownEffects.filter(({ portId, at }) => ids.includes(portId) && at > played.endedCloudAt);
}

/** Somebody else has changed something about the server's NICs by then. */
export function othersActed({ effects, serverId, played }: Truth): boolean {
  return effects.some(
    (effect) => effect.by === 'control' && effect.serverId === serverId && effect.at <= played.endedCloudAt,
  );
}
