/**
 * Makes the plan of a campaign out of a seed: all that is started, sent, killed, cut and made to fail, each at its time. Plain data; the
 * same seed makes the same plan. What is under way at such a time differs from one playing to the next.
 */
import { createHash } from 'node:crypto';
import type { Random } from '../dev/draw';
import { chooser } from '../dev/draw';
import type { FaultSpec } from '../simulator';
import type { Weather } from './faults';
import { faultsOf, weatherOf } from './faults';

/**
 * Waits of the runs: those of the campaigns on virtual time (settle 30 s, verifyFor 2 minutes), ten times as fast, as are the
 * jobs and what comes late.
 */
export const PACE = { firstPoll: '1s', pollInterval: '1s', settle: '3s', verifyFor: '12s', busyWait: '4s' };
export const SETTLE_MS = 3_000;

export const WORKERS = 3;

export interface ServerPlan {
  /** Beside the primary one. */
  nics: number;
  jobSeconds: number;
  /** Position of a NIC whose own flag keeps its port. */
  kept: number | null;
  /** Position of a NIC with an elastic IP, which a guard refuses. */
  elasticIp: number | null;
  faults: FaultSpec[];
}

/** Positions among the NICs but the primary one. */
export type Wanted = number[] | 'all';

export interface Promised {
  keepPort?: boolean;
  undoWindow?: string;
  onFailure?: 'restore';
  onCancel?: 'restore';
}

/** `share`: which of those that there are then, 0 to below 1; of a reset: how far its history has come. */
export type Message =
  | {
      afterMs: number;
      what: 'undo' | 'commit' | 'cancel' | 'terminate' | 'pollNow' | 'settled' | 'submitted';
    }
  | { afterMs: number; what: 'reset'; share: number };

export interface SinglePlan {
  kind: 'single';
  at: number;
  server: ServerPlan;
  wanted: Wanted;
  promised: Promised;
  messages: Message[];
}

/** A second deletion of a server that was asked for before, whatever became of that. */
export interface AgainPlan {
  kind: 'again';
  at: number;
  share: number;
}

/** A restore of what an earlier run has taken off. */
export interface RestorePlan {
  kind: 'restore';
  at: number;
  share: number;
}

export type Remedy = 'retryFailed' | 'skip' | 'setLimits' | 'abort';
export type FleetUpdate =
  'pause' | 'resume' | 'abort' | 'retryFailed' | 'skip' | 'setLimits' | 'undo' | 'undoSome' | 'commit';

export interface FleetPlan {
  kind: 'fleet';
  at: number;
  servers: (ServerPlan & { wanted: Wanted })[];
  pageSize: number;
  settings: {
    waves: string;
    pauseAfter: string;
    maxErrors: number | string;
    strict: boolean;
    concurrency: number;
    undoWindow: string;
  };
  /** The person who approves, resumes, mends and commits is so slow. */
  personMs: number;
  windowMs: number;
  remedies: Remedy[];
  /** `afterMs`: since the approval. */
  messages: { afterMs: number; what: FleetUpdate; share: number }[];
}

/** Somebody with Temporal's own means. */
export interface OutsidePlan {
  kind: 'outside';
  at: number;
  what: 'terminate' | 'reset' | 'cancel';
  whom: 'server' | 'page' | 'run';
  share: number;
  /** Of a reset: how far its history has come by the task that it goes back to. */
  task: number;
}

export type LinkKind = 'worker-temporal' | 'worker-cloud' | 'client-temporal';
export type CutMode = 'cut' | 'hang' | 'half-open' | 'stall';

export type Disturbance =
  | { kind: 'kill'; at: number; worker: number; ms: number }
  | { kind: 'freeze'; at: number; worker: number; ms: number }
  | { kind: 'kill-temporal'; at: number; ms: number }
  | { kind: 'cut'; at: number; link: LinkKind; worker: number; mode: CutMode; ms: number }
  | ({ kind: 'weather'; at: number } & Weather);

export type Action = SinglePlan | AgainPlan | RestorePlan | FleetPlan | OutsidePlan | Disturbance;

export interface Plan {
  seed: number;
  ms: number;
  /** Of every request. */
  deadline: string;
  knobs: Record<string, unknown>;
  /** In the order of their times, in ms from the start. */
  actions: Action[];
}

/** Above it the generator would lose digits of a seed. */
export const SEEDS = 1_000_000;

/** Each kind has draws of its own: one more of a kind shifts no other. */
const STREAM = { singles: 1, fleets: 2, outside: 3, kills: 4, cuts: 5, weather: 6, knobs: 7 } as const;

/**
 * How often, a minute. What two loaded cores can carry: the Temporal server on its database file is the narrowest place. And each kill
 * costs what the worker had in its hands up to a minute, until the server takes the attempt for lost: with more of them hardly any
 * decommission run would get as far as its waves.
 */
