/** More of what may change between two steps of one run, found by reading it a second time: each with its right value. */
import { describe, expect, it } from 'vitest';
import {
  busyOnce,
  deletedAt,
  harmless,
  HOUR,
  MINUTE,
  noElasticIps,
  refusedOnce,
  window,
} from './audit-support';
import { outcomes, play } from '../play-undo';
import { OTHER_PROJECT } from '../../engine/world';

/** So many readers that the history of an open window is left behind, again and again. */
const readers = Array.from({ length: 20 }, (_, n) => ({
  after: 'undo-window' as const,
  at: (n + 5) * MINUTE,
  name: 'settled' as const,
}));
/** So many activities from the seventh on are taken after this time: what is asked for while a run is handed on, too. */
const slowly = (ms: number, count = 60) =>
  new Map(Array.from({ length: count }, (_, n) => [n + 6, ms] as const));

describe('while a run is being handed on', () => {
  it('a cancellation is not lost: the port stays', async () => {
    let chained = 0;
    // Some seconds after a reader has come, who may be one too many.
    for (let ms = 5 * MINUTE + 4_000; ms < 25 * MINUTE; ms += MINUTE) {
      const { told, all, world, nics } = await play(window, {
        take: 1,
        maxUpdates: 10,
        updates: readers,
        queueMs: slowly(8_000),
        cancelAfter: { after: 'undo-window', ms },
      });
      const what = `cancelled ${ms} ms after the window has opened`;
      chained += all[0]?.runIds.length ?? 0;
      expect([told.outcome, outcomes(told)], what).toEqual(['cancelled', ['detached']]);
      expect(deletedAt({ world }, nics[0] ?? ''), what).toBeNull();
    }
    expect(chained).toBeGreaterThan(20);
  });

  it('a namespace that nobody can ask costs a window none of its attributes', async () => {
    const { told, all } = await play(
      { undoWindow: '2 hours' },
      { take: 1, maxUpdates: 10, updates: readers, queueMs: slowly(90_000, 6) },
    );
    expect(told.outcome).toBe('deleted');
    expect(all[0]?.runIds.length).toBeGreaterThan(1);
    // None of them may begin without what it is found by.
    expect(all[0]?.attributesAtStart.every((names) => names.includes('EcsServerId'))).toBe(true);
  });
});

describe('flags are set back', () => {
  it('and the server is gone: the port that is left is held, and goes when its window has passed', async () => {
    const { told, all, world, nics } = await play(window, {
      take: 2,
      faults: [{ match: { class: 'delete' }, what: { kind: 'partial-failure', nics: [0] }, times: 1 }],
      queueMs: slowly(2_000),
      more: (control, _nics, serverId) => ({
        // The verdicts stand, and the look that comes before flags are set back waits for a worker.
        deeds: [{ at: 144_000, act: () => control.deleteServer(serverId) }],
      }),
    });
    expect([told.outcome, outcomes(told)]).toEqual(['deleted', ['deleted', 'deleted']]);
    for (const id of nics.slice(0, 2)) expect(deletedAt({ world }, id)).not.toBeNull();
    expect(all[0]?.virtualMs).toBeGreaterThan(HOUR);
  });

  it('and the server is gone: what was told to be there is looked at again, whosever its flag is', async () => {
    const { told } = await play(window, {
      nics: [{ primary: true }, { deleteOnTermination: true }, { deleteOnTermination: false }],
      take: 2,
      faults: [{ match: { class: 'delete' }, what: { kind: 'lying-job' }, times: 1 }],
      queueMs: slowly(2_000),
      more: (control, _nics, serverId) => ({
        // The flag is set back, and the look that is to show it waits for a worker.
        deeds: [{ at: 148_000, act: () => control.deleteServer(serverId) }],
      }),
    });
    expect([told.outcome, outcomes(told)]).toEqual(['deleted', ['deleted', 'detached']]);
    expect(told.nics.map(({ message, errorCode, remedy }) => [message, errorCode, remedy])).toEqual(
      Array(2).fill([null, null, null]),
    );
    expect(told.warnings.join()).toMatch(/taken off by somebody else; its own flag keeps its port/);
  });

  it('and a list leaves out a NIC whose port says that it is there: nobody took it off', async () => {
    const { told, changed } = await play(
      { keepPort: true },
      {
        take: 1,
        faults: [
          refusedOnce,
          { match: { class: 'list' }, what: { kind: 'hide-nics', nics: [1] }, after: 3, times: 2 },
        ],
      },
    );
    expect([told.outcome, outcomes(told)]).toEqual(['cloud-refused', ['untouched']]);
    expect([told.warnings, changed()]).toEqual([[], []]);
  });

  it('and a NIC was taken off before a cancellation that has everything put back', async () => {
    const { told, changed } = await play(
      { ...window, onCancel: 'restore' },
      {
        take: 1,
        faults: [busyOnce],
        cancelAfter: { after: 'waiting', ms: 20_000 },
        more: (control, [nic], serverId) => ({
          deeds: [
            { after: 'waiting' as const, at: 10_000, act: () => control.detachNic(serverId, nic ?? '') },
          ],
        }),
      },
    );
    expect([told.outcome, outcomes(told)]).toEqual(['cancelled', ['restored']]);
    expect(new Set(changed())).toEqual(new Set(['position']));
  });
});

