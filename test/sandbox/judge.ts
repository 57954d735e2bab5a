/** Judges how starts of the workflow ended, by the ledger: every verdict equals the truth, and no rule was broken. */
import { expect } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import { OPEN_SETTLED } from '../../src/contract/names';
import type { LedgerRequest } from '../../simulator';
import { PLACES } from '../support/truth';
import type { Played, Schedule } from './adapter';
import { playAll } from './adapter';
import { judgeConduct } from './conduct';
import { judgeUpdates } from './judge-updates';
import { staysWithinBounds } from './judges/bounds';
import { isUnsureWithReason, tellsWhatItReadLast } from './judges/last-read';
import { staysInItsPlace } from './judges/place';
import { hasItsRows } from './judges/rows';
import { deniesNoChange, logsTheTruth, tellsTheTruth } from './judges/sentences';
import { TIMING } from './schedule';
import type { Truth } from './truth';
import { isOwn, ownEffectsAfter, placeAt, placesOf, truthOf } from './truth';
import type { World } from './world';
import { createWorld } from './world';

export { TIMING };

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

export function judge(world: World, serverId: string, played: Played): void {
  judgeAll(world, serverId, [played]);
}

/** All starts under one workflow id, in the order of their ends. */
export function judgeAll(world: World, serverId: string, all: Played[]): void {
  const { control } = world.simulator;
  control.advance(0);
  expect(control.invariants()).toEqual([]);
  expectLedgerIsTruth(world, serverId, all);
  // What was reported must not be overtaken by something that a run has set going.
  control.advance(3_600_000);
  expect(control.invariants()).toEqual([]);
  let open: unknown = null;
  for (const played of all) {
    const truth = truthOf(world, serverId, played);
    judgeSubmissions(world, truth);
    judgeConduct(world, truth, open);
    hasItsRows(played);
    staysWithinBounds(played, null);
    tellsTheTruth(world, truth);
    deniesNoChange(
      truth,
      truth.effects.filter((effect) => isOwn(truth, effect)),
    );
    if (played.end.kind === 'terminated') judgeTerminated(truth);
    else judgeEnd(truth);
    // A run that has not dealt with what one before it left open leaves it open, too.
    if ('open' in played.memo) open = played.memo.open;
  }
  staysInItsPlace(world, all);
  logsTheTruth(world);
  judgeUpdates(all, world.simulator.ledger.jobs);
}

/** The places that are judged by come from the ledger's effects; the simulator's own idea of the present agrees. */
function expectLedgerIsTruth(world: World, serverId: string, all: Played[]): void {
  const last = all.at(-1);
  if (last === undefined) throw new Error('nothing was played');
  const truth = truthOf(world, serverId, last);
  const { nics, exists } = world.simulator.control.truth(serverId);
  for (const { id, state } of nics) {
    const place = placeAt(truth, id, Infinity);
    expect(place === 'elsewhere' && !exists ? state : place, `place of NIC ${id}`).toBe(state);
  }
}

function judgeEnd(truth: Truth): void {
  const { played, lists, jobs } = truth;
  const told = documentOf(played);
  expect([told.phase, told.endedAt === null]).toEqual(['done', false]);
  for (const nic of told.nics) {
    if (nic.outcome === 'unknown') {
      expect(['outcome-unknown', 'cancelled']).toContain(told.outcome);
      continue;
    }
    const places = placesOf(truth, nic.id);
    const first = placeAt(truth, nic.id, played.startedAt);
    const right = places.some((place) => PLACES[nic.outcome]?.includes(place));
    // Nothing was tried: it need not have been there in the first place, nor be there still when nobody could look.
    const elsewhere =
      nic.outcome === 'untouched' && (first !== 'on-server' || nic.evidence.list !== 'present');
    expect(right || elsewhere, `NIC ${nic.id} was reported as ${nic.outcome}, and was ${places.join()}`).toBe(
      true,
    );
    if (nic.outcome === 'already-absent' || nic.outcome === 'untouched') {
      const taken = jobs.some((job) => job.nicIds.includes(nic.id));
      expect(taken, `NIC ${nic.id} was reported as ${nic.outcome}, but a job was there for it`).toBe(false);
    }
    expect(ownEffectsAfter(truth, nic.id), `NIC ${nic.id} was reported as ${nic.outcome}`).toEqual([]);
  }
  tellsWhatItReadLast(truth);
  isUnsureWithReason(truth);
  // Down time uses up no patience (docs/contract.md §6.8).
  if (told.nics.some(({ outcome }) => outcome === 'still-attached')) {
    // One that dies when all has been read and reported leaves nothing to be read again.
    const backAt = played.restarts.findLast((at) => at <= (lists.at(-1)?.at ?? 0)) ?? 0;
    const since = lists.filter(({ at }) => at >= backAt);
    expect(since.length, 'NIC lists read since the worker is back').toBeGreaterThanOrEqual(2);
  }
  expect(told.submissions).toBeLessThanOrEqual(3);
  // The next run on this server has to know of what may still be at work, and of nothing else.
  const unknown = told.nics.some(({ outcome }) => outcome === 'unknown');
  if (unknown) expect(played.memo.open).toMatchObject({ jobId: told.jobs.at(-1)?.id ?? null });
  else expect([undefined, null, OPEN_SETTLED]).toContain(played.memo.open);
}

/** What was sent may be at work, and the next run has to be told, and of which job. */
function judgeTerminated({ played, posts }: Truth): void {
  const what = 'memo of a run that was terminated';
  if (posts.some(mayBeAtWork)) expect(played.memo.open, what).toMatchObject({ nics: expect.any(Array) });
  const known = (played.status as ResultDocument | undefined)?.jobs.at(-1);
  if (known !== undefined) expect(played.memo.open, what).toMatchObject({ jobId: known.id });
}

export function mayBeAtWork({ status, accepted }: LedgerRequest): boolean {
  return accepted === true || status === 0 || status < 300 || (status >= 500 && status !== 501);
}

/**
 * docs/contract.md §6.1: after a submission of unknown fate the NICs are listed twice, `settle` apart, before the next.
 */
export function judgeSubmissions(world: World, { posts, lists }: Truth): void {
  const faults = world.simulator.control.faults();
  const tellsOfThrottling = ({ what }: (typeof faults)[number]) =>
    what.kind === 'throttled' ||
    (what.kind === 'answer' && what.status === 202 && JSON.stringify(what.body).includes('Common.0024'));
  const throttling = new Set(faults.filter(tellsOfThrottling).map(({ id }) => id));
  const open = posts.filter(mayBeAtWork);
  // A 202 that tells of throttling is looked after in the same way, but counts for nothing (docs/contract.md §3.2).
  const counted = open.filter((post) => !post.faults?.some((id) => throttling.has(id)));
  expect(counted.length, 'submissions accepted or of unknown fate').toBeLessThanOrEqual(3);
  for (const post of open) {
    const next = posts.find(({ seq }) => seq > post.seq);
    if (next === undefined) continue;
    const between = lists.filter(({ seq }) => seq > post.seq && seq < next.seq);
    const [first, last] = [between[0]?.at ?? post.at, between.at(-1)?.at ?? post.at];
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
  const input = { serverId: server.id, nics, timing: TIMING, ...request };
  const all = await playAll({ input, serverId: server.id, seed: 1, ...schedule }, world);
  judgeAll(world, server.id, all);
  const played = all.at(-1);
  if (played === undefined) throw new Error('nothing was played');
  const posts = world.simulator.ledger
    .forServer(server.id)
    .requests.filter((it) => it.requestClass === 'delete').length;
  return { world, played, told: documentOf(played), posts };
}
