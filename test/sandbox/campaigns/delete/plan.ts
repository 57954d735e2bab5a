/** Makes a schedule of deletions out of a seed. */
import { TIMING } from '../../engine/play';
import type { Schedule, Start, UpdatePlan } from '../../engine/schedule';
import type { Random } from '../../../../dev/draw';
import { chooser } from '../../../../dev/draw';
import type { SharedPlan, Wanted } from '../shared-plan';
import { chosen, knobsOf, positionsOf, scheduleWith, setsOf, strangersOf } from '../shared-plan';
import { faultsOf, FLICKER, meddlingOf } from './faults';

export type DeletePlan = SharedPlan<PlannedStart>;

interface Request {
  nics: Wanted;
  dryRun: boolean;
}

interface PlannedStart extends Omit<Start, 'input' | 'updates'> {
  request: Request;
  deadline: string;
  updates: { at: number; name: UpdatePlan['name']; request: Request | null }[];
}

export function planOf(seed: number): DeletePlan {
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
  const sets = setsOf(chooser(seed + 0x5e75));
  return {
    seed,
    server: { jobSeconds, nics },
    knobs: { ...knobsOf(random), ...sets.knobs },
    faults: [
      ...(flickering ? [FLICKER] : []),
      ...faultsOf(random),
      ...meddlingOf(chooser(seed + 0xdeed)),
      ...sets.faults,
    ],
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
    crowd: sets.crowd,
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

function requestOf(random: Random, nics: number, n: number): Request {
  const { chance } = random;
  if (chance(0.1)) return { nics: 'all', dryRun: n > 0 && chance(0.3) };
  return { nics: positionsOf(random, nics), dryRun: chance(n > 0 ? 0.25 : 0.03) };
}

/** The schedule for a server with these NICs (without the primary one). */
export function scheduleOf(plan: DeletePlan, serverId: string, nics: string[]): Schedule {
  const inputOf = ({ nics: wanted, dryRun }: Request, deadline: string) => ({
    serverId,
    nics: chosen(wanted, nics),
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
  return scheduleWith(plan, serverId, starts);
}
