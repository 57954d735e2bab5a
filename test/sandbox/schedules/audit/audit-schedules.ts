/**
 * Schedules of the audit that the generators do not get to; each throws when the right value is not told. The audit's tests play
 * them over the product as it is, the check of the planted bugs over a copy that has to fail.
 */
import { expect } from 'vitest';
import type { FaultSpec, Knobs } from '../../../../simulator';
import { TIMING } from '../../engine/play';
import {
  answerOf,
  busyOnce,
  decide,
  deletedAt,
  harmless,
  HOUR,
  inWindow,
  isTrue,
  MINUTE,
  window,
} from './audit-support';
import type { Play } from '../play-undo';
import { outcomes, play } from '../play-undo';
import { cancelledRestore, contradictingReadings, sentBackUnseen, takenTooLate } from '../rare-schedules';
import { askedDuringACall, twoProjects } from '../set-schedules';

type Change = NonNullable<Parameters<typeof play>[1]>;
type More = NonNullable<Change['more']>;

/** Somebody else takes a NIC off, after this run has set the flag that keeps its port. */
export const detach: FaultSpec = {
  match: { class: 'delete' },
  what: { kind: 'meanwhile', detach: [1] },
  times: 1,
};

export async function takenOff(take: number, how: Change = { faults: [busyOnce, detach] }): Promise<void> {
  const played = await play(window, {
    take,
    ...how,
    updates: [{ at: 10 * MINUTE, name: 'settled' }],
  });
  const { told, all, nics } = played;
  expect(answerOf(all[0], 'settled')).toMatchObject({
    kind: 'completed',
    value: { phase: 'undo-window', outcome: 'detached', undoUntil: expect.any(String) },
  });
  expect([told.outcome, new Set(outcomes(told))]).toEqual(['deleted', new Set(['deleted'])]);
  const off = played.world.simulator.ledger.effects.findLast(({ kind }) => kind === 'nic-detached')?.at ?? 0;
  expect((deletedAt(played, nics[0] ?? '') ?? 0) - off).toBeGreaterThanOrEqual(HOUR);
  expect(told.warnings.join()).toContain('somebody else');
  await isTrue(played);
}

/** The flag was set, and the answer lost: before the run hears of it, the NIC is gone, and nothing was sent. */
export const takenOffUnsent = () =>
  takenOff(1, {
    faults: [{ match: { class: 'flag' }, what: { kind: 'drop', accepted: true }, times: 1 }],
    more: (control, [nic = ''], id) => ({
      deeds: [{ after: 'submitting', at: 500, act: () => control.detachNic(id, nic) }],
    }),
  });

/** A NIC is changed while the server reboots, after the first look. */
export const meanwhile = (change: object): { nics: object[]; more: More } => ({
  nics: [{ primary: true }, { deleteOnTermination: false, securityGroups: ['sg-a'] }],
  more: (control, ids, id) => {
    control.patchServer(id, { status: 'REBOOT' });
    return {
      deeds: [
        { after: 'waiting', at: 1_000, act: () => control.patchPort(ids[0] ?? '', change) },
        { after: 'waiting', at: 30_000, act: () => control.patchServer(id, { status: 'ACTIVE' }) },
      ],
    };
  },
});

export async function freshSnapshot(): Promise<void> {
  const played = await play(window, {
    ...meanwhile({ securityGroups: ['sg-b'] }),
    updates: decide('undo', MINUTE),
  });
  expect(played.told.nics[0]?.snapshot?.securityGroups).toEqual(['sg-b']);
  expect([played.told.outcome, played.told.nics[0]?.differences]).toEqual(['undone', []]);
}

/** Between the reading that has proven the flags and the attempt that sends the deletion, which no worker takes at once. */
export async function flagBeforePost(): Promise<void> {
  const played = await play(window, {
    queueMs: new Map([[2, 10_000]]),
    updates: decide('undo', MINUTE),
    more: (control, [id = '']) => ({
      deeds: [
        {
          after: 'submitting',
          at: 5_000,
          act: () => control.patchPort(id, { deleteOnTermination: true }),
        },
      ],
    }),
  });
  const { told, nics, count } = played;
  expect([told.outcome, outcomes(told), deletedAt(played, nics[0] ?? '')]).toEqual([
    'undone',
    ['restored', 'restored', 'restored'],
    null,
  ]);
  expect([told.submissions, count('delete')]).toEqual([1, 1]);
}

