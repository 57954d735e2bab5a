/** Which waits after a busy answer grow: those for a server that is still busy, and only when they were made in full. */
import { expect, it } from 'vitest';
import type { Schedule } from '../engine/schedule';
import { playAll, TIMING } from '../engine/play';
import { createWorld, serverOf } from '../engine/world';
import { documentOf } from '../judges/judge';

const { busyWait, settle, verifyFor } = TIMING;

type World = ReturnType<typeof createWorld>;

/** A run that finds the server busy when it sends. */
async function refusedOnce(world: World, serverId: string, nic: string, schedule: Partial<Schedule> = {}) {
  const { control, ledger } = world.simulator;
  control.addFault({ match: { class: 'delete' }, what: { kind: 'busy' }, times: 1 });
  const timing = { busyWait, settle, verifyFor };
  const input = { serverId, nics: [{ id: nic }], timing, deadline: '5 minutes' };
  const [played] = await playAll({ input, serverId, seed: 1, ...schedule }, world);
  if (played === undefined) throw new Error('nothing was played');
  const looks = ledger.requests.filter(({ requestClass }) => requestClass === 'list').map(({ at }) => at);
  /** Between one look at the NIC list and the next, in s. */
  const waits = looks.slice(1).map((at, n) => Math.round((at - (looks[n] ?? 0)) / 1_000));
  return { played, waits };
}

it('an incomplete list is read again every 10 s, also after the server was busy once', async () => {
  const world = createWorld(1);
  const server = serverOf(world, {});
  const what = { kind: 'hide-nics' as const, nics: ['primary' as const] };
  world.simulator.control.addFault({ match: { class: 'list' }, what, after: 1, times: 4 });
  const { played, waits } = await refusedOnce(world, server.id, server.nics[0] ?? '');
  expect(documentOf(played).outcome).toBe('deleted');
  expect(waits.slice(0, 5)).toEqual([13, 10, 10, 10, 10]);
});

it('looks that a person asks for make no later wait longer', async () => {
  const world = createWorld(1);
  const server = serverOf(world, {});
  const act = () => world.simulator.control.patchServer(server.id, { taskState: 'attaching' });
  const { waits } = await refusedOnce(world, server.id, server.nics[0] ?? '', {
    deeds: [{ after: 'waiting', at: 1_000, act }],
    pollNowAt: [20_000, 23_000, 26_000, 29_000],
  });
  // The first wait was made in full, four were cut short, and those after them go on as the second one.
  const last = waits.findLastIndex((wait) => wait < 10);
  expect(waits.slice(1, last + 1).length).toBeGreaterThanOrEqual(4);
  expect(waits.slice(last + 1, last + 4)).toEqual([25, 50, 60]);
});
