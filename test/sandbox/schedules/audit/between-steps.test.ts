/** What may change between two steps of one run, found by reading it with fresh eyes: each with its right value. */
import { describe, expect, it } from 'vitest';
import type { FaultSpec } from '../../../../simulator';
import { WHO } from '../../engine/play';
import { answerOf, busyOnce, decide, HOUR, MINUTE, noElasticIps, refusedOnce } from './audit-support';
import { outcomes, play } from '../play-undo';

/** Somebody takes the first NIC off, whose port stays, since the run has set its flag. */
const TAKEN_OFF: FaultSpec = {
  match: { class: 'delete' },
  what: { kind: 'meanwhile', detach: [1] },
  times: 1,
};
/** The n-th activity is handed to workers of another place ten times. */
const declined = (n: number) => new Map(Array.from({ length: 10 }, (_, index) => [index + n, 1] as const));

describe('while the POST waits for a worker', () => {
  it('an undo is heard: nothing is sent', async () => {
    const played = await play(
      { undoWindow: '1 hour' },
      { take: 1, strangers: declined(2), updates: [{ at: 2 * MINUTE, name: 'undo', request: WHO }] },
    );
    expect([played.told.outcome, played.count('delete')]).toEqual(['undone', 0]);
  });

  it.each([
    ['it is declined', { strangers: declined(1) }],
    ['nobody takes it', { queueMs: new Map([[1, 3 * HOUR]]) }],
  ])('an elastic IP that is bound meanwhile refuses the run: %s', async (_how, circumstances) => {
    const { told, count } = await play(
      {},
      {
        take: 1,
        ...circumstances,
        more: (control, ids) => ({
          deeds: [
            {
              at: 2 * MINUTE,
              act: () => void control.bindElasticIp(control.createElasticIp().id, ids[0] ?? ''),
            },
          ],
        }),
      },
    );
    expect([told.outcome, count('delete')]).toEqual(['refused', 0]);
  });

  it('a worker that dies after a long queue uses up no patience', async () => {
    const { told } = await play(
      { deadline: '20 minutes' },
      { take: 1, queueMs: new Map([[1, 3 * HOUR]]), crashes: new Map([[1, 'before' as const]]) },
    );
    expect(told.outcome).toBe('deleted');
    expect(Date.parse(told.deadlineAt) - Date.parse(told.startedAt)).toBeGreaterThan(3 * HOUR);
  });
});

describe('a NIC that somebody else has taken off is held', () => {
  it('through continuing as new: put back by hand meanwhile, it is still attached', async () => {
    const { told, all } = await play(
      { undoWindow: '2 hours' },
      {
        take: 1,
        maxUpdates: 10,
        faults: [busyOnce, TAKEN_OFF],
        updates: Array.from({ length: 20 }, (_, n) => ({
          after: 'undo-window' as const,
          at: (n + 5) * MINUTE,
          name: 'settled' as const,
        })),
        more: (control, ids, serverId) => ({
          deeds: [
            {
              after: 'undo-window' as const,
              at: 2 * MINUTE,
              act: () => void control.attachNic(serverId, { id: ids[0] ?? '' }),
            },
          ],
        }),
      },
    );
    expect(all[0]?.runIds.length).toBeGreaterThan(1);
    expect([told.outcome, outcomes(told)]).toEqual(['not-deleted', ['still-attached']]);
    expect(all[0]?.virtualMs).toBeGreaterThan(2 * HOUR);
  });

  it('and put back when the rest is refused for good and the caller wants all or nothing', async () => {
    const { told, all } = await play(
      { undoWindow: '1 hour', onFailure: 'restore' },
      { take: 2, faults: [busyOnce, TAKEN_OFF, refusedOnce] },
    );
    expect([told.outcome, outcomes(told)]).toEqual(['rolled-back', ['restored', 'untouched']]);
    expect(all[0]?.end).toMatchObject({ message: 'not every NIC was deleted, so the others were put back' });
  });

  it('and its window passes, although the rest is refused for good', async () => {
    const { told, all } = await play(
      { undoWindow: '1 hour' },
      { take: 2, faults: [busyOnce, TAKEN_OFF, refusedOnce] },
    );
    expect(outcomes(told)).toEqual(['deleted', 'untouched']);
    // Something was changed: that is no mere refusal, and the sentence says so.
    expect(all[0]?.end).toMatchObject({ kind: 'failed', type: 'NotDeleted' });
    expect(all[0]?.end).toMatchObject({
      message: expect.stringMatching(/^nothing was sent: .*which somebody else took off, is deleted$/),
    });
    expect(all[0]?.virtualMs).toBeGreaterThan(HOUR);
  });
});

it('a commit without the permission to list elastic IPs compares what it can, and deletes', async () => {
  const { told } = await play(
    { undoWindow: '1 hour', allowElasticIp: true },
    {
      take: 1,
      updates: decide('commit', 5 * MINUTE),
      faults: [noElasticIps],
    },
  );
  expect([told.outcome, outcomes(told)]).toEqual(['deleted', ['deleted']]);
  expect(told.warnings.join()).toMatch(/elastic IPs could not be compared/);
});

it('attributes that are lost between the last answer and the task that hears of it wedge nothing', async () => {
  for (const task of [3, 4, 5]) {
    const { told } = await play(
      {},
      {
        take: 1,
        silentMs: new Map([[task, 30 * MINUTE]]),
        more: (_control, _ids, _serverId, world) => ({
          deeds: [{ after: 'polling' as const, at: 5 * MINUTE, act: () => void (world.namespaceHas = []) }],
        }),
      },
    );
    expect(told.outcome).toBe('deleted');
  }
});

it('an undo that was taken note of is told by nobody as refused', async () => {
  const played = await play(
    { undoWindow: '1 hour' },
    { take: 1, strangers: declined(2), updates: [{ at: 2 * MINUTE, name: 'undo', request: WHO }] },
  );
  const [first] = played.all;
  expect(first === undefined ? null : answerOf(first, 'undo')).toMatchObject({ kind: 'completed' });
});
