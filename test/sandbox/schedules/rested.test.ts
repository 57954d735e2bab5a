/** What a run says of NICs that the job of a run before it may have taken off, when a list that lags behind still shows them. */
import { describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import type { Control, FaultSpec, Knobs } from '../../../simulator';
import { judgeDeletions } from '../campaigns/delete/rules';
import { playAll, TIMING } from '../engine/play';
import type { Schedule, Start } from '../engine/schedule';
import { createWorld, serverOf } from '../engine/world';
import { outcomes, play } from './play-undo';

interface Cloud {
  control: Control;
  serverId: string;
}

/** A deletion that is terminated while its job of 45 s runs, and the same one again. */
async function again(
  second: (cloud: Cloud) => Partial<Start> & { request?: object },
  { faults = [], knobs = {}, ...more }: Partial<Schedule> & { faults?: FaultSpec[]; knobs?: Partial<Knobs> },
): Promise<ResultDocument> {
  const world = createWorld(1);
  const { control } = world.simulator;
  control.setKnobs(knobs);
  const { id: serverId, nics } = serverOf(world, { jobSeconds: 45 });
  for (const fault of faults) control.addFault(fault);
  const { request, ...start } = second({ control, serverId });
  const input = { serverId, nics: [{ id: nics[0] }], timing: TIMING };
  const then = { input: { ...input, ...request }, gapMs: 10, ...start };
  const all = await playAll({ input, serverId, seed: 1, terminateAt: 20_000, more: [then], ...more }, world);
  judgeDeletions(world, serverId, all);
  return all.at(-1)?.status as ResultDocument;
}

const locks = ({ control, serverId }: Cloud) => ({
  deeds: [{ after: 'waiting' as const, at: 0, act: () => control.patchServer(serverId, { locked: true }) }],
});
const noJob: FaultSpec = { match: { class: 'delete' }, what: { kind: 'no-job-id' }, times: 1 };
/** The server suggests to continue as new at every step. */
const long = { continueAfter: 2 };
const stale = (times: number): FaultSpec => ({ what: { kind: 'stale-list' }, times, after: 2 });

describe('a deletion that goes on after the job of the run before', () => {
  it('does not take off again, nor put back, what that job has taken off, when lists lag behind it', async () => {
    const told = await again(
      () => ({
        request: { undoWindow: '1 hour' },
        updates: [{ after: 'undo-window', at: 0, name: 'undo', args: ['audit'] }],
      }),
      { knobs: { lagSeconds: 20 } },
    );
    expect([told.outcome, outcomes(told), told.submissions]).toEqual([
      'nothing-to-do',
      ['already-absent'],
      0,
    ]);
  });
});

describe('a deletion that is refused looks again at what the job of the run before may have taken', () => {
  it.each<[string, Parameters<typeof again>[1]]>([
    ['by one read', { knobs: { lagReads: 1 } }],
    ['by 50 s', { knobs: { lagSeconds: 50 } }],
    ['twice', { faults: [stale(2)] }],
  ])('when the list lags behind %s', async (_how, circumstances) => {
    const told = await again(locks, circumstances);
    expect([told.outcome, outcomes(told)]).toEqual(['refused', ['untouched']]);
    expect(told.nics[0]?.evidence).toMatchObject({ list: 'absent', port: 'absent' });
  });

  it('when it hears of its only look long after the deadline', async () => {
    const told = await again(() => ({ request: { deadline: '3 minutes' } }), {
      faults: [noJob, stale(1)],
      // The inspection after the pause for what the other run sent.
      silentMs: new Map([[3, 900_000]]),
    });
    expect([told.outcome, outcomes(told)]).toEqual(['refused', ['untouched']]);
    expect(told.nics[0]?.evidence).toMatchObject({ list: 'absent', port: 'absent' });
  });

  it('to its end, when the history is long', async () => {
    // The pause after the throttled answer takes until the deadline.
    const throttled: FaultSpec = {
      match: { class: 'delete' },
      what: { kind: 'throttled', retryAfter: 300 },
      after: 1,
    };
    const told = await again(() => ({ request: { deadline: '3 minutes' } }), {
      faults: [noJob, throttled, stale(1)],
      ...long,
    });
    expect([told.outcome, outcomes(told)]).toEqual(['refused', ['untouched']]);
    expect(told.nics[0]?.evidence).toMatchObject({ list: 'absent', port: 'absent' });
  });

  it('and says that it is there when it has stayed', async () => {
    const failed: FaultSpec = { match: { class: 'delete' }, what: { kind: 'partial-failure', nics: [0] } };
    const told = await again(locks, { faults: [failed] });
    expect(told.nics).toMatchObject([
      { outcome: 'untouched', evidence: { list: 'present', port: 'attached' }, message: null },
    ]);
  });

  it('and says that nobody knows where no list can be read any more, or the run is cancelled', async () => {
    const unread = ({ control, serverId }: Cloud) => ({
      deeds: [
        ...locks({ control, serverId }).deeds,
        // Just after the inspection that finds the lock.
        {
          after: 'verifying' as const,
          at: 0,
          act: () => control.addFault({ match: { class: 'list' }, what: { kind: 'status', status: 500 } }),
        },
      ],
    });
    const ends = [
      await again(unread, { knobs: { lagReads: 1 } }),
      await again((cloud) => ({ ...locks(cloud), cancelAfter: { after: 'verifying', ms: 5_000 } }), {
        knobs: { lagReads: 1 },
      }),
    ];
    for (const told of ends)
      expect(told.nics).toMatchObject([
        {
          outcome: 'untouched',
          evidence: { list: 'unknown', port: 'unknown' },
          message: /may have taken it off/,
        },
      ]);
  });
});

describe('a restore puts back what the job of the run before has just taken', () => {
  it.each<[string, { knobs?: Partial<Knobs>; continueAfter?: number }]>([
    ['when the list still shows it', {}],
    ['when list and ports still show it', { knobs: { lagSeconds: 20 } }],
    ['when the history is long, too', long],
  ])('%s', async (_how, more) => {
    const { told, world, serverId } = await play(
      {},
      {
        nics: [{ primary: true }, {}],
        take: 1,
        jobSeconds: 45,
        terminateAt: 20_000,
        knobs: { lagReads: 1 },
        ...more,
      },
      (after) => [
        {
          workflow: 'restoreServerNics',
          input: null,
          inputOf: ([first]) => ({
            serverId: after.serverId,
            nics: 'all',
            from: { document: first?.status },
            timing: TIMING,
          }),
          gapMs: 10,
        },
      ],
    );
    expect([told.outcome, outcomes(told)]).toEqual(['recreated', ['recreated']]);
    expect(world.simulator.control.snapshotOf(serverId).nics).toHaveLength(2);
  });
});