const PER_MINUTE = {
  singles: 24,
  again: 4,
  restores: 3,
  fleets: 2,
  outside: 5,
  kills: 3,
  freezes: 0.7,
  temporalKills: 0.7,
  cuts: 4,
  weather: 3,
};

/** Of so many kinds of weather one refuses the worker's credentials, after which it calls nobody for a minute. None in a short campaign. */
const REFUSED_ONCE_IN = 25;

export function planOf(seed: number, minutes: number): Plan {
  const ms = Math.round(minutes * 60_000);
  const of = (stream: keyof typeof STREAM) => chooser(seed + STREAM[stream] * SEEDS);
  const actions = [
    ...singlesOf(of('singles'), ms),
    ...fleetsOf(of('fleets'), ms),
    ...outsideOf(of('outside'), ms),
    ...killsOf(of('kills'), ms),
    ...cutsOf(of('cuts'), ms),
    ...spread(of('weather'), ms, PER_MINUTE.weather, 1).map(({ at, random }, n): Disturbance => ({
      kind: 'weather',
      at,
      ...weatherOf(random, n % REFUSED_ONCE_IN === REFUSED_ONCE_IN - 1),
    })),
  ];
  return {
    seed,
    ms,
    // Long enough to live through a disturbance, and short enough for a run that can't learn its end to end soon.
    deadline: minutes < 2 ? '45 seconds' : '90 seconds',
    knobs: knobsOf(of('knobs')),
    actions: actions.sort((a, b) => a.at - b.at),
  };
}

/** For people who compare two playings: equal digests, equal plans. */
export function digestOf(plan: Plan): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 16);
}

/** Times at which something of a kind happens: at least once, and none in the last part, where runs would only be begun. */
function spread(
  random: Random,
  ms: number,
  perMinute: number,
  until: number,
): { at: number; random: Random }[] {
  const count = Math.max(1, Math.round((perMinute * ms) / 60_000));
  return Array.from({ length: count }, () => ({ at: Math.round(random.fraction() * ms * until), random }));
}

function knobsOf({ pick, chance }: Random): Record<string, unknown> {
  return {
    ...(chance(0.3) ? { subJobs: pick(['none', 'one-for-all', 'without-nic-id']) } : {}),
    ...(chance(0.3) ? { goneFrom: 'sub-job-end' } : {}),
    ...(chance(0.3) ? { parentOnPartialFailure: 'SUCCESS' } : {}),
    ...(chance(0.3) ? { nicOrder: 'shuffled' } : {}),
    ...(chance(0.3) ? { detailPrimary: 'omitted' } : {}),
    ...(chance(0.2) ? { serverIdsForm: pick(['comma', 'repeated']) } : {}),
    ...(chance(0.2) ? { portIdsHonoured: pick(['first', 'last']) } : {}),
  };
}

function serverOf(random: Random): ServerPlan {
  const { pick, chance } = random;
  const nics = pick([2, 3, 3, 5]);
  return {
    nics,
    jobSeconds: pick([0.5, 1, 2, 4, 8]),
    kept: chance(0.08) ? 0 : null,
    elasticIp: chance(0.04) ? nics - 1 : null,
    faults: faultsOf(random),
  };
}

function wantedOf({ pick, chance, below }: Random, nics: number): Wanted {
  if (chance(0.25)) return 'all';
  const first = below(nics);
  const count = Math.min(pick([1, 2, 2, 3]), nics);
  return Array.from({ length: count }, (_, index) => (first + index) % nics).sort();
}

function singlesOf(random: Random, ms: number): Action[] {
  const singles = spread(random, ms, PER_MINUTE.singles, 0.95).map(({ at }): SinglePlan => {
    const { pick, chance } = random;
    const server = serverOf(random);
    const exact = chance(0.5);
    const promised: Promised = {
      ...(exact
        ? pick<Promised>([
            { undoWindow: '6 seconds' },
            { undoWindow: '1 hour' },
            { undoWindow: '1 hour' },
            { keepPort: true },
          ])
        : {}),
      ...(chance(0.2) ? { onFailure: 'restore' as const } : {}),
      ...(chance(0.2) ? { onCancel: 'restore' as const } : {}),
    };
    return {
      ...{ kind: 'single', at, server, promised },
      wanted: wantedOf(random, server.nics),
      messages: messagesOf(random, promised.undoWindow !== undefined),
    };
  });
  const again = spread(random, ms, PER_MINUTE.again, 0.9).map(({ at }): AgainPlan => ({
    ...{ kind: 'again', at },
    share: random.fraction(),
  }));
  const restores = spread(random, ms, PER_MINUTE.restores, 0.95).map(({ at }): RestorePlan => ({
    ...{ kind: 'restore', at },
    share: random.fraction(),
  }));
  return [...singles, ...again, ...restores];
}

