/** A dry run under an id of its own: it needs no lock, waits for nobody, and nobody has to wait for it. */
import { describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import { planWorkflowId, serverWorkflowId } from '../../../src/contract';
import type { InspectServerInput } from '../../../src/activities/agreement';
import type { Played, Schedule } from '../engine/schedule';
import { playAll, TIMING } from '../engine/play';
import { createWorld, serverOf } from '../engine/world';
import type { World } from '../engine/world';

const IDS = [
  ['of a plan', planWorkflowId],
  ['of the server', serverWorkflowId],
] as const;
const OTHER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';

interface Place {
  world: World;
  serverId: string;
  nic: string;
}

function place(): Place {
  const world = createWorld(1);
  const { id, nics } = serverOf(world);
  return { world, serverId: id, nic: nics[0]! };
}

/** One start, and what its inspections were asked for. */
async function start(
  { world, serverId, nic }: Place,
  workflowId: string,
  request: object,
  change: Partial<Schedule> = {},
): Promise<{ played: Played; told: ResultDocument; asked: InspectServerInput[] }> {
  const asked: InspectServerInput[] = [];
  const inspectServer = world.activities.inspectServer.bind(world.activities);
  world.activities.inspectServer = (input) => {
    asked.push(input);
    return inspectServer(input);
  };
  const input = { serverId, nics: [{ id: nic }], timing: TIMING, ...request };
  const schedule = { input, serverId, seed: 1, info: { workflowId }, ...change };
  const [played] = await playAll(schedule, world);
  if (played === undefined) throw new Error('nothing was played');
  return { played, told: played.status as ResultDocument, asked };
}

/** Plays a start that is to be refused before any call to the cloud. */
async function refusal(...args: Parameters<typeof start>): Promise<string> {
  const { end } = (await start(...args)).played;
  if (end.kind !== 'failed') throw new Error(`the run ended as ${end.kind}`);
  expect([end.type, args[0].world.simulator.ledger.requests]).toEqual(['InvalidInput', []]);
  return end.message;
}

describe.each(IDS)('a dry run under the id %s', (_name, idOf) => {
  it('of a deletion shows the plan, changes nothing, and looks for no earlier run', async () => {
    const at = place();
    // What an open submission of an earlier run leaves: a dry run sends nothing, so it need not know.
    const open = { nics: [at.nic], since: '2026-01-01T00:00:00Z', jobId: 'j' };
    const before = { runId: 'before', memo: { open }, status: 'TERMINATED' } as const;
    for (const [, id] of IDS) at.world.records?.push({ ...before, workflowId: id(at.serverId) });
    const { played, told, asked } = await start(at, idOf(at.serverId), { dryRun: true });
    expect([played.end.kind, told.outcome, told.warnings]).toEqual(['completed', 'planned', []]);
    expect(asked.map(({ previousRunOf }) => previousRunOf)).toEqual([null]);
    expect([at.world.simulator.ledger.effects, played.memo]).toEqual([[], {}]);
  });

  it('of a restore says what could be put back, and looks for no earlier run', async () => {
    const at = place();
    const { played: first } = await start(at, serverWorkflowId(at.serverId), {});
    const effects = at.world.simulator.ledger.effects.length;
    const from = { workflowId: serverWorkflowId(at.serverId), runId: first.runIds[0] };
    const { played, told, asked } = await start(
      at,
      idOf(at.serverId),
      { from, nics: 'all', dryRun: true },
      { workflow: 'restoreServerNics', seed: 2 },
    );
    expect([told.outcome, told.nics.map(({ id, restore }) => [id, restore])]).toEqual([
      'planned',
      [[at.nic, 'new-mac']],
    ]);
    expect(asked.map(({ previousRunOf }) => previousRunOf)).toEqual([null]);
    expect(at.world.simulator.ledger.effects).toHaveLength(effects);
    expect(played.memo).toEqual({});
  });

  it('that is cancelled leaves nothing that a later run would wait for', async () => {
    const at = place();
    at.world.unreachable = () => true;
    const { played, told } = await start(at, idOf(at.serverId), { dryRun: true }, { cancelAt: 30_000 });
    expect([played.end.kind, told.outcome]).toEqual(['cancelled', 'cancelled']);
    expect(played.memo).not.toHaveProperty('open');
  });
});

describe('the id of a plan', () => {
  it.each<[string, object, Partial<Schedule>]>([
    ['a deletion', {}, {}],
    ['a deletion that says so', { dryRun: false }, {}],
    ['a deletion that leaves it open', { dryRun: null }, {}],
    ['a restore', { from: {}, nics: 'all' }, { workflow: 'restoreServerNics' }],
  ])('is refused to %s that would change something', async (_name, request, change) => {
    const at = place();
    const lock = serverWorkflowId(at.serverId);
    const from = { workflowId: lock, runId: OTHER };
    const whole = 'from' in request ? { ...request, from } : request;
    const message = await refusal(at, planWorkflowId(at.serverId), whole, change);
    expect(message).toMatch(new RegExp(`must be ${lock} .*${planWorkflowId(at.serverId)} .*dry run`));
  });

  it('is no other server’s, and both right ones are named', async () => {
    const at = place();
    const message = await refusal(at, planWorkflowId(OTHER), { dryRun: true });
    expect(message).toContain(`must be ${planWorkflowId(at.serverId)} or ${serverWorkflowId(at.serverId)}`);
  });

  it('is no source of a restore: a dry run has taken nothing off', async () => {
    const at = place();
    const from = { workflowId: planWorkflowId(at.serverId), runId: OTHER };
    const change = { workflow: 'restoreServerNics' } as const;
    const message = await refusal(at, serverWorkflowId(at.serverId), { from, nics: 'all' }, change);
    expect(message).toMatch(/from\.workflowId: .*a dry run has taken nothing off/);
  });
});