/** Nothing changes a flag, and nobody else does: that is what the run says. */
export async function flagNeverSet(): Promise<void> {
  const { told, all, count } = await play(window, {
    faults: [{ match: { class: 'flag' }, what: { kind: 'ignored' }, times: 40 }],
  });
  expect([told.outcome, count('delete')]).toEqual(['refused', 0]);
  expect(all[0]?.end).toMatchObject({ message: expect.not.stringContaining('somebody else') });
}

/** The server has given up what a suspended worker was about to do, and the worker's clock tells nothing. */
export async function suspended(): Promise<void> {
  let wentOnAt = Infinity;
  const { told, world } = await play(window, {
    more: (_control, _nics, _id, world) => {
      world.suspended = true;
      const goOn = () => {
        world.suspended = false;
        wentOnAt = world.clock.now();
      };
      return { deeds: [{ at: 2 * MINUTE, act: goOn }] };
    },
  });
  const writes = world.simulator.ledger.requests.filter(({ method }) => method !== 'GET');
  expect(Math.min(...writes.map(({ at }) => at))).toBeGreaterThanOrEqual(wentOnAt);
  expect([told.outcome, told.submissions]).toEqual(['deleted', 1]);
}

/**
 * A worker that can't report stands still twice: before anything, for nearly as long as a heartbeat may be missing, and between the
 * question whether it may send and the POST, for nearly as long as the answer is good. Its POST leaves after the server has given
 * it up. The run finds what comes of it, and sends no second one.
 */
export async function sentWhenGivenUp(): Promise<void> {
  const { told, world, count, all } = await play(
    { timing: { ...TIMING, settle: '1s' } },
    { frozenMs: new Map([[1, 14_500]]), heldMs: new Map([[1, 9_900]]), jobSeconds: 2 },
  );
  const given = all[0]?.activities.find(({ type }) => type === 'deleteNics');
  const { requests } = world.simulator.ledger;
  const post = requests.find(({ requestClass }) => requestClass === 'delete');
  expect(post?.at ?? 0, 'the POST left after the attempt was given up').toBeGreaterThan(
    given?.toldAt ?? Infinity,
  );
  const look = requests.find(
    ({ requestClass, seq }, index) => requestClass === 'list' && seq > 1 && index > 5,
  );
  expect(look?.at ?? 0, 'first look after it').toBeGreaterThan(post?.at ?? Infinity);
  expect([told.outcome, told.submissions, count('delete')]).toEqual(['deleted', 1, 1]);
}

/** The same for longer than the answer is good: nothing is sent any more, and the run sends anew. */
export async function heldTooLong(): Promise<void> {
  const { told, world, count } = await play({}, { heldMs: new Map([[1, 20_000]]) });
  const { requests } = world.simulator.ledger;
  const post = requests.findIndex(({ requestClass }) => requestClass === 'delete');
  const looks = requests.slice(0, post).filter(({ requestClass }) => requestClass === 'list');
  // One of the inspection, and two after the attempt was given up.
  expect([looks.length, count('delete')]).toEqual([3, 1]);
  expect([told.outcome, told.submissions, told.jobs.length]).toEqual(['deleted', 2, 1]);
}

/** In the window somebody attaches a kept port to the same server again. */
export async function putBackByHand(how: string): Promise<void> {
  const played = await play(window, {
    more: (control, nics, id) => ({
      ...inWindow(5 * MINUTE, () => control.attachNic(id, { id: nics[0] ?? '' })),
      ...(how === 'commit' ? { updates: decide('commit', 10 * MINUTE) } : {}),
    }),
  });
  const { told, all } = played;
  expect(all[0]?.end).toMatchObject({ kind: 'failed', type: 'NotDeleted' });
  expect(outcomes(told)).toEqual(['still-attached', 'deleted', 'deleted']);
  expect(told.nics[0]?.evidence).toMatchObject({ list: 'present', port: 'attached' });
  harmless(told);
  await isTrue(played);
}

export function untouched(played: Play): void {
  const { told, nics } = played;
  expect([told.outcome, outcomes(told)]).toEqual(['deleted', ['detached', 'deleted', 'deleted']]);
  expect([told.nics[0]?.errorCode, deletedAt(played, nics[0] ?? '')]).toEqual(['PortChanged', null]);
  expect(told.warnings.join()).toContain(nics[0]);
  harmless(told);
}

export async function takenOver(change: object): Promise<void> {
  untouched(
    await play(window, {
      more: (control, nics) => inWindow(5 * MINUTE, () => control.patchPort(nics[0] ?? '', change)),
    }),
  );
}

