/** What happens in an open undo window: others use the ports, many ask, the namespace changes. The promise is kept, or the run says so. */
import { describe, expect, it } from 'vitest';
import { answerOf, decide, harmless, HOUR, inWindow, MINUTE, window } from './audit-support';
import {
  attributesLost,
  attributesLostUnseen,
  decidedLate,
  putBackByHand,
  takenOver,
  untouched,
} from './audit-schedules';
import { outcomes, play } from '../play-undo';

describe('4: somebody attaches a kept port in the window', () => {
  it.each(['commit', 'the end of the window'])(
    'to the same server: it is still attached, not free (%s)',
    putBackByHand,
  );

  it('to another server: its port is in use, and left alone', async () => {
    const played = await play(window, {
      more: (control, nics) => inWindow(5 * MINUTE, () => control.attachPortElsewhere(nics[0] ?? '')),
    });
    const { told } = played;
    expect([told.outcome, outcomes(told)]).toEqual(['deleted', ['detached', 'deleted', 'deleted']]);
    expect(told.nics[0]).toMatchObject({ errorCode: 'PortInUse', evidence: { port: 'attached' } });
    expect(told.warnings.join()).toContain(told.nics[0]?.id);
    harmless(told);
  });

  it.each(['here', 'elsewhere'])(
    'between the look and the deletion, which is refused (%s): it is read once more',
    async (where) => {
      const played = await play(window, {
        take: 1,
        more: (control, nics) => {
          const what = where === 'here' ? { putBack: [1] } : { attachPortElsewhere: nics[0] ?? '' };
          control.addFault({
            match: { class: 'port-delete' },
            what: { kind: 'meanwhile', ...what },
            times: 1,
          });
          const body = { code: 'VPC.2500', message: 'The port is in use' };
          control.addFault({
            match: { class: 'port-delete' },
            what: { kind: 'answer', status: 400, body },
            times: 1,
          });
          return {};
        },
      });
      const { told, all } = played;
      const here = where === 'here';
      expect([all[0]?.end.kind, outcomes(told)]).toEqual([
        here ? 'failed' : 'completed',
        [here ? 'still-attached' : 'detached'],
      ]);
      expect(told.nics[0]?.evidence.port).toBe('attached');
      if (!here) expect(told.nics[0]?.errorCode).toBe('PortInUse');
      harmless(told);
    },
  );
});

describe('5: somebody uses a kept port, which happens to be free when the ports are deleted', () => {
  const changes: [string, object][] = [
    ['name', { name: 'theirs' }],
    ['security groups', { securityGroups: ['sg-theirs'] }],
    ['address pairs', { allowedAddressPairs: [{ ip_address: '10.9.9.9' }] }],
  ];

  it.each(changes)('by its %s', (_what, change) => takenOver(change));

  it('by an elastic IP that was bound to it', async () => {
    untouched(
      await play(window, {
        more: (control, nics) =>
          inWindow(5 * MINUTE, () => control.bindElasticIp(control.createElasticIp().id, nics[0] ?? '')),
      }),
    );
  });

  it('by its elastic IP, which is another one', async () => {
    const nics = [{ primary: true }, { elasticIp: '203.0.113.5' }, {}, {}];
    untouched(
      await play(
        { ...window, allowElasticIp: true },
        {
          nics,
          more: (control, [id = '']) =>
            inWindow(5 * MINUTE, () => {
              control.bindElasticIp('203.0.113.5', null);
              control.bindElasticIp(control.createElasticIp().id, id);
            }),
        },
      ),
    );
  });

  it('nobody: an elastic IP of its own keeps no port', async () => {
    const nics = [{ primary: true }, { elasticIp: true }, {}, {}];
    const { told } = await play({ ...window, allowElasticIp: true }, { nics });
    expect([told.outcome, outcomes(told), told.warnings]).toEqual([
      'deleted',
      ['deleted', 'deleted', 'deleted'],
      [],
    ]);
  });
});

describe('6: a window is open for those who decide, however many ask', () => {
  it.each(['undo', 'commit'] as const)(
    '`%s` gets through after three times as many Updates as one run may have',
    decidedLate,
  );

  it('a window of thirty days stays far below the server’s limits when it is asked every 21 minutes', async () => {
    const asking = Array.from({ length: 2_050 }, (_, n) => ({
      after: 'undo-window' as const,
      at: (n + 1) * 21 * MINUTE,
      name: 'settled' as const,
    }));
    const { told, all } = await play(
      { undoWindow: '30 days' },
      { updates: [...asking, ...decide('undo', 2_051 * 21 * MINUTE)] },
    );
    expect([told.outcome, answerOf(all[0], 'undo')?.kind]).toEqual(['undone', 'completed']);
    expect(all[0]?.most.events).toBeLessThan(10_000);
  }, 240_000);
});

describe('7: the namespace loses search attributes while a window is open', () => {
  it.each([
    ['commit', [] as string[]],
    ['undo', []],
    ['commit', ['EcsServerId', 'NicsOutcome']],
    ['undo', ['EcsServerId', 'NicsPhase']],
  ] as const)('`%s` is carried out and answered (left: %j)', attributesLost);

  it('the window ends by itself', async () => {
    const { told } = await play(window, {
      more: (_control, _nics, _id, world) =>
        inWindow(MINUTE, () => {
          world.namespaceHas = [];
        }),
    });
    expect(told.outcome).toBe('deleted');
  });

  it('a run that was handed on meanwhile publishes nothing of what it knew before', attributesLostUnseen);

  it('a long job ends by itself', async () => {
    const { told } = await play(
      { deadline: '5 hours' },
      {
        jobSeconds: 3 * 3_600,
        more: (_control, _nics, _id, world) => ({
          deeds: [
            {
              after: 'polling',
              at: HOUR,
              act: () => {
                world.namespaceHas = [];
              },
            },
          ],
        }),
      },
    );
    expect(told.outcome).toBe('deleted');
  });
});
