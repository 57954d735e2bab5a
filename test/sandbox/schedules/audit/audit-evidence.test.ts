/** What an answer does not say is no "no", what was never seen is not gone, and every sentence that the run says is true. */
import { describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../../../src/contract';
import type { FaultSpec, Knobs } from '../../../../simulator';
import { playAll, TIMING } from '../../engine/play';
import { late, noDetail, secondWitness, untold } from './audit-schedules';
import { run } from '../play-deletion';
import { outcomes, play } from '../play-undo';
import { createWorld } from '../../engine/world';

const NOBODY = '00000000-0000-4000-8000-00000000dead';
const said = (told: ResultDocument) =>
  JSON.stringify([told.warnings, told.nics.map(({ message }) => message)]);
const carries = [{ primary: true }, { elasticIp: true }, {}, {}];

describe('10: a guard that can’t be answered refuses', () => {
  it.each<[string, Partial<Knobs>, RegExp]>([
    ['`locked` is null', { detailLock: 'null' }, /lock/],
    ['`locked` is absent', { detailLock: 'absent' }, /lock/],
    ['`metadata` is absent', { detailMetadata: 'absent' }, /fr[eo]+z/],
  ])('%s', (_what, knobs, why) => untold(knobs, why));

  it('no addresses, and nobody else knows of an elastic IP', () =>
    untold(noDetail, /does not say which addresses/));

  it('metadata without the mark is an answer: the vendor adds it once a server was frozen or unfrozen', async () => {
    const { told, count } = await play({}, { knobs: { detailMetadata: 'unmarked' } });
    expect([told.outcome, count('delete')]).toEqual(['deleted', 1]);
  });

  it.each([{}, { elasticIpFilter: false }])(
    'no addresses at all, and a NIC with an elastic IP (%j)',
    async (more) => {
      const { told, count, all } = await play(
        { nics: 'all' },
        { nics: carries, knobs: { ...noDetail, ...more } },
      );
      expect([told.outcome, count('delete')]).toEqual(['refused', 0]);
      expect(all[0]?.end).toMatchObject({ type: 'Refused', message: expect.stringMatching(/elastic IP/) });
    },
  );

  it('no addresses at all, and the list of elastic IPs may not be read', async () => {
    const { told, count } = await play({}, { knobs: { ...noDetail, deniedActions: ['vpc:publicIps:list'] } });
    expect([told.outcome, count('delete')]).toEqual(['refused', 0]);
  });

  it('whoever allows elastic IPs need not know of them', async () => {
    const { told } = await play({ allowElasticIp: true }, { knobs: { detailNetworkInterfaces: false } });
    expect(told.outcome).toBe('deleted');
  });
});

describe('an elastic IP that the server detail does not show yet', () => {
  it.each([{}, { undoWindow: '1 hour' }, { nics: 'all' }])(
    'is found where elastic IPs are listed (%j)',
    secondWitness,
  );

  it('is in the snapshot when it is allowed, and bound again by a restore', async () => {
    const { world, serverId, told, nics } = await play({ allowElasticIp: true }, late);
    expect([told.nics[0]?.elasticIp, told.nics[0]?.snapshot?.elasticIp]).toEqual([
      '203.0.113.9',
      '203.0.113.9',
    ]);
    const input = { serverId, from: { document: told }, nics: [{ id: nics[0] }], timing: TIMING };
    await playAll({ workflow: 'restoreServerNics', input, serverId, seed: 2 }, world);
    const back = world.simulator.control.snapshotOf(serverId).nics;
    expect(back.map(({ elasticIp }) => elasticIp)).toContain('203.0.113.9');
  });
});

describe('a grade promises no more than can be asked for', () => {
  it.each<[string, object]>([
    ['IPv4 and IPv6', { ipv6: '2001:db8::7' }],
    ['two IPv4 addresses', { furtherIps: ['10.1.7.7'] }],
    ['two elastic IPs', { elasticIp: ['203.0.113.1', '203.0.113.2'] }],
  ])('%s', async (_what, nic) => {
    const nics = [{ primary: true }, nic, {}];
    const plan = async (request: object) =>
      (await play({ dryRun: true, allowElasticIp: true, ...request }, { nics })).told.nics;
    expect((await plan({})).map(({ restore }) => restore)).toEqual(['new-ip-and-mac', 'new-mac']);
    expect((await plan({ keepPort: true })).map(({ restore }) => restore)).toEqual(['exact', 'exact']);
    const { told } = await play({ allowElasticIp: true }, { nics });
    expect([outcomes(told), told.nics[0]?.restore]).toEqual([['deleted', 'deleted'], 'new-ip-and-mac']);
  });
});

describe('the grade of a NIC whose port has outlived it', () => {
  it('is exact, also where somebody has set its flag while the job ran', async () => {
    const { told } = await play(
      {},
      {
        more: (control, nics) => ({
          deeds: [
            {
              after: 'polling',
              at: 0,
              act: () => control.patchPort(nics[0] ?? '', { deleteOnTermination: false }),
            },
          ],
        }),
      },
    );
    expect([told.nics[0]?.outcome, told.nics[0]?.restore]).toEqual(['detached', 'exact']);
    expect([told.nics[1]?.outcome, told.nics[1]?.restore]).toEqual(['deleted', 'new-mac']);
  });
});

describe('what was never seen is not called gone', () => {
  it.each([1, 2])('a wrong id among %i', async (count) => {
    const world = createWorld(1);
    const server = world.simulator.control.createServer({ nics: 4 });
    const ids = [NOBODY, server.nics[1]?.id].slice(0, count);
    const input = { serverId: server.id, nics: ids.map((id) => ({ id })), timing: TIMING };
    const [played] = await playAll({ input, serverId: server.id, seed: 1 }, world);
    const told = played?.status as ResultDocument;
    expect(told.nics.map(({ id }) => id)).toEqual(ids);
    expect(
      told.warnings.filter((it) => it.includes('no such port; check the id') && it.includes(NOBODY)),
    ).toHaveLength(1);
    expect(told.nics[0]?.outcome).toBe('already-absent');
  });

  it('one that is off, with its port there, is known', async () => {
    const { told } = await play(
      {},
      {
        more: (control, nics, id) => {
          control.patchPort(nics[0] ?? '', { deleteOnTermination: false });
          control.detachNic(id, nics[0] ?? '');
          return {};
        },
      },
    );
    expect(told.nics[0]?.outcome).toBe('already-absent');
    expect(said(told)).not.toContain('check the id');
  });

  it('one that somebody deletes while the run waits was seen', async () => {
    const busy: FaultSpec = { match: { class: 'delete' }, what: { kind: 'busy' }, times: 1 };
    const gone: FaultSpec = {
      match: { class: 'delete' },
      what: { kind: 'meanwhile', detach: [1] },
      times: 1,
    };
    const { told } = await play({}, { faults: [busy, gone] });
    expect(said(told)).not.toContain('check the id');
  });
});

describe('what is said of a submission of unknown fate', () => {
  it.each<[string, FaultSpec['what']]>([
    ['the answer was lost', { kind: 'drop', accepted: true }],
    ['a gateway gave up', { kind: 'status', status: 504, accepted: true }],
    ['no job id', { kind: 'no-job-id' }],
  ])('one that was accepted is not called “not accepted” (%s)', async (_what, what) => {
    const { told, world } = await run([{ match: { class: 'delete' }, what, times: 1 }]);
    expect([told.outcome, told.submissions]).toEqual(['deleted', 1]);
    expect([said(told), ...world.logged.map(({ message }) => message)].join('\n')).not.toMatch(
      /not accepted/,
    );
  });

  it.each<[string, FaultSpec['what']]>([
    ['a lost request', { kind: 'drop' }],
    ['a gateway error', { kind: 'status', status: 500 }],
  ])('one that was sent again is not said to have been looked at instead (%s)', async (_what, what) => {
    const { told, world, posts } = await run([{ match: { class: 'delete' }, what, times: 1 }]);
    expect([told.outcome, told.submissions, posts]).toEqual(['deleted', 2, 2]);
    expect(said(told)).not.toMatch(/instead of sending/);
    expect(told.warnings).not.toEqual([]);
    expect([said(told), ...world.logged.map(({ message }) => message)].join('\n')).not.toMatch(
      /never sent|not sent again/,
    );
  });

  it('one that was not is told to have been looked at', async () => {
    const { told } = await run([
      { match: { class: 'delete' }, what: { kind: 'drop', accepted: true }, times: 1 },
    ]);
    expect(told.warnings.join()).toMatch(/no usable answer/);
    expect(told.warnings.join()).not.toMatch(/sent again|again sent/);
  });
});

describe('13', () => {
  it('rubbish of 500 sub-jobs does not fill the history', async () => {
    const { told, played } = await run([{ what: { kind: 'bloated-job', subJobs: 500, chars: 700 } }], {
      server: { jobSeconds: 60 },
    });
    expect(told.outcome).toBe('deleted');
    expect(played.most.payloadBytes).toBeLessThan(32_768);
  });

  it('rubbish of 450 sub-jobs neither, and the own ones are still heard', async () => {
    const { told, played } = await run([
      { what: { kind: 'bloated-job', subJobs: 450, chars: 700 } },
      { match: { class: 'delete' }, what: { kind: 'partial-failure', nics: [0], code: 'Ecs.0401' } },
    ]);
    expect(told.nics.map(({ outcome, errorCode }) => [outcome, errorCode])).toEqual([
      ['still-attached', 'Ecs.0401'],
      ['deleted', null],
    ]);
    expect(played.most.payloadBytes).toBeLessThan(32_768);
  });

  it.each([{}, { undoWindow: '1 hour' }])('"all" is what the first look found (%j)', async (request) => {
    const busy: FaultSpec = { match: { class: 'delete' }, what: { kind: 'busy' }, times: 1 };
    const attach: FaultSpec = {
      match: { class: 'delete' },
      what: { kind: 'meanwhile', attach: {} },
      times: 1,
    };
    const { told, nics, world, serverId } = await play(
      { nics: 'all', ...request },
      { faults: [busy, attach] },
    );
    expect([told.outcome, told.nics.map(({ id }) => id).sort()]).toEqual(['deleted', [...nics].sort()]);
    expect(world.simulator.control.snapshotOf(serverId).nics).toHaveLength(2);
  });

  it('where earlier runs can’t be listed the result says so', async () => {
    const world = createWorld(1);
    world.lookUpsForbidden = true;
    const server = world.simulator.control.createServer({ nics: 3 });
    const input = { serverId: server.id, nics: [{ id: server.nics[1]?.id }], timing: TIMING };
    const [played] = await playAll({ input, serverId: server.id, seed: 1 }, world);
    const told = played?.status as ResultDocument;
    expect(told.outcome).toBe('deleted');
    expect(told.warnings.join()).toMatch(/before this one|earlier run|listed/);
  });
});
