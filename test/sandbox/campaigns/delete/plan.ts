/** Makes a schedule out of a seed: plain data, so that one that fails can be read, and is played again by its seed alone. */
import type { FaultSpec } from '../../../../simulator';
import { generator } from '../../../support/generator';
import type { Schedule, Start, UpdatePlan } from '../../engine/schedule';

export interface Plan {
  seed: number;
  server: { jobSeconds: number; nics: object[] };
  knobs: Record<string, unknown>;
  faults: FaultSpec[];
  /** ms after the first start: no connection to the cloud comes about. */
  outage: { at: number; ms: number } | null;
  lookUpsFail: number;
  starts: PlannedStart[];
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
}

interface Request {
  /** Positions among the server's NICs but the primary one. */
  nics: number[] | 'all';
  dryRun: boolean;
}

export interface PlannedStart extends Omit<Start, 'input' | 'updates'> {
  request: Request;
  deadline: string;
  updates: { at: number; name: UpdatePlan['name']; request: Request | null }[];
}

export const TIMING = {
  firstPoll: '10s',
  pollInterval: '10s',
  settle: '30s',
  verifyFor: '2 minutes',
  busyWait: '60s',
};

export type Random = ReturnType<typeof chooser>;

export function planOf(seed: number): Plan {
  const random = chooser(seed);
  const { pick, chance, some } = random;
  // Drawn apart: what is rare and has to be long must not shift all else.
  const flickering = chooser(seed + 0x5eed).chance(0.03);
  const drawnSeconds = pick([1, 5, 12, 12, 45, 45, 200, 700]);
  const jobSeconds = flickering ? 900 : drawnSeconds;
  const nics = [
    { primary: true },
    ...Array.from({ length: pick([2, 3, 3, 5]) }, () => ({
      ...(chance(0.1) ? { deleteOnTermination: false } : {}),
      ...(chance(0.02) ? { elasticIp: true } : {}),
    })),
  ];
  return {
    seed,
    server: { jobSeconds, nics },
    knobs: knobsOf(random),
    faults: [...(flickering ? [FLICKER] : []), ...faultsOf(random), ...meddlingOf(chooser(seed + 0xdeed))],
    outage: chance(0.07) ? { at: random.below(200_000), ms: pick([2_000, 20_000, 120_000]) } : null,
    lookUpsFail: chance(0.1) ? pick([1, 4]) : 0,
    starts: startsOf(random, nics.length - 1),
    crashes: some(20, 0.05, () => pick(['before', 'after'] as const)),
    queueMs: some(16, 0.04, () => pick([500, 8_000, 45_000])),
    frozenMs: some(16, 0.04, () => pick([3_000, 20_000, 29_000, 40_000, 90_000])),
    silentMs: some(24, 0.02, () => pick([4_000, 60_000, 900_000])),
    forgotten: some(40, 0.03, () => 0).map(([number]) => number),
    lostTasks: some(40, 0.015, () => 0).map(([number]) => number),
    away: chance(0.2) ? { at: random.below(200_000), ms: pick([3_000, 14_000, 60_000, 900_000]) } : null,
    continueAfter: chance(0.3) ? pick([1, 2, 3, 5, 9]) : null,
    ...strangersOf(chooser(seed + 0x57a)),
  };
}

/** Workers of another place on the same queue. */
export function strangersOf({
  pick,
  chance,
  below,
  some,
}: Random): Pick<Plan, 'strangers' | 'strangersHave' | 'moved'> {
  return {
    strangers: chance(0.15) ? some(40, 0.2, () => pick([1, 1, 2, 5])) : [],
    strangersHave: pick(['another project', 'another region']),
    moved: chance(0.08) ? { at: below(200_000), ms: pick([5_000, 60_000, 1_500_000]) } : null,
  };
}

function startsOf(random: Random, nics: number): PlannedStart[] {
  const { pick, chance, below } = random;
  const count = chance(0.35) ? pick([2, 2, 3]) : 1;
  const starts: PlannedStart[] = [];
  for (let n = 0; n < count; n++) {
    const before = starts.at(-1);
    const request = before !== undefined && chance(0.5) ? before.request : requestOf(random, nics, n);
    const last = n === count - 1;
    const start: PlannedStart = {
      request: last ? { ...request, dryRun: false } : request,
      deadline: pick(['3 minutes', '3 minutes', '20 minutes']),
      updates: Array.from({ length: pick([0, 0, 1, 1, 2, 3]) }, () => ({
        at: chance(0.3) ? 0 : below(200_000),
        name: pick(['submitted', 'settled'] as const),
        request: pick([null, request, request, requestOf(random, nics, n)]),
      })),
    };
    if (n > 0) start.gapMs = pick([10, 1_000, 30_000, 400_000]);
    if (chance(0.12)) start.cancelAt = chance(0.3) ? below(2_000) : below(150_000);
    if (chance(0.3)) start.pollNowAt = [below(60_000), below(200_000)];
    const early = () => (chance(0.3) ? below(1_000) : below(pick([60_000, 200_000])));
    if (chance(last ? 0.03 : 0.6)) start.terminateAt = early();
    else if (chance(0.1)) start.resetAt = { at: early(), share: pick([0, 0.3, 0.6, 0.9, random.fraction()]) };
    starts.push(start);
  }
  return starts;
}

