/** Makes a schedule of undo, commit and restore out of a seed. */
import type { ResultDocument } from '../../../../src/contract';
import { TIMING, WHO } from '../../engine/play';
import type { Played, Schedule, Start } from '../../engine/schedule';
import type { World } from '../../engine/world';
import type { Random } from '../../../../dev/draw';
import { chooser } from '../../../../dev/draw';
import type { SharedPlan, Wanted } from '../shared-plan';
import { chosen, knobsOf, positionsOf, scheduleWith, setsOf, strangersOf } from '../shared-plan';
import type { Deed, Others, When } from './deeds';
import { act, deedsOf, meddlingOf } from './deeds';
import { undoFaultsOf } from './faults';

export interface UndoPlan extends SharedPlan<UndoStart> {
  /** Updates that the server takes for one run; `null`: as many as the real one. */
  maxUpdates: number | null;
}

interface Deletion {
  kind: 'delete';
  nics: Wanted;
  dryRun: boolean;
  keepPort: boolean;
  undoWindow: string;
  onFailure: 'keep' | 'restore';
  onCancel: 'keep' | 'restore';
  allowElasticIp: boolean;
  deadline: string;
}

interface Restore {
  kind: 'restore';
  /** The last deletion that has ended by itself, or the last run of any kind. */
  of: 'deletion' | 'last';
  from: 'document' | 'run';
  nics: Wanted;
  allowNewIp: boolean;
  dryRun: boolean;
}

interface UndoStart {
  request: Deletion | Restore;
  gapMs?: number;
  cancel: When | null;
  pollNowAt?: number[];
  updates: (When & { name: 'submitted' | 'settled' | 'undo' | 'commit'; argument: Argument })[];
  deeds: (When & Deed)[];
  terminateAt?: number;
  resetAt?: { at: number; share: number };
}

/** What an Update is sent: nothing, its run's own request, who asks, or rubbish. */
type Argument = 'none' | 'own' | 'who' | 'rubbish';

/** Windows and deadlines, spelled as in the input. */
export const DURATIONS: Record<string, number> = {
  '0s': 0,
  '40s': 40_000,
  '4 minutes': 240_000,
  '10 minutes': 600_000,
  '20 minutes': 1_200_000,
  '3 hours': 10_800_000,
  '2 days': 172_800_000,
};

export function planOf(seed: number): UndoPlan {
  const random = chooser(seed + 0x0c0ffee);
  const { pick, chance, some, below } = random;
  const nics = [{ primary: true }, ...Array.from({ length: pick([2, 3, 3, 4]) }, () => nicOf(random))];
  // Drawn apart: these must not shift all else.
  const apart = chooser(seed + 0xdeed);
  const crowded = apart.chance(0.04);
  const busy = apart.chance(0.15)
    ? [{ match: { class: 'delete' as const }, what: { kind: 'busy' as const }, times: apart.pick([1, 1, 2]) }]
    : [];
  // Trouble of every kind at once says little: each schedule has some kinds of it.
  const rough = chance(0.5);
  const sets = setsOf(chooser(seed + 0x5e75));
  return {
    seed,
    server: { jobSeconds: pick([1, 5, 12, 12, 12, 45, 200]), nics },
    knobs: { ...undoKnobsOf(random), ...sets.knobs },
    faults: [...(chance(0.75) ? undoFaultsOf(random) : []), ...busy, ...sets.faults],
    outage: chance(0.07) ? { at: below(300_000), ms: pick([2_000, 20_000, 120_000]) } : null,
    lookUpsFail: chance(0.05) ? pick([1, 4]) : 0,
    starts: startsOf(random, nics).map((start) => meddled(apart, start, nics.length - 1, crowded)),
    crashes: rough ? some(30, 0.05, () => pick(['before', 'after'] as const)) : [],
    queueMs: rough ? some(24, 0.03, () => pick([500, 8_000, 45_000])) : [],
    frozenMs: rough ? some(24, 0.04, () => pick([3_000, 20_000, 29_000, 40_000, 90_000])) : [],
    silentMs: rough ? some(30, 0.02, () => pick([4_000, 60_000, 900_000])) : [],
    forgotten: some(50, 0.02, () => 0).map(([number]) => number),
    lostTasks: rough ? some(50, 0.015, () => 0).map(([number]) => number) : [],
    away: chance(0.1) ? { at: below(400_000), ms: pick([3_000, 60_000, 900_000]) } : null,
    continueAfter: chance(0.25) ? pick([6, 7, 8, 9, 14, 20]) : null,
    ...strangersOf(chooser(seed + 0x57a)),
    crowd: sets.crowd,
    maxUpdates: crowded ? 20 : null,
  };
}

