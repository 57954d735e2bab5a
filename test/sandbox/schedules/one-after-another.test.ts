/** Runs that follow each other under one workflow id: what one leaves open the next one waits for, whatever lies between. */
import { describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import { playAll, TIMING } from '../engine/play';
import { judgeDeletions } from '../campaigns/delete/rules';
import { createWorld, serverOf } from '../engine/world';
import type { Start } from '../engine/schedule';
import type { FaultSpec } from '../../../simulator';

/** `whileWaiting`: what happens to calls of the cloud from then on when the run waits. */
type Following = Omit<Start, 'input'> & { request?: object; whileWaiting?: FaultSpec };

/** Several starts for one server, whose jobs take some ten minutes; each asks for one NIC unless told otherwise. */
async function follow(faults: object[], ...starts: Following[]) {
  const world = createWorld(1);
  const { control } = world.simulator;
  const server = serverOf(world, { jobSeconds: 600 });
  for (const fault of faults) control.addFault(fault as never);
  const [first, ...more] = starts.map(({ request, whileWaiting, ...start }): Start => ({
    ...start,
    ...(whileWaiting && {
      deeds: [{ after: 'waiting', at: 0, act: () => control.addFault(whileWaiting) }],
    }),
    input: { serverId: server.id, nics: [{ id: server.nics[0] }], timing: TIMING, ...request },
  }));
  if (first === undefined) throw new Error('no start');
  const all = await playAll({ ...first, more, serverId: server.id, seed: 1 }, world);
  judgeDeletions(world, server.id, all);
  return all.map((played) => ({ ...played, told: played.status as ResultDocument }));
}

describe('the next run waits for what was left open', () => {
  it('by a run that was terminated', async () => {
    const [, last] = await follow([], { terminateAt: 30_000 }, { gapMs: 10 });
    expect(last?.told.outcome).toBe('nothing-to-do');
    expect(last?.told.warnings).toHaveLength(1);
  });

  it('by a run that ended as unknown, its job still running', async () => {
    const [first, last] = await follow([], { request: { deadline: '3 minutes' } }, { gapMs: 10 });
    expect([first?.told.outcome, last?.told.outcome]).toEqual(['outcome-unknown', 'nothing-to-do']);
  });

  it.each<[string, Omit<Start, 'input'> & { request?: object }]>([
    ['a dry run', { request: { dryRun: true } }],
    ['one that was terminated before it had looked', { terminateAt: 10 }],
    ['one that was cancelled before it had looked', { cancelAt: 0 }],
    ['one that was refused for its input', { request: { undoWindow: '1 hour' } }],
  ])('also with %s in between', async (_name, between) => {
    const ended = await follow([], { terminateAt: 30_000 }, { gapMs: 10, ...between }, { gapMs: 10 });
    expect(ended).toHaveLength(3);
    expect(ended[2]?.told.outcome).toBe('nothing-to-do');
    const posts = ended[2]?.activities.filter(({ type }) => type === 'deleteNics');
    expect(posts).toHaveLength(0);
  });

  const reads: FaultSpec['match'] = { class: ['list', 'detail', 'servers'] };
  const refusal = { error_code: 'APIGW.0301', error_msg: 'no' };

  it.each<[string, string, FaultSpec]>([
    ['can be read', 'refused', { match: reads, what: { kind: 'status', status: 500 } }],
    [
      'is allowed to be read',
      'cloud-refused',
      { match: reads, what: { kind: 'answer', status: 401, body: refusal } },
    ],
    [
      'has ended at the deadline',
      'refused',
      { match: { class: 'job' }, what: { kind: 'status', status: 500 } },
    ],
  ])(
    'and says nothing of where NICs are when nothing %s afterwards',
    async (_what, outcome, whileWaiting) => {
      const [, last] = await follow([], { terminateAt: 30_000 }, { gapMs: 10, whileWaiting });
      expect([last?.told.outcome, last?.told.nics[0]?.outcome]).toEqual([outcome, 'untouched']);
      // The inspection before the wait had found the NIC on the server, and the job has taken it since.
      expect(last?.told.nics[0]?.evidence).toMatchObject({ list: 'unknown', port: 'unknown' });
    },
  );

  it('by a reset run that had found something open itself', async () => {
    const busy = { match: { class: 'delete' }, what: { kind: 'busy' }, times: 1 };
    // While the run waits for the server, which takes 12.5 s.
    const [, reset] = await follow([busy], { resetAt: { at: 10_000, share: 0.9 } });
    expect(reset?.told.outcome).toBe('outcome-unknown');
    expect(reset?.memo.open).toMatchObject({ jobId: null });
  });
});

describe('who waits in an Update for a run that is cancelled', () => {
  it.each(['submitted', 'settled'] as const)('gets the answer of its end to `%s`', async (name) => {
    const [played] = await follow([{ match: { class: 'delete' }, what: { kind: 'drop' }, times: 1 }], {
      updates: [{ at: 1_000, name }],
      cancelAt: 20_000,
    });
    expect(played?.end.kind).toBe('cancelled');
    const answer =
      name === 'settled'
        ? { kind: 'completed', value: played?.told }
        : { kind: 'rejected', type: 'Cancelled', message: 'the run was cancelled before it had a job' };
    expect(played?.waiting[0]?.asked.map((asked) => asked.answer)).toEqual([answer]);
  });
});