function requestOf({ pick, chance, below }: Random, nics: number, n: number): Request {
  if (chance(0.1)) return { nics: 'all', dryRun: n > 0 && chance(0.3) };
  const first = below(nics);
  const count = Math.min(pick([1, 2, 2, 3]), nics);
  return {
    nics: Array.from({ length: count }, (_, index) => (first + index) % nics).sort(),
    dryRun: chance(n > 0 ? 0.25 : 0.03),
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

const page = { headers: { server: 'CloudWAF' }, body: '<html>no</html>' };

/** What becomes of the POST. */
export const POSTS: FaultSpec['what'][] = [
  { kind: 'drop', accepted: true },
  { kind: 'drop' },
  { kind: 'drop', accepted: true, partway: true },
  { kind: 'status', status: 502, accepted: true },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 504, accepted: true },
  { kind: 'no-job-id' },
  { kind: 'no-job-id', status: 204 },
  { kind: 'no-job-id', status: 202, accepted: false },
  { kind: 'busy' },
  { kind: 'throttled', retryAfter: 20 },
  { kind: 'throttled', as: '202' },
  { kind: 'hang' },
  { kind: 'hang', accepted: true },
  { kind: 'delay', ms: 1 },
  { kind: 'answer', status: 403, accepted: true, ...page },
  { kind: 'answer', status: 403, ...page },
  { kind: 'answer', status: 202, accepted: true, body: { error: { code: 'Common.0024', message: 'busy' } } },
  { kind: 'answer', status: 400, accepted: true, body: { error: { code: 'Ecs.0507', message: 'no' } } },
  { kind: 'answer', status: 400, body: { error: { code: 'Ecs.0000', message: 'later' } } },
  { kind: 'answer', status: 409, body: { conflictingRequest: { code: 409, message: 'held' } } },
  { kind: 'answer', status: 403, body: { error: { code: 'Ecs.0003', message: 'no' } } },
  { kind: 'answer', status: 401, body: { error_code: 'APIGW.0301', error_msg: 'no' } },
];

/** What becomes of the job. */
export const JOBS: FaultSpec['what'][] = [
  { kind: 'partial-failure', nics: [0] },
  { kind: 'partial-failure', nics: [0], parent: 'SUCCESS' },
  { kind: 'partial-failure', nics: [0], lateMs: 20_000 },
  { kind: 'partial-failure', nics: [1], code: 'Ecs.0401' },
  { kind: 'lying-job' },
  { kind: 'lying-job', nics: [0] },
  { kind: 'lying-job', lateMs: 40_000 },
  { kind: 'false-failure' },
  { kind: 'false-failure', nics: [0], parent: 'SUCCESS' },
  { kind: 'job-gone', afterMs: 15_000 },
  { kind: 'job-gone' },
  { kind: 'job-stuck' },
  { kind: 'job-stuck', nicsGo: true },
  { kind: 'job-seconds', seconds: 100 },
  { kind: 'job-seconds', seconds: 1_500 },
];

export const READS: FaultSpec['what'][] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503 },
  { kind: 'drop' },
  { kind: 'drop', partway: true },
  { kind: 'throttled' },
  { kind: 'throttled', retryAfter: 60 },
  { kind: 'hang' },
  { kind: 'delay', ms: 1, when: 'after' },
  { kind: 'answer', status: 400, body: { code: 'Common.0025', message: 'later' } },
  { kind: 'answer', status: 400, body: { error: { code: 'Ecs.0307', message: 'no ports' } } },
  { kind: 'answer', status: 403, ...page },
  { kind: 'answer', status: 200, body: 'no JSON' },
  { kind: 'answer', status: 403, body: { error_code: 'APIGW.0302', error_msg: 'no' } },
  { kind: 'answer', status: 401, body: { error_code: 'APIGW.0301', error_msg: 'no' } },
];

/** Of the polls of a long job half fail, with all their attempts, and hardly ever ten in a row. */
const FLICKER: FaultSpec = {
  match: { class: 'job' },
  what: { kind: 'status', status: 500 },
  probability: 0.8,
};