function messagesOf({ pick, chance, below, fraction }: Random, window: boolean): Message[] {
  const messages: Message[] = [];
  const at = () => (chance(0.3) ? below(1_000) : below(pick([8_000, 25_000])));
  if (chance(0.25)) messages.push({ afterMs: at(), what: pick(['pollNow', 'submitted', 'settled']) });
  if (window && chance(0.6)) messages.push({ afterMs: at(), what: pick(['undo', 'undo', 'commit']) });
  if (window && chance(0.2)) messages.push({ afterMs: at(), what: pick(['undo', 'commit']) });
  if (chance(0.15)) messages.push({ afterMs: at(), what: 'cancel' });
  if (chance(0.06)) messages.push({ afterMs: at(), what: 'terminate' });
  if (chance(0.06)) messages.push({ afterMs: at(), what: 'reset', share: fraction() });
  return messages;
}

function fleetsOf(random: Random, ms: number): FleetPlan[] {
  const { pick, chance, below } = random;
  // The first one at once: it takes longest. None in the second half, whose servers would only be planned.
  return spread(random, ms, PER_MINUTE.fleets, 0.5).map(({ at }, number): FleetPlan => {
    const servers = Array.from({ length: 12 + below(25) }, () => {
      const server = serverOf(random);
      return { ...server, wanted: wantedOf(random, server.nics) };
    });
    return {
      kind: 'fleet',
      at: number === 0 ? 500 : at,
      servers,
      pageSize: pick([5, 8, 12]),
      settings: {
        waves: pick(['100%', '1,100%', '2,6,100%', '1,50%,100%']),
        pauseAfter: pick(['never', 'first', 'every']),
        maxErrors: pick([0, 3, '20%', '50%', '100%']),
        strict: chance(0.15),
        concurrency: pick([3, 8, 20]),
        undoWindow: pick(['0s', '0s', '5 seconds', '1 hour']),
      },
      personMs: pick([200, 1_000, 3_000]),
      windowMs: pick([1_000, 6_000]),
      remedies: Array.from({ length: 6 }, () =>
        pick<Remedy>([
          'retryFailed',
          'retryFailed',
          'skip',
          'skip',
          'setLimits',
          'setLimits',
          'setLimits',
          'abort',
        ]),
      ),
      messages: Array.from({ length: below(5) }, () => ({
        afterMs: below(pick([3_000, 30_000])),
        what: pick<FleetUpdate>([
          ...(['pause', 'pause', 'resume', 'retryFailed', 'skip', 'skip', 'setLimits'] as const),
          ...(['undo', 'undoSome', 'undoSome', 'undoSome', 'commit', 'commit', 'abort'] as const),
        ]),
        share: random.fraction(),
      })),
    };
  });
}

function outsideOf(random: Random, ms: number): OutsidePlan[] {
  const { pick, fraction } = random;
  return spread(random, ms, PER_MINUTE.outside, 1).map(({ at }) => ({
    ...{ kind: 'outside', at },
    what: pick(['terminate', 'terminate', 'reset', 'reset', 'cancel']),
    whom: pick(['server', 'server', 'server', 'page', 'page', 'run']),
    ...{ share: fraction(), task: fraction() },
  }));
}

function killsOf(random: Random, ms: number): Disturbance[] {
  const { pick, below } = random;
  return [
    ...spread(random, ms, PER_MINUTE.kills, 1).map(({ at }): Disturbance => ({
      ...{ kind: 'kill', at },
      worker: below(WORKERS),
      ms: pick([0, 300, 1_500, 6_000]),
    })),
    ...spread(random, ms, PER_MINUTE.freezes, 1).map(({ at }): Disturbance => ({
      ...{ kind: 'freeze', at },
      worker: below(WORKERS),
      // Shorter and longer than the time after which the server gives up a POST of which it hears nothing.
      ms: pick([2_000, 6_000, 25_000]),
    })),
    ...spread(random, ms, PER_MINUTE.temporalKills, 0.9).map(({ at }): Disturbance => ({
      ...{ kind: 'kill-temporal', at },
      ms: pick([0, 1_000, 4_000]),
    })),
  ];
}

function cutsOf(random: Random, ms: number): Disturbance[] {
  const { pick, below } = random;
  return spread(random, ms, PER_MINUTE.cuts, 1).map(({ at }) => ({
    ...{ kind: 'cut', at },
    link: pick<LinkKind>([
      'worker-temporal',
      'worker-temporal',
      'worker-cloud',
      'worker-cloud',
      'client-temporal',
    ]),
    worker: below(WORKERS),
    mode: pick<CutMode>(['cut', 'cut', 'hang', 'half-open', 'stall']),
    ms: pick([100, 1_000, 4_000, 9_000]),
  }));
}
