/** Plays named schedules of deletions; the ledger is the judge. */
import type { ResultDocument } from '../../../src/contract';
import { judgeDeletions } from '../campaigns/delete/rules';
import { playAll, TIMING } from '../engine/play';
import type { Played, Schedule } from '../engine/schedule';
import type { World } from '../engine/world';
import { createWorld, serverOf } from '../engine/world';
import { documentOf } from '../judges/judge';

export async function run(
  faults: object[],
  change: Partial<Schedule> & { request?: object; server?: object } = {},
): Promise<{ world: World; played: Played; told: ResultDocument; posts: number }> {
  const { request, server: settings, ...schedule } = change;
  const world = createWorld(1);
  const server = serverOf(world, settings);
  for (const fault of faults) world.simulator.control.addFault(fault as never);
  const nics = server.nics.slice(0, 2).map((id) => ({ id }));
  const input = { serverId: server.id, nics, timing: TIMING, ...request };
  const all = await playAll({ input, serverId: server.id, seed: 1, ...schedule }, world);
  judgeDeletions(world, server.id, all);
  const played = all.at(-1);
  if (played === undefined) throw new Error('nothing was played');
  const posts = world.simulator.ledger
    .forServer(server.id)
    .requests.filter((it) => it.requestClass === 'delete').length;
  return { world, played, told: documentOf(played), posts };
}
