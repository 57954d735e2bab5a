/** Named schedules of undo, commit, policies and later restores on virtual time; the cloud's own state is the judge. */
import { describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import { playAll, TIMING, WHO } from '../engine/play';
import { outcomes, play } from './play-undo';

describe('the exact way', () => {
  it('keepPort: detached, flags written once and read back, ports stay', async () => {
    const { told, count } = await play({ keepPort: true });
    expect([told.outcome, outcomes(told), told.warnings]).toEqual([
      'detached',
      ['detached', 'detached', 'detached'],
      [],
    ]);
    expect([count('flag'), count('delete'), count('port-delete')]).toEqual([3, 1, 0]);
    expect(told.nics.map(({ restore }) => restore)).toEqual(['exact', 'exact', 'exact']);
  });

  it('with no window the commit follows success', async () => {
    const { told, count } = await play({ onFailure: 'restore' });
    expect([told.outcome, outcomes(told)]).toEqual(['deleted', ['deleted', 'deleted', 'deleted']]);
    expect(count('port-delete')).toBe(3);
  });

  it('a window that nobody uses ends with the commit', async () => {
    const { told, all } = await play({ undoWindow: '2 hours' });
    expect([told.outcome, told.undoUntil]).toEqual(['deleted', null]);
    expect(all[0]?.virtualMs).toBeGreaterThan(7_200_000);
  });

  it('undo in the window puts everything back, field by field', async () => {
    const { told, changed, all } = await play(
      { undoWindow: '2 hours' },
      { updates: [{ at: 600_000, name: 'undo', request: WHO }] },
    );
    expect([told.outcome, outcomes(told)]).toEqual(['undone', ['restored', 'restored', 'restored']]);
    expect(told.nics.flatMap((nic) => nic.differences)).toEqual([]);
    expect(changed()).toEqual([]);
    expect(told.decision).toMatchObject({ what: 'undo', ...WHO });
    expect(all[0]?.waiting[0]?.asked[0]?.answer).toMatchObject({
      kind: 'completed',
      value: { outcome: 'undone' },
    });
  });

  it('commit closes the window at once', async () => {
    const { told, all } = await play(
      { undoWindow: '2 hours' },
      { updates: [{ at: 600_000, name: 'commit', request: WHO }] },
    );
    expect(told.outcome).toBe('deleted');
    expect(all[0]?.virtualMs).toBeLessThan(700_000);
  });

  it('a partial failure with `restore` is rolled back', async () => {
    const { told, changed, all } = await play(
      { onFailure: 'restore' },
      { faults: [{ what: { kind: 'partial-failure', nics: [0] } }] },
    );
    expect([told.outcome, outcomes(told)]).toEqual([
      'rolled-back',
      ['still-attached', 'restored', 'restored'],
    ]);
    expect(all[0]?.end).toMatchObject({ kind: 'failed', type: 'RolledBack' });
    // The one that stayed is the first now, as those put back come after it.
    expect(changed()).toEqual([]);
  });

  it('a partial failure with `keep` keeps what is gone, and sets the flag back on what stays', async () => {
    const { told, world, serverId, nics } = await play(
      { onCancel: 'restore' },
      { faults: [{ what: { kind: 'partial-failure', nics: [0] } }] },
    );
    expect([told.outcome, outcomes(told)]).toEqual(['not-deleted', ['still-attached', 'deleted', 'deleted']]);
    const left = world.simulator.control.snapshotOf(serverId).nics.find(({ id }) => id === nics[0]);
    expect(left?.deleteOnTermination).toBe(true);
  });

  it.each([
    ['while the job runs', 5_000],
    ['in the window', 600_000],
  ])('a cancel %s with `restore` puts back', async (_when, cancelAt) => {
    const { all, changed, told } = await play({ undoWindow: '2 hours', onCancel: 'restore' }, { cancelAt });
    expect([all[0]?.end.kind, outcomes(told)]).toEqual(['cancelled', ['restored', 'restored', 'restored']]);
    expect(all[0]?.memo.result).toMatchObject({ counts: { restored: 3 } });
    expect(changed()).toEqual([]);
  });

  it('a cancel in the window with `keep`: the ports stay, with a warning', async () => {
    const { all, told, count } = await play({ undoWindow: '2 hours' }, { cancelAt: 600_000 });
    expect([all[0]?.end.kind, outcomes(told)]).toEqual(['cancelled', ['detached', 'detached', 'detached']]);
    expect([count('port-delete'), told.warnings.length]).toEqual([0, 1]);
  });

  it('a flag that can’t be set refuses the run before anything is detached, flags set back', async () => {
    const { told, changed, count } = await play(
      { keepPort: true },
      {
        faults: [
          {
            match: { class: 'flag' },
            what: { kind: 'answer', status: 403, body: { error: { code: 'Pdp.0001', message: 'no' } } },
            after: 2,
            times: 1,
          },
        ],
      },
    );
    expect([told.outcome, outcomes(told)]).toEqual([
      'cloud-refused',
      ['untouched', 'untouched', 'untouched'],
    ]);
    expect([count('delete'), changed()]).toEqual([0, []]);
  });
});

describe('later', () => {
  it.each([
    ['ports that are gone are made again', {}, 'recreated'],
    ['ports that are kept are attached again', { keepPort: true }, 'restored'],
  ])('%s', async (_name, request, outcome) => {
    const first = await play(request);
    const document = first.told;
    const { world, serverId } = first;
    const all = await playAll(
      {
        workflow: 'restoreServerNics',
        input: { serverId, from: { document }, nics: 'all', timing: TIMING },
        serverId,
        seed: 2,
      },
      world,
    );
    const told = all[0]?.status as ResultDocument;
    expect([told.outcome, outcomes(told)]).toEqual([outcome, [outcome, outcome, outcome]]);
    world.simulator.control.advance(3_600_000);
    // Made again under new ids, or nothing is different at all.
    expect(first.changed().filter((field) => field !== 'attached')).toEqual([]);
  });

  it('its job is looked at in the pace that was asked for', async () => {
    const { told: document, world, serverId } = await play({});
    const timing = { ...TIMING, firstPoll: '2s', pollInterval: '2s' };
    const input = { serverId, from: { document }, nics: 'all', timing };
    const [played] = await playAll({ workflow: 'restoreServerNics', input, serverId, seed: 2 }, world);
    const { jobs } = played?.status as ResultDocument;
    // A job of 12 s.
    expect(jobs[0]?.polls).toBeGreaterThanOrEqual(5);
  });
});