describe('elastic IPs that nobody may list any more, at a commit', () => {
  it('are named in a warning, where the request allows them', async () => {
    const { told } = await play(
      { ...window, allowElasticIp: true },
      { take: 1, faults: [{ ...noElasticIps, after: 1 }] },
    );
    expect(outcomes(told)).toEqual(['deleted']);
    expect(told.warnings.join()).toMatch(/elastic IPs could not be compared before ports were deleted/);
  });

  it('keep the port, where it does not', async () => {
    const { told, world, nics } = await play(window, { take: 1, faults: [{ ...noElasticIps, after: 1 }] });
    expect(outcomes(told)).toEqual(['detached']);
    expect(told.nics[0]?.message).toMatch(/it is not known whether an elastic IP is bound to it/);
    harmless(told);
    expect(deletedAt({ world }, nics[0] ?? '')).toBeNull();
  });
});

describe('a request that names its project', () => {
  it('is first inspected there, whoever else polls the queue', async () => {
    const { told, world } = await play(
      { projectId: '0123456789abcdef0123456789abcdef' },
      { take: 1, strangers: new Map([0, 1, 2].map((n) => [n, 1])) },
    );
    expect([told.outcome, told.projectId]).toEqual(['deleted', '0123456789abcdef0123456789abcdef']);
    const astray = world.simulator.ledger.requests.filter(({ projectId }) => projectId === OTHER_PROJECT);
    expect(astray).toEqual([]);
  });

  it('which none of the workers serves is refused, and nobody is asked', async () => {
    const { told, all, world } = await play({ projectId: OTHER_PROJECT }, { take: 1 });
    expect([told.outcome, outcomes(told), world.simulator.ledger.requests]).toEqual([
      'refused',
      ['untouched'],
      [],
    ]);
    expect(all[0]?.end).toMatchObject({
      message: expect.stringMatching(/^nothing was changed: project f\w+ is not this worker's \(0\w+\): ask/),
    });
  });
});

describe('a NIC that nobody could judge', () => {
  it('is judged after all when it is seen to be gone while another one is looked at', async () => {
    const { told } = await play(
      { deadline: '3 minutes' },
      {
        take: 2,
        jobSeconds: 200,
        faults: [
          { match: { class: 'job' }, what: { kind: 'status', status: 401 } },
          // The last list before the deadline leaves the first NIC out: of it the one after that is no verdict.
          { match: { class: 'list' }, what: { kind: 'hide-nics', nics: [1] }, after: 11, times: 1 },
        ],
      },
    );
    expect([told.outcome, outcomes(told)]).toEqual(['deleted', ['deleted', 'deleted']]);
  });
});

describe('after a lost answer', () => {
  it('two lists that leave the NIC out are no proof while its port says that it is there: it is sent again', async () => {
    const { told } = await play(
      {},
      {
        take: 1,
        faults: [
          { match: { class: 'delete' }, what: { kind: 'drop' }, times: 1 },
          { match: { class: 'list' }, what: { kind: 'hide-nics', nics: [1] }, after: 1, times: 2 },
        ],
      },
    );
    expect([told.outcome, outcomes(told), told.submissions]).toEqual(['deleted', ['deleted'], 2]);
  });
});