function meddled(random: Random, start: UndoStart, nics: number, crowded: boolean): UndoStart {
  const { request } = start;
  const windowMs = request.kind === 'delete' ? (DURATIONS[request.undoWindow] ?? 0) : 0;
  const deeds = request.kind === 'delete' ? meddlingOf(random, nics, windowMs > 0) : [];
  const asking = crowded && windowMs > 0 ? 60 : 0;
  return {
    ...start,
    deeds: [...start.deeds, ...deeds],
    updates: [
      ...start.updates,
      ...Array.from({ length: asking }, (_, n) => ({
        at: Math.floor((windowMs * n) / asking),
        after: 'undo-window' as const,
        name: 'settled' as const,
        argument: 'none' as const,
      })),
    ],
  };
}

function nicOf({ pick, chance, below }: Random): object {
  return {
    ...(chance(0.2) ? { deleteOnTermination: false } : { deleteOnTermination: true }),
    ...(chance(0.3) ? { name: pick(['backend', 'a', 'web <b>']) } : {}),
    ...(chance(0.4) ? { securityGroups: pick([['sg-b', 'sg-a'], ['sg-a'], ['sg-c', 'sg-a', 'sg-b']]) } : {}),
    ...(chance(0.3)
      ? { allowedAddressPairs: [{ ip_address: `10.0.1.${100 + below(100)}` }, { ip_address: '10.9.0.0/16' }] }
      : {}),
    ...(chance(0.2) ? { extraDhcpOpts: [{ opt_name: '51', opt_value: '24h' }] } : {}),
    ...(chance(0.1) ? { ipv6: `2001:db8::${(below(60_000) + 1).toString(16)}` } : {}),
    ...(chance(0.15) ? { elasticIp: true } : {}),
  };
}

function undoKnobsOf(random: Random): Record<string, unknown> {
  const { pick, chance } = random;
  return {
    ...knobsOf(random),
    // Places are judged, and windows are longer than any such retention.
    nicOrder: 'attached',
    jobRetentionSeconds: 86_400,
    ...(chance(0.3) ? { flagAfterAttachByPort: pick([true, 'kept']) } : {}),
    ...(chance(0.1) ? { addOrder: 'reversed' } : {}),
    ...(chance(0.2) ? { unboundElasticIp: 'empty' } : {}),
    ...(chance(0.2) ? { elasticIpFilter: false } : {}),
  };
}

function startsOf(random: Random, nics: object[]): UndoStart[] {
  const { pick, chance, below } = random;
  const count = pick([1, 1, 1, 2, 2, 3]);
  const carriesElasticIp = nics.some((nic) => 'elasticIp' in nic);
  const starts: UndoStart[] = [];
  for (let n = 0; n < count; n++) {
    const request =
      n > 0 && chance(0.7)
        ? restoreOf(random, nics.length - 1)
        : deletionOf(random, nics.length - 1, carriesElasticIp);
    const when = () => whenOf(random, request);
    const start: UndoStart = {
      request,
      cancel: chance(0.2) ? when() : null,
      updates: [],
      deeds: chance(0.3) ? deedsOf(random, when, nics.length - 1) : [],
    };
    if (n > 0) start.gapMs = pick([10, 1_000, 30_000, 400_000]);
    for (let wanted = pick([0, 1, 1, 2]); wanted > 0; wanted--) {
      const name = pick(['undo', 'undo', 'commit'] as const);
      const argument: Argument = chance(0.06) ? pick(['none', 'rubbish'] as const) : 'who';
      const moment = when();
      start.updates.push({ ...moment, name, argument });
      // Two at once: the same again, or the other one.
      if (chance(0.25)) {
        const again = chance(0.5) ? name : name === 'undo' ? 'commit' : 'undo';
        start.updates.push({
          ...moment,
          at: moment.at + pick([0, 0, 1, 5_000]),
          name: again,
          argument: 'who',
        });
      }
    }
    if (chance(0.4)) {
      const name = pick(['settled', 'settled', 'submitted'] as const);
      start.updates.push({ at: below(60_000), name, argument: pick(['none', 'own'] as const) });
    }
    if (chance(0.15)) start.pollNowAt = [below(60_000), below(400_000)];
    const early = () => (chance(0.3) ? below(1_000) : below(pick([60_000, 600_000])));
    if (chance(n < count - 1 ? 0.12 : 0.04)) start.terminateAt = early();
    else if (chance(0.05)) start.resetAt = { at: early(), share: pick([0, 0.3, 0.6, 0.9]) };
    starts.push(start);
  }
  return starts;
}

