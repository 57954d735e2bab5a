/** What a plan costs and comes to that is read by sets, beside other servers that the worker is busy with. */
import { expect, it } from 'vitest';
import type { ServerPlan } from '../campaigns/fleet/plan';
import type { FleetPlayed } from '../campaigns/fleet/play';
import { createCrowd } from '../engine/crowd';
import type { World } from '../engine/world';
import { played } from './play-decommission';

/** Nobody approves the plan, and somebody ends the run once it stands. */
const PLAN_ONLY = {
  approveMs: null,
  outside: [{ what: 'cancel' as const, whom: 'run' as const, number: 0, after: 'planned' as const, ms: 0 }],
};
const SERVERS: Partial<ServerPlan>[] = [{ nics: 3 }, { nics: 1 }, { nics: 2, wanted: 1 }];

/** The same servers in either world, which the neighbours come before. */
const amid = (isCrowded: boolean) => (world: World) => {
  const crowd = createCrowd(world.simulator, { neighbours: 4, leavesAt: null });
  if (isCrowded) world.crowd = crowd;
};

/** Calls about each server, in the order of the list. */
function callsOf({ world, stage }: FleetPlayed): Record<string, number>[] {
  return stage.servers.map(({ id }) => {
    const counts: Record<string, number> = {};
    for (const { requestClass, servers } of world.simulator.ledger.requests)
      if (servers.includes(id)) counts[requestClass] = (counts[requestClass] ?? 0) + 1;
    return counts;
  });
}

const digestOf = ({ operator }: FleetPlayed): string | null =>
  operator.statuses.find(({ status }) => status.digest !== null)?.status.digest ?? null;

it('a plan has a part in two sets for each server, and reads no NIC list', async () => {
  const run = await played(SERVERS, PLAN_ONLY, {}, amid(true));
  expect(callsOf(run)).toEqual(SERVERS.map(() => ({ servers: 1, ports: 1 })));
});

it('a plan of servers that nothing else is read with has one server’s own detail and list', async () => {
  const run = await played(SERVERS, PLAN_ONLY, {}, amid(false));
  const bySet = { servers: 1, ports: 1 };
  expect(callsOf(run)).toEqual([{ detail: 1, list: 1, ports: 1 }, bySet, bySet]);
});

it('a plan has the same digest, and the same NICs, whichever way it was read', async () => {
  const bySets = await played(SERVERS, PLAN_ONLY, {}, amid(true));
  const byLists = await played(SERVERS, PLAN_ONLY, {}, (world) => {
    amid(false)(world);
    world.simulator.control.setKnobs({ serverIdsHonoured: 'refused' });
  });
  const own = { detail: 1, list: 1 };
  expect(callsOf(byLists)).toMatchObject([own, own, own]);
  expect(digestOf(bySets)).not.toBeNull();
  expect(digestOf(bySets)).toBe(digestOf(byLists));
  expect(bySets.operator.pagePlans.get(0)).toEqual(byLists.operator.pagePlans.get(0));
});

it('the run of each server reads its NIC list before it sends, although its plan did not', async () => {
  const run = await played(SERVERS, { real: true }, {}, amid(true));
  const { requests } = run.world.simulator.ledger;
  for (const { id } of run.stage.servers) {
    const sent = requests.findIndex((each) => each.requestClass === 'delete' && each.serverId === id);
    const listed = requests.findIndex((each) => each.requestClass === 'list' && each.serverId === id);
    expect(listed).toBeGreaterThan(-1);
    expect(listed).toBeLessThan(sent);
  }
});

it('a NIC that another MAC has come to since the plan is left alone', async () => {
  const meanwhile = { what: 'drifts' as const, ms: 0 };
  const run = await played([{ nics: 2, meanwhile }, {}], { real: true }, {}, amid(true));
  expect(run.stage.servers[0]?.drifted).not.toBeNull();
  const report = run.server.record.starts.find(({ type }) => type === 'decommissionPage')?.end?.value;
  expect((report as { servers: object[] }).servers).toMatchObject([
    { outcome: 'untouched', errorCode: 'Drifted' },
    { outcome: 'deleted' },
  ]);
});
