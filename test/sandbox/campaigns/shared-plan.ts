/** What the plans of all campaigns have in common: plain data, so that one that fails can be read, and is played again by its seed alone. */
import type { FaultSpec } from '../../../simulator';
import type { CrowdPlan } from '../engine/crowd';
import type { Schedule, Start } from '../engine/schedule';
import type { Random } from '../../../dev/draw';

export interface SharedPlan<S = unknown> {
  seed: number;
  server: { jobSeconds: number; nics: object[] };
  knobs: Record<string, unknown>;
  faults: FaultSpec[];
  /** ms after the first start: no connection to the cloud comes about. */
  outage: { at: number; ms: number } | null;
  lookUpsFail: number;
  starts: S[];
  crashes: [number, 'before' | 'after'][];
  queueMs: [number, number][];
  frozenMs: [number, number][];
  silentMs: [number, number][];
  forgotten: number[];
  lostTasks: number[];
  away: { at: number; ms: number } | null;
  continueAfter: number | null;
  /** Attempts that workers of another place take first, by the number of their activity. */
  strangers: [number, number][];
  strangersHave: 'another project' | 'another region';
  /** Only strangers are there from then on, for so long. */
  moved: { at: number; ms: number } | null;
  /** Other servers that the worker is busy with at the same time. */
  crowd: CrowdPlan | null;
}

/** Positions among the server's NICs but the primary one. */
export type Wanted = number[] | 'all';

export function positionsOf({ pick, below }: Random, nics: number): number[] {
  const first = below(nics);
  const count = Math.min(pick([1, 2, 2, 3]), nics);
  return Array.from({ length: count }, (_, index) => (first + index) % nics).sort();
}

export function chosen(wanted: Wanted, nics: readonly string[]): 'all' | { id: string | undefined }[] {
  return wanted === 'all' ? 'all' : wanted.map((position) => ({ id: nics[position] }));
}

/** Workers of another place on the same queue. */
export function strangersOf({
  pick,
  chance,
  below,
  some,
}: Random): Pick<SharedPlan, 'strangers' | 'strangersHave' | 'moved'> {
  return {
    strangers: chance(0.15) ? some(40, 0.2, () => pick([1, 1, 2, 5])) : [],
    strangersHave: pick(['another project', 'another region']),
    moved: chance(0.08) ? { at: below(200_000), ms: pick([5_000, 60_000, 1_500_000]) } : null,
  };
}

export function knobsOf({ pick, chance }: Random): Record<string, unknown> {
  return {
    ...(chance(0.1) ? { lagReads: 1 } : {}),
    ...(chance(0.1) ? { lagSeconds: pick([2, 20]) } : {}),
    ...(chance(0.1) ? { lagIn: pick([['list'], ['port'], ['list', 'detail']]) } : {}),
    ...(chance(0.2) ? { subJobs: pick(['none', 'one-for-all', 'without-nic-id']) } : {}),
    ...(chance(0.1) ? { subJobsWhileInit: pick(['missing', 'all']) } : {}),
    ...(chance(0.1) ? { whenBusy: 'Ecs.0100' } : {}),
    ...(chance(0.1) ? { goneFrom: 'sub-job-end' } : {}),
    ...(chance(0.1) ? { unknownNic: 'sub-job' } : {}),
    ...(chance(0.1) ? { parentOnPartialFailure: 'SUCCESS' } : {}),
    ...(chance(0.1) ? { nicOrder: 'shuffled' } : {}),
    ...(chance(0.1) ? { detailPrimary: 'omitted' } : {}),
    ...(chance(0.05) ? { taskStateDuringJob: 'deleting-nic' } : {}),
    ...(chance(0.03) ? { jobRetentionSeconds: 20 } : {}),
  };
}

/**
 * How the cloud answers reads of sets (docs/cloud-api.md §3.6, §4.2), and whether other servers are there to read together with.
 * Drawn apart, and most schedules have none of it.
 */
export function setsOf({ pick, chance, below }: Random): {
  crowd: CrowdPlan | null;
  knobs: Record<string, unknown>;
  faults: FaultSpec[];
} {
  const crowd = chance(0.3)
    ? { neighbours: pick([1, 2, 2, 3, 8]), leavesAt: chance(0.2) ? below(100_000) : null }
    : null;
  const knobs: Record<string, unknown> = {};
  const faults: FaultSpec[] = [];
  const isOdd = chance(crowd === null ? 0.2 : 0.6);
  const lost = (what: 'servers' | 'ports') => {
    const times = what === 'ports' ? 1 : pick([1, 2, 40]);
    const after = pick([0, 1, 2]);
    // A port lost from two answers in a row is a lie: two readings without it are what absence means (docs/decisions/0016).
    if (what === 'ports' && faults.some(({ match }) => match?.class === 'ports')) return;
    faults.push({ match: { class: what }, what: { kind: 'lost-entry' }, times, after });
  };
  const lag = () => ({
    setLagSeconds: pick([2, 10, 30]),
    ...(chance(0.5) ? { setLagIn: [pick(['servers', 'ports'])] } : {}),
  });
  const ofPorts = [
    () => Object.assign(knobs, { portIdsHonoured: pick(['first', 'last', 'refused']) }),
    () => Object.assign(knobs, { portListPrimary: false }),
    () => Object.assign(knobs, lag()),
    () => lost('ports'),
  ];
  const ofServers = [
    () => Object.assign(knobs, { serverIdsHonoured: pick(['first', 'last', 'refused']) }),
    () => Object.assign(knobs, { serverIdsForm: pick(['comma', 'repeated']) }),
    () => Object.assign(knobs, { serverListPrimary: false }),
    () => lost('servers'),
  ];
  // Servers are read together only where there are others.
  for (let wanted = isOdd ? pick([1, 1, 2]) : 0; wanted > 0; wanted--)
    pick(crowd === null || chance(0.4) ? ofPorts : ofServers)();
  return { crowd, knobs, faults };
}

/** What such a plan becomes, with its starts made for a certain server. */
export function scheduleWith(plan: SharedPlan, serverId: string, starts: readonly Start[]): Schedule {
  const [first, ...more] = starts;
  if (first === undefined) throw new Error('a plan without a start');
  return {
    ...first,
    more,
    serverId,
    seed: plan.seed,
    crashes: new Map(plan.crashes),
    queueMs: new Map(plan.queueMs),
    frozenMs: new Map(plan.frozenMs),
    silentMs: new Map(plan.silentMs),
    forgotten: new Set(plan.forgotten),
    lostTasks: new Set(plan.lostTasks),
    ...(plan.away === null ? {} : { away: plan.away }),
    ...(plan.continueAfter === null ? {} : { continueAfter: plan.continueAfter }),
    strangers: new Map(plan.strangers),
  };
}

/** A line for everything that is out of the ordinary. */
export function readable(plan: SharedPlan): string {
  const { starts, faults, server, ...rest } = plan;
  const lines = Object.entries(rest).flatMap(([name, value]) =>
    value === null || value === 0 || (typeof value === 'object' && Object.keys(value).length === 0)
      ? []
      : [`${name}: ${JSON.stringify(value)}`],
  );
  return [
    `server: jobs of ${server.jobSeconds} s, NICs ${JSON.stringify(server.nics)}`,
    ...starts.map((start, index) => `start ${index + 1}: ${JSON.stringify(start)}`),
    ...faults.map((fault) => `fault: ${JSON.stringify(fault)}`),
    ...lines,
  ].join('\n  ');
}
