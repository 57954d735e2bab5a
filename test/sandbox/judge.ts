/** Plays a schedule against a world of its own, and judges how it ended by the ledger. */
import { expect } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import type { LedgerRequest } from '../../simulator';
import { PLACES } from '../support/truth';
import type { Played, Schedule } from './adapter';
import { play } from './adapter';
import type { World } from './world';
import { createWorld } from './world';

export const TIMING = {
  firstPoll: '10s',
  pollInterval: '10s',
  settle: '30s',
  verifyFor: '2 minutes',
  busyWait: '60s',
};

export function serverOf(world: World, settings: object = {}): { id: string; nics: string[] } {
  const server = world.simulator.control.createServer({ nics: 4, jobSeconds: 12, ...settings });
  return { id: server.id, nics: server.nics.filter((nic) => !nic.primary).map((nic) => nic.id) };
}

/** Of a cancelled run the document stands in the query `status`, and its totals in the memo. */
export function documentOf({ end, memo, status }: Played): ResultDocument {
  if (end.kind === 'completed') expect(status).toEqual(end.result);
  if (end.kind === 'failed') expect(status).toEqual(end.details);
  const told = status as ResultDocument;
  if (end.kind === 'cancelled') expect(memo.result).toMatchObject({ outcome: 'cancelled' });
  return told;
}

/** Every verdict equals the ledger's truth, and no rule was broken. */
export function judge(world: World, serverId: string, played: Played): void {
  world.simulator.control.advance(0);
  expect(world.simulator.control.invariants()).toEqual([]);
  const told = documentOf(played);
  expect([told.phase, told.endedAt === null]).toEqual(['done', false]);
  const { requests, jobs } = world.simulator.ledger.forServer(serverId);
  const posts = requests.filter((entry) => entry.requestClass === 'delete');
  const truth = world.simulator.control.truth(serverId);
  for (const nic of told.nics) {
    if (nic.outcome === 'unknown') {
      expect(['outcome-unknown', 'cancelled']).toContain(told.outcome);
      continue;
    }
    const real = truth.nics.find((candidate) => candidate.id === nic.id);
    expect(PLACES[nic.outcome], `NIC ${nic.id} was reported as ${nic.outcome}`).toContain(real?.state);
    expect(real?.deletions ?? 0, `deletions of NIC ${nic.id}`).toBeLessThanOrEqual(1);
    if (nic.outcome === 'already-absent' || nic.outcome === 'untouched') {
      const taken = jobs.some((job) => job.nicIds.includes(nic.id));
      expect(taken, `NIC ${nic.id} was reported as ${nic.outcome}, but a job was there for it`).toBe(false);
    }
  }
  const throttling = world.simulator.control.faults().filter(({ what }) => what.kind === 'throttled');
  // Down time uses up no patience (interface.md §6.8).
  if (told.nics.some(({ outcome }) => outcome === 'still-attached')) {
    const since = requests.filter(
      ({ requestClass, status, at }) =>
        requestClass === 'list' && status === 200 && at >= world.workerStartedAt(),
    );
    expect(since.length, 'NIC lists read since the worker is back').toBeGreaterThanOrEqual(2);
  }
  // What was reported must not be overtaken by something that this run has set going.
  world.simulator.control.advance(3_600_000);
  const later = world.simulator.control.truth(serverId);
  for (const nic of told.nics) {
    if (nic.outcome === 'unknown') continue;
    const real = later.nics.find((candidate) => candidate.id === nic.id);
    expect(PLACES[nic.outcome], `NIC ${nic.id} was reported as ${nic.outcome}, an hour later`).toContain(
      real?.state,
    );
  }
  judgeSubmissions(requests, posts, new Set(throttling.map(({ id }) => id)));
  expect(posts.filter((entry) => entry.accepted).length).toBeLessThanOrEqual(3);
  expect(told.submissions).toBeLessThanOrEqual(3);
  // The next run on this server has to know of what may still be at work, and of nothing else.
  const unknown = told.nics.some(({ outcome }) => outcome === 'unknown');
  if (unknown) expect(played.memo.open).toMatchObject({ jobId: told.jobs.at(-1)?.id ?? null });
  else expect([undefined, 'settled']).toContain(played.memo.open);
}

/** interface.md §6.1: after a submission of unknown fate the NICs are listed twice, `settle` apart, before the next. */
function judgeSubmissions(
  requests: readonly LedgerRequest[],
  posts: LedgerRequest[],
  throttling: Set<string>,
): void {
  const open = posts.filter(
    ({ status }) => status === 0 || status < 300 || (status >= 500 && status !== 501),
  );
  // A 202 that tells of throttling is looked after in the same way, but counts for nothing (interface.md §3).
  const counted = open.filter(({ faults }) => !faults?.some((id) => throttling.has(id)));
  expect(counted.length, 'submissions accepted or of unknown fate').toBeLessThanOrEqual(3);
  for (const post of open) {
    const next = posts.find(({ seq }) => seq > post.seq);
    if (next === undefined) continue;
    const lists = requests.filter(
      ({ requestClass, status, seq }) =>
        requestClass === 'list' && status === 200 && seq > post.seq && seq < next.seq,
    );
    const [first, last] = [lists[0]?.at ?? post.at, lists.at(-1)?.at ?? post.at];
    expect(first - post.at, `request ${next.seq} came without a settled look`).toBeGreaterThanOrEqual(30_000);
    expect(last - first, `request ${next.seq} came without two looks`).toBeGreaterThanOrEqual(30_000);
  }
}

export async function run(
  faults: object[],
  change: Partial<Schedule> & { request?: object; server?: object } = {},
): Promise<{ world: World; played: Played; told: ResultDocument; posts: number }> {
  const { request, server: settings, ...schedule } = change;
  const world = createWorld(1);
  const server = serverOf(world, settings);
  for (const fault of faults) world.simulator.control.addFault(fault as never);
  const nics = server.nics.slice(0, 2).map((id) => ({ id }));
  const played = await play(
    {
      input: { serverId: server.id, nics, timing: TIMING, ...request },
      serverId: server.id,
      seed: 1,
      ...schedule,
    },
    world.clock,
    world.activities,
    world.restarted,
  );
  judge(world, server.id, played);
  const posts = world.simulator.ledger
    .forServer(server.id)
    .requests.filter((it) => it.requestClass === 'delete').length;
  return { world, played, told: documentOf(played), posts };
}