function whenOf({ pick, chance, below }: Random, request: Deletion | Restore): When {
  if (request.kind === 'restore')
    return chance(0.5)
      ? { at: pick([0, 0, below(30_000)]) }
      : { at: pick([0, 1, 5_000, below(60_000)]), after: 'restoring' };
  const windowMs = DURATIONS[request.undoWindow] ?? 0;
  const inWindow = () =>
    pick([0, 1, below(windowMs + 1), windowMs - 1, windowMs, windowMs, windowMs + 1, windowMs + 1_000]);
  const after = pick(['undo-window', 'undo-window', 'undo-window', 'polling', 'restoring', null] as const);
  if (after === null) return { at: pick([0, below(2_000), below(200_000)]) };
  if (after === 'undo-window' && windowMs > 0) return { at: Math.max(0, inWindow()), after };
  return { at: pick([0, below(5_000), below(60_000)]), after: after === 'undo-window' ? 'polling' : after };
}

function deletionOf(random: Random, nics: number, carriesElasticIp: boolean): Deletion {
  const { pick, chance } = random;
  const undoWindow = pick(['0s', '0s', '40s', '10 minutes', '10 minutes', '3 hours', '2 days']);
  return {
    kind: 'delete',
    nics: chance(0.2) ? 'all' : positionsOf(random, nics),
    dryRun: chance(0.03),
    keepPort: chance(undoWindow === '0s' ? 0.3 : 0.1),
    undoWindow,
    onFailure: pick(['keep', 'restore']),
    onCancel: pick(['keep', 'restore']),
    allowElasticIp: carriesElasticIp ? chance(0.9) : false,
    deadline: pick(['4 minutes', '20 minutes', '20 minutes']),
  };
}

function restoreOf(random: Random, nics: number): Restore {
  const { pick, chance } = random;
  return {
    kind: 'restore',
    of: pick(['deletion', 'deletion', 'last']),
    from: pick(['document', 'run']),
    nics: chance(0.7) ? 'all' : positionsOf(random, nics),
    allowNewIp: chance(0.3),
    dryRun: chance(0.12),
  };
}

/** The schedule for a server with these NICs (without the primary one). */
export function scheduleOf(plan: UndoPlan, world: World, others: Others): Schedule {
  const { serverId, nics } = others;
  const inputOf = (request: UndoStart['request'], all: readonly Played[]): unknown => {
    const common = { serverId, nics: chosen(request.nics, nics), timing: TIMING };
    if (request.kind === 'delete') {
      const { dryRun, keepPort, undoWindow, onFailure, onCancel, allowElasticIp, deadline } = request;
      return { ...common, dryRun, keepPort, undoWindow, onFailure, onCancel, allowElasticIp, deadline };
    }
    const { allowNewIp, dryRun } = request;
    return { ...common, from: sourceOf(request, all, serverId), allowNewIp, dryRun };
  };
  const starts = plan.starts.map((planned): Start => {
    const { request, cancel, updates, deeds, ...rest } = planned;
    const argumentOf = (argument: Argument): { request?: unknown } => {
      if (argument === 'none') return {};
      if (argument === 'who') return { request: WHO };
      if (argument === 'rubbish') return { request: { by: '', reason: 7 } };
      // Of a restore it is not known before its start.
      return request.kind === 'delete' ? { request: inputOf(request, []) } : {};
    };
    return {
      ...rest,
      ...(request.kind === 'restore' ? { workflow: 'restoreServerNics' as const } : {}),
      input: null,
      inputOf: (all) => inputOf(request, all),
      ...(cancel === null
        ? {}
        : cancel.after === undefined
          ? { cancelAt: cancel.at }
          : { cancelAfter: { after: cancel.after, ms: cancel.at } }),
      updates: updates.map(({ argument, ...update }) => ({ ...update, ...argumentOf(argument) })),
      deeds: deeds.map(({ at, after, ...deed }) => ({
        at,
        ...(after === undefined ? {} : { after }),
        act: () => act(world, others, deed),
      })),
    };
  });
  return {
    ...scheduleWith(plan, serverId, starts),
    ...(plan.maxUpdates === null ? {} : { maxUpdates: plan.maxUpdates }),
  };
}

/** What a later restore is told to go by: the last run that has deleted, or the last of any kind. */
function sourceOf({ of, from }: Restore, all: readonly Played[], serverId: string): unknown {
  const isDeletion = ({ input }: Played) => !('from' in (input as object));
  const source = all.findLast((played) => of === 'last' || isDeletion(played)) ?? all.at(-1);
  const document = source?.status as ResultDocument | undefined;
  if (from === 'run' || document === undefined)
    return { workflowId: `nics/${serverId}`, runId: source?.runIds[0] };
  return { document: structuredClone(document) };
}