/** Three times as many Updates as one run may have, and then one that decides. */
export async function decidedLate(name: 'undo' | 'commit'): Promise<void> {
  const count = 300;
  const asking = Array.from({ length: count }, (_, n) => ({
    after: 'undo-window' as const,
    at: (n + 1) * MINUTE,
    name: 'settled' as const,
  }));
  const { told, all } = await play(
    { undoWindow: '2 days' },
    { maxUpdates: 100, updates: [...asking, ...decide(name, (count + 10) * MINUTE)] },
  );
  expect(answerOf(all[0], name)).toMatchObject({ kind: 'completed' });
  expect(told.outcome).toBe(name === 'undo' ? 'undone' : 'deleted');
  for (const { asked } of all[0]?.waiting ?? [])
    expect(asked.at(-1)?.answer).toMatchObject({ kind: 'completed' });
  expect(all[0]?.runIds.length).toBeGreaterThan(3);
}

/** The namespace loses search attributes while a window is open. */
export async function attributesLost(name: 'undo' | 'commit', left: readonly string[]): Promise<void> {
  const { told, all } = await play(window, {
    updates: decide(name, 30 * MINUTE),
    more: (_control, _nics, _id, world) =>
      inWindow(MINUTE, () => {
        world.namespaceHas = [...left];
      }),
  });
  expect(told.outcome).toBe(name === 'undo' ? 'undone' : 'deleted');
  expect(answerOf(all[0], name)).toMatchObject({ kind: 'completed' });
}

/** The run is handed on in a long wait, and goes on when the namespace has lost all that it knows of. */
export async function attributesLostUnseen(): Promise<void> {
  const { told, all } = await play(
    { timing: { ...TIMING, firstPoll: '30 minutes' }, deadline: '5 hours' },
    {
      continueAfter: 1,
      handOverMs: 10 * MINUTE,
      more: (_control, _nics, _id, world) => {
        const { clock, namespaceHas } = world;
        const goneAt = clock.now() + 5 * MINUTE;
        Object.defineProperty(world, 'namespaceHas', {
          get: () => (clock.now() < goneAt ? namespaceHas : []),
        });
        return {};
      },
    },
  );
  expect([told.outcome, told.submissions]).toEqual(['deleted', 1]);
  expect(all[0]?.runIds.length).toBeGreaterThan(1);
}

export async function untold(knobs: Partial<Knobs>, why: RegExp): Promise<void> {
  const { told, count, all } = await play({}, { knobs });
  expect([told.outcome, count('delete')]).toEqual(['refused', 0]);
  expect(all[0]?.end).toMatchObject({ type: 'Refused', message: expect.stringMatching(why) });
}

export const noDetail: Partial<Knobs> = { detailAddresses: false, detailNetworkInterfaces: false };

/** An elastic IP that the server detail does not show yet: bound a moment before the start. */
export const late: { knobs: Partial<Knobs>; more: More } = {
  knobs: { elasticIpLagSeconds: 600 },
  more: (control, nics) => {
    control.bindElasticIp(control.createElasticIp({ address: '203.0.113.9' }).id, nics[0] ?? '');
    return {};
  },
};

export async function secondWitness(request: object): Promise<void> {
  const { told, count, all } = await play(request, late);
  expect([told.outcome, count('delete')]).toEqual(['refused', 0]);
  expect(all[0]?.end).toMatchObject({ message: expect.stringContaining('203.0.113.9') });
}

/** Those that planted bugs are caught by. */
export const SCHEDULES = {
  'a NIC taken off by somebody else': () => takenOff(1),
  'a NIC taken off before anything was sent': takenOffUnsent,
  'a flag that is never set': flagNeverSet,
  'a suspended worker': suspended,
  'a POST that leaves when it is given up': sentWhenGivenUp,
  'a worker held before its POST': heldTooLong,
  'a port put back by hand': () => putBackByHand('commit'),
  'a port taken over': () => takenOver({ name: 'theirs' }),
  'undo after 300 Updates': () => decidedLate('undo'),
  'search attributes lost while nobody works': attributesLostUnseen,
  'a lock that is not told': () => untold({ detailLock: 'null' }, /lock/),
  'addresses that are not told': () => untold(noDetail, /does not say which addresses/),
  'an elastic IP that shows late': () => secondWitness({}),
  'a request while a call is under way': askedDuringACall,
  'two projects at one moment': twoProjects,
  'a list that contradicts itself after down time': contradictingReadings,
  'a submission that is taken too late': takenTooLate,
  'a NIC sent back that nobody can see': sentBackUnseen,
  'a restore that is cancelled': cancelledRestore,
};

export type ScheduleName = keyof typeof SCHEDULES;
