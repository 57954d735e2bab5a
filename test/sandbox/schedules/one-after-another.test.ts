/** Runs that follow each other under one workflow id: what one leaves open the next one waits for, whatever lies between. */
import { describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import { playAll, TIMING } from '../engine/play';
import { judgeDeletions } from '../campaigns/delete/rules';
import { createWorld, serverOf } from '../engine/world';
import type { Start } from '../engine/schedule';

/** Several starts for one server, whose jobs take some ten minutes; each asks for one NIC unless told otherwise. */
async function follow(faults: object[], ...starts: (Omit<Start, 'input'> & { request?: object })[]) {
  const world = createWorld(1);
  const server = serverOf(world, { jobSeconds: 600 });
  for (const fault of faults) world.simulator.control.addFault(fault as never);
  const [first, ...more] = starts.map(({ request, ...start }): Start => ({
    ...start,
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

  it('by a reset run that had found something open itself', async () => {
    const busy = { match: { class: 'delete' }, what: { kind: 'busy' }, times: 1 };
    const [, reset] = await follow([busy], { resetAt: { at: 20_000, share: 0.9 } });
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