function faultsOf(random: Random): FaultSpec[] {
  const { pick, chance } = random;
  const faults: FaultSpec[] = [];
  if (chance(0.5)) {
    faults.push({
      match: { class: 'delete' },
      what: pick(POSTS),
      times: pick([1, 1, 2, 4]),
      after: pick([0, 0, 0, 1]),
    });
  }
  if (chance(0.35)) faults.push({ match: { class: 'delete' }, what: pick(JOBS), times: pick([1, 2]) });
  if (chance(0.4)) {
    const kind = pick(['job', 'job', 'list', 'port', 'detail', 'any'] as const);
    const what = pick(READS);
    faults.push({ match: { class: kind }, what, times: pick([1, 3, 12, 40]), after: pick([0, 1, 3, 8]) });
  }
  if (chance(0.12)) {
    const what = pick(READS);
    const probability = pick([0.2, 0.5, 0.8]);
    faults.push({ match: { class: pick(['job', 'job', 'list', 'port'] as const) }, what, probability });
  }
  if (chance(0.15)) {
    const merge = pick([
      { status: 'PENDING_PAYMENT' },
      { status: 'RETRYING' },
      { entities: { sub_jobs: 7 } },
    ]);
    faults.push({
      match: { class: 'job' },
      what: { kind: 'edit', merge },
      times: pick([1, 4]),
      after: pick([0, 1]),
    });
  }
  if (chance(0.25))
    faults.push({ what: { kind: 'stale-list' }, times: pick([1, 2]), after: pick([0, 1, 2]) });
  if (chance(0.25)) {
    const nics = pick([['primary'], ['primary'], [1], [2], [0, 1, 2, 3, 4, 5]]);
    faults.push({ what: { kind: 'hide-nics', nics }, times: pick([1, 3]), after: pick([0, 1, 2, 3]) });
  }
  if (chance(0.25)) faults.push(...meanwhile(random));
  return faults;
}

/** Others, while the run waits or submits: they set flags, take NICs off, bind elastic IPs, put back what is off. Drawn apart. */
function meddlingOf({ pick, chance }: Random): FaultSpec[] {
  if (!chance(0.15)) return [];
  const nic = pick([1, 2]);
  const what = pick([
    { ports: [{ nic, deleteOnTermination: true }] },
    { ports: [{ nic, deleteOnTermination: false }] },
    { ports: [{ nic, elasticIp: true as const }] },
    { ports: [{ nic, name: 'theirs', securityGroups: ['sg-theirs'] }] },
    { detach: [nic] },
    { putBack: [nic] },
  ]);
  const match = { class: pick(['delete', 'delete', 'detail', 'list'] as const) };
  const deed: FaultSpec = {
    match,
    what: { kind: 'meanwhile', afterMs: pick([0, 1_000, 20_000]), ...what },
    times: 1,
    after: pick([0, 0, 1]),
  };
  return chance(0.6) ? [{ match: { class: 'delete' }, what: { kind: 'busy' }, times: 1 }, deed] : [deed];
}

/** Another actor. */
function meanwhile({ pick, chance }: Random): FaultSpec[] {
  const when = {
    match: { class: pick(['delete', 'job', 'list', 'detail', 'port'] as const) },
    times: 1,
    after: pick([0, 0, 1, 3]),
  };
  const afterMs = pick([0, 3_000, 20_000, 90_000]);
  const act = (more: object, ms = afterMs): FaultSpec => ({
    ...when,
    what: { kind: 'meanwhile', afterMs: ms, ...more },
  });
  const deed = pick(['detach', 'detach', 'attach', 'reboot', 'task', 'lock', 'freeze', 'stop', 'delete']);
  switch (deed) {
    case 'detach':
      return [act({ detach: pick([[1], [2], [1, 2]]) })];
    case 'attach':
      return [act({ attach: chance(0.3) ? { deleteOnTermination: false } : {} })];
    case 'reboot':
      return [act({ change: { status: 'REBOOT' } }), act({ change: { status: 'ACTIVE' } }, afterMs + 45_000)];
    case 'task':
      return [
        act({ change: { taskState: 'rebuilding' } }),
        act({ change: { taskState: null } }, afterMs + 30_000),
      ];
    case 'lock':
      return [act({ change: { locked: true } })];
    case 'freeze':
      return [act({ change: { frozen: true } })];
    case 'stop':
      return [act({ change: { status: 'SHUTOFF' } })];
    default:
      return [act({ deleteServer: true })];
  }
}

/** The schedule for a server with these NICs (without the primary one). */
export function scheduleOf(plan: Plan, serverId: string, nics: string[]): Schedule {
  const inputOf = ({ nics: wanted, dryRun }: Request, deadline: string) => ({
    serverId,
    nics: wanted === 'all' ? 'all' : wanted.map((position) => ({ id: nics[position] })),
    timing: TIMING,
    deadline,
    ...(dryRun ? { dryRun } : {}),
  });
  const starts = plan.starts.map(({ request, deadline, updates, ...start }): Start => ({
    ...start,
    input: inputOf(request, deadline),
    updates: updates.map(({ at, name, request: sent }) => ({
      at,
      name,
      // Whoever attaches may well have another deadline in mind: that makes no other request.
      ...(sent === null ? {} : { request: inputOf(sent, '7 minutes') }),
    })),
  }));
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
export function readable(plan: Plan): string {
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

/** Repeatable random choices. */
export function chooser(seed: number) {
  const fraction = generator(seed);
  const below = (limit: number) => Math.floor(fraction() * limit);
  const chance = (share: number) => fraction() < share;
  return {
    fraction,
    below,
    chance,
    pick: <T>(items: readonly T[]): T => items[below(items.length)] as T,
    /** Of the numbers below `count` each one with that chance, with a value. */
    some: <T>(count: number, share: number, value: () => T): [number, T][] =>
      Array.from({ length: count }, (_, number) => number)
        .filter(() => chance(share))
        .map((number) => [number, value()]),
  };
}
