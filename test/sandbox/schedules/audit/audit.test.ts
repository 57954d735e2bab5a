/**
 * What changes between two steps of a run: the worker, its project, a flag, a port's owner, the namespace, the number of Updates.
 * The verdict is the truth, and every promise is kept, or the run says which one it could not keep.
 */
import { describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../../../src/contract';
import type { FaultSpec } from '../../../../simulator';
import { answerOf, busyOnce, decide, deletedAt, HOUR, isTrue, MINUTE, window } from './audit-support';
import type { Seen } from '../../engine/schedule';
import {
  detach,
  flagBeforePost,
  flagNeverSet,
  freshSnapshot,
  meanwhile,
  heldTooLong,
  sentWhenGivenUp,
  suspended,
  takenOff,
  takenOffUnsent,
} from './audit-schedules';
import type { Play } from '../play-undo';
import { outcomes, play } from '../play-undo';
import { OTHER_PROJECT } from '../../engine/world';
import type { World } from '../../engine/world';

describe('1: a worker of another place on the same queue', () => {
  /** From `at` on after that phase only strangers are there, for so long. */
  const moved = (
    world: World,
    after: 'polling' | 'undo-window',
    at: number,
    ms: number,
    seen: ResultDocument[],
  ) => {
    const status = async (it: Seen) => {
      const told = await it.status();
      if (told !== null) seen.push(told);
    };
    return [
      {
        after,
        at,
        act: () => {
          world.onlyStrangers = () => true;
        },
      },
      { after, at: at + ms - 1_000, act: status },
      {
        after,
        at: at + ms,
        act: () => {
          world.onlyStrangers = () => false;
        },
      },
    ];
  };
  const strangers = ['another project', 'another region'] as const;
  const noOtherCalls = ({ world }: Play) =>
    expect(world.simulator.ledger.requests.filter(({ projectId }) => projectId === OTHER_PROJECT)).toEqual(
      [],
    );

  it.each(strangers)(
    'of %s answers no poll: the job fails, and the NICs are still attached',
    async (which) => {
      const seen: ResultDocument[] = [];
      const fails: FaultSpec = {
        match: { class: 'delete' },
        what: { kind: 'partial-failure', nics: [0, 1, 2] },
      };
      const played = await play(
        { deadline: '20 minutes' },
        {
          faults: [fails],
          more: (_control, _nics, _id, world) => {
            world.strangersHave = which;
            return { deeds: moved(world, 'polling', 0, 40 * MINUTE, seen) };
          },
        },
      );
      const { told, all } = played;
      expect(all[0]?.strange).toBeGreaterThan(0);
      expect([told.outcome, outcomes(told)]).toEqual([
        'not-deleted',
        ['still-attached', 'still-attached', 'still-attached'],
      ]);
      await isTrue(played);
      noOtherCalls(played);
      // It says so while it waits, and the wait uses up no patience.
      const { waitingFor, deadlineAt = '', startedAt = '' } = seen[0] ?? {};
      expect(waitingFor).toContain(played.world.simulator.projectId);
      expect(waitingFor).toContain(played.world.simulator.region);
      expect(Date.parse(deadlineAt) - Date.parse(startedAt)).toBeGreaterThan(50 * MINUTE);
    },
  );

  it.each(strangers.flatMap((which) => (['undo', 'commit'] as const).map((name) => [which, name] as const)))(
    'of %s can’t carry out what is decided in a window: `%s` waits for the right one',
    async (which, name) => {
      const seen: ResultDocument[] = [];
      const played = await play(window, {
        updates: decide(name, 5 * MINUTE),
        more: (_control, _nics, _id, world) => {
          world.strangersHave = which;
          return { deeds: moved(world, 'undo-window', MINUTE, 30 * MINUTE, seen) };
        },
      });
      const { told, all, changed } = played;
      expect(all[0]?.strange).toBeGreaterThan(0);
      expect(told.outcome).toBe(name === 'undo' ? 'undone' : 'deleted');
      if (name === 'undo') expect(changed()).toEqual([]);
      await isTrue(played);
      noOtherCalls(played);
      expect(seen[0]?.waitingFor).toContain(played.world.simulator.projectId);
      expect(seen[0]?.phase).not.toBe('done');
      expect(answerOf(all[0], name)).toMatchObject({ kind: 'completed' });
    },
  );

  it('that declines a deletion, in a run that is handed on then, leaves no doubt whether it was sent', async () => {
    const { told } = await play(
      {},
      { continueAfter: 1, strangers: new Map(Array.from({ length: 4 }, (_, n) => [n + 1, 1])) },
    );
    expect([told.outcome, told.submissions, told.warnings]).toEqual(['deleted', 1, []]);
  });

  it('that polls beside the right one slows the run down, and changes nothing else', async () => {
    const played = await play(
      { undoWindow: '10 minutes', onFailure: 'restore' },
      {
        strangers: new Map(Array.from({ length: 40 }, (_, n) => [2 * n + 1, 2])),
        updates: decide('undo', MINUTE),
      },
    );
    expect(played.all[0]?.strange).toBeGreaterThan(1);
    expect([played.told.outcome, played.changed()]).toEqual(['undone', []]);
    noOtherCalls(played);
  });
});

describe('2: somebody takes a NIC off after this run has set the flag that keeps its port', () => {
  it.each([1, 3])('with %i NICs: its port is kept for the whole window, and deleted after it', (take) =>
    takenOff(take),
  );

  it('before anything was sent, when the answer to the flag was lost: the same', takenOffUnsent);

  it.each([1, 3])('an undo puts it back with the others (%i)', async (take) => {
    const played = await play(window, {
      take,
      faults: [busyOnce, detach],
      updates: decide('undo', 10 * MINUTE),
    });
    expect([played.told.outcome, new Set(outcomes(played.told))]).toEqual(['undone', new Set(['restored'])]);
    expect(played.changed().filter((field) => field !== 'position')).toEqual([]);
  });

  it('`keepPort` keeps it for good', async () => {
    const played = await play({ keepPort: true }, { take: 1, faults: [busyOnce, detach] });
    expect([played.told.outcome, outcomes(played.told), played.count('port-delete')]).toEqual([
      'detached',
      ['detached'],
      0,
    ]);
  });
});

describe('3: what is changed while the run waits is read before it acts', () => {
  it('a flag that is set then: the port is protected all the same', async () => {
    const played = await play(window, {
      ...meanwhile({ deleteOnTermination: true }),
      updates: decide('undo', MINUTE),
    });
    const { told, nics: ids, world, serverId } = played;
    expect([told.outcome, outcomes(told), deletedAt(played, ids[0] ?? '')]).toEqual([
      'undone',
      ['restored'],
      null,
    ]);
    expect(told.nics[0]?.snapshot?.deleteOnTermination).toBe(true);
    expect(world.simulator.control.snapshotOf(serverId).nics[1]?.deleteOnTermination).toBe(true);
  });

  it('a flag that is set then, of a NIC whose window passes: its port goes with the others, and no sooner', async () => {
    const played = await play(window, meanwhile({ deleteOnTermination: true }));
    const off = played.world.simulator.ledger.effects.find(({ kind }) => kind === 'nic-detached')?.at ?? 0;
    expect([played.told.outcome, outcomes(played.told)]).toEqual(['deleted', ['deleted']]);
    expect((deletedAt(played, played.nics[0] ?? '') ?? 0) - off).toBeGreaterThanOrEqual(HOUR);
  });

  it('security groups: the snapshot is as fresh as the last look', freshSnapshot);

  it('a flag that is set just before the POST: nothing is sent until it is set back', flagBeforePost);

  it('a flag that is never set is not said to be somebody else’s doing', flagNeverSet);

  it('a worker that was suspended meanwhile writes nothing that the server has given up', suspended);
  it('a POST that leaves when its worker is given up is found before anything is sent anew', sentWhenGivenUp);
  it('a worker that was held between question and POST does not send', heldTooLong);

  it('an elastic IP that is bound then: refused', async () => {
    const { told, count } = await play(window, {
      nics: meanwhile({}).nics,
      more: (control, ids, id) => {
        control.patchServer(id, { status: 'REBOOT' });
        const bind = () => control.bindElasticIp(control.createElasticIp().id, ids[0] ?? '');
        return {
          deeds: [
            { after: 'waiting', at: 1_000, act: bind },
            { after: 'waiting', at: 30_000, act: () => control.patchServer(id, { status: 'ACTIVE' }) },
          ],
        };
      },
    });
    expect([told.outcome, count('delete')]).toEqual(['refused', 0]);
  });
});
