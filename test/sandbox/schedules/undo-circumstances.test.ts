/** What may come between on the way back: other actors, odd lists, missing permissions, earlier attempts. */
import { describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import { playAll, TIMING, WHO } from '../engine/play';
import type { Play } from './play-undo';
import { outcomes, play } from './play-undo';

const busyOnce = { match: { class: 'delete' }, what: { kind: 'busy' }, times: 1 } as const;
const undoIn = (at: number) => [{ at, name: 'undo' as const, request: WHO }];

/** Another run on the same server, in the same world. */
async function restoreAfter(first: Play, change: object = {}, seed = 2): Promise<ResultDocument> {
  const { world, serverId, told: document } = first;
  const input = { serverId, from: { document }, nics: 'all', timing: TIMING, ...change };
  const [played] = await playAll({ workflow: 'restoreServerNics', input, serverId, seed }, world);
  world.simulator.control.advance(3_600_000);
  return played?.status as ResultDocument;
}

describe('the server is busy when the flags are set already', () => {
  it('a list without any NIC in between loses no snapshot: the undo is exact', async () => {
    const hidden = { what: { kind: 'hide-nics', nics: ['primary', 1, 2, 3] }, after: 2, times: 1 } as const;
    const { told, changed } = await play(
      { nics: 'all', undoWindow: '2 hours' },
      { faults: [busyOnce, hidden as never], updates: undoIn(900_000) },
    );
    expect([told.outcome, changed()]).toEqual(['undone', []]);
  });

  it.each(['all', 'named'])(
    'a NIC that somebody takes off meanwhile is told and committed (%s)',
    async (how) => {
      const detach = {
        match: { class: 'delete' },
        what: { kind: 'meanwhile', detach: [1] },
        times: 1,
      } as const;
      const { told, world, nics } = await play(
        { ...(how === 'all' ? { nics: 'all' } : {}), onFailure: 'restore' },
        { faults: [busyOnce, detach as never] },
      );
      expect(told.nics.map(({ id }) => id).sort()).toEqual([...nics].sort());
      expect([told.outcome, outcomes(told)]).toEqual(['deleted', ['deleted', 'deleted', 'deleted']]);
      expect(told.warnings.join()).toContain('taken off by somebody else');
      expect(world.simulator.ledger.summary().portsDeleted).toBe(3);
    },
  );
});

describe('a job that still runs at the deadline is waited for before anything is put back', () => {
  const late = {
    jobSeconds: 300,
    knobs: { goneFrom: 'sub-job-end' as const, subJobsEndBetween: [0.1, 0.9] as [number, number] },
  };
  const request = { onFailure: 'restore', deadline: '1 minute' };

  it('what it takes meanwhile comes back as well when some NIC stays', async () => {
    const fails = { what: { kind: 'partial-failure' as const, nics: [2] } };
    const { told, changed } = await play(request, { ...late, faults: [fails] });
    expect([told.outcome, outcomes(told)]).toEqual([
      'rolled-back',
      ['restored', 'restored', 'still-attached'],
    ]);
    // Those that came back stand behind the one that stayed.
    expect(changed().filter((field) => field !== 'position')).toEqual([]);
  });

  it('an undo brings back all of it', async () => {
    const { told, changed } = await play(request, { ...late, updates: undoIn(30_000) });
    expect([told.outcome, changed()]).toEqual(['undone', []]);
  });

  it.each([undefined, 7])(
    'when all of them went in the end nothing failed (continued after %s)',
    async (after) => {
      const { told } = await play(request, {
        ...late,
        ...(after === undefined ? {} : { continueAfter: after }),
      });
      expect([told.outcome, outcomes(told)]).toEqual(['deleted', ['deleted', 'deleted', 'deleted']]);
    },
  );
});

describe('what was made before', () => {
  const refusal = { kind: 'answer', status: 400, body: { error: { code: 'Ecs.0050', message: 'quota' } } };

  it('a port that an earlier restore has made and not attached is taken, not made again', async () => {
    const first = await play({}, { take: 1 });
    const { control, ledger } = first.world.simulator;
    control.addFault({ id: 'quota', match: { class: 'attach' }, what: refusal as never });
    expect((await restoreAfter(first)).outcome).toBe('restore-incomplete');
    control.removeFault('quota');
    const again = await restoreAfter(first, {}, 3);
    expect([again.outcome, again.nics[0]?.ip]).toEqual(['recreated', again.nics[0]?.replacedBy?.ip]);
    expect(ledger.effects.filter(({ kind }) => kind === 'port-created')).toHaveLength(1);
  });

  it('a flag that a run without verdicts has left false is set back once its NIC has stayed', async () => {
    const late = { match: { class: 'delete' }, what: { kind: 'job-seconds', seconds: 600 } };
    const first = await play(
      { undoWindow: '2 hours', deadline: '4 minutes' },
      { take: 1, nics: [{ primary: true }, { deleteOnTermination: true }], faults: [late as never] },
    );
    expect([first.told.outcome, first.told.nics[0]?.remedy]).toEqual(['outcome-unknown', null]);
    first.world.simulator.control.attachNic(first.serverId, { id: first.nics[0] ?? '' });
    expect(first.changed()).toEqual(['deleteOnTermination']);
    expect((await restoreAfter(first)).outcome).toBe('restored');
    expect(first.changed()).toEqual([]);
  });

  it('a NIC that is back with its flag changed is finished by another restore', async () => {
    const no = { kind: 'answer', status: 403, body: { error: { code: 'Pdp.0001', message: 'no' } } };
    const first = await play(
      { undoWindow: '2 hours' },
      {
        take: 1,
        faults: [{ id: 'flags', match: { class: 'flag' }, what: no as never, after: 1 }],
        updates: undoIn(600_000),
      },
    );
    expect(first.told.outcome).toBe('restore-incomplete');
    expect(first.told.nics[0]?.remedy).toContain('"delete_on_termination":true');
    first.world.simulator.control.removeFault('flags');
    expect((await restoreAfter(first)).outcome).toBe('restored');
    expect(first.changed().filter((field) => field !== 'position')).toEqual([]);
    expect((await restoreAfter(first, {}, 4)).outcome).toBe('nothing-to-do');
  });
});

it('an elastic IP that may not be bound keeps neither flags nor other NICs from coming back', async () => {
  const first = await play(
    { allowElasticIp: true },
    { nics: [{ primary: true }, { elasticIp: true }, {}, {}] },
  );
  first.world.simulator.control.setKnobs({ deniedActions: ['vpc:publicIps:list'] });
  const told = await restoreAfter(first);
  expect([told.outcome, outcomes(told)]).toEqual(['recreated', ['recreated', 'recreated', 'recreated']]);
  expect(told.warnings.join()).toContain('was not bound again');
  const { nics } = first.world.simulator.control.snapshotOf(first.serverId);
  expect(nics.map(({ deleteOnTermination }) => deleteOnTermination)).toEqual([true, true, true, true]);
  expect(told.nics[0]?.differences.map(({ field }) => field)).toContain('elasticIp');
});

it('what a terminated deletion may still take is waited for before its flag is set back', async () => {
  const late = { kind: 'partial-failure' as const, nics: [0], lateMs: 40_000 };
  const first = await play(
    { keepPort: true },
    { take: 1, faults: [{ match: { class: 'delete' }, what: late }], terminateAt: 3_000 },
  );
  const document = {
    ...first.told,
    nics: first.told.nics.map((row) => ({ ...row, outcome: 'unknown' as const })),
  };
  const told = await restoreAfter({ ...first, told: document });
  const states = first.world.simulator.control.truth(first.serverId).nics.map(({ state }) => state);
  expect(states).not.toContain('port-gone');
  expect(told.outcome).not.toBe('invalid-input');
});
