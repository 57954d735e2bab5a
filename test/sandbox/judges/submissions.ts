/** docs/contract.md §6.1: after a submission of unknown fate the NICs are listed twice, `settle` apart, before the next. */
import { expect } from 'vitest';
import { isRecord } from '../../../src/contract/input';
import type { LedgerRequest } from '../../../simulator';
import type { World } from '../engine/world';
import type { Truth } from './truth';
import { isHeard } from './truth';

/** The settings of every schedule: see TIMING in engine/play.ts. */
export const SETTLE_MS = 30_000;
export const VERIFY_MS = 120_000;

export function mayBeAtWork({ status, accepted }: LedgerRequest): boolean {
  return accepted === true || status === 0 || status < 300 || (status >= 500 && status !== 501);
}

export function spacesSubmissions(world: World, { posts, lists, played }: Truth): void {
  const faults = world.simulator.control.faults();
  const tellsOfThrottling = ({ what }: (typeof faults)[number]) =>
    what.kind === 'throttled' ||
    (what.kind === 'answer' && what.status === 202 && JSON.stringify(what.body).includes('Common.0024'));
  const throttling = new Set(faults.filter(tellsOfThrottling).map(({ id }) => id));
  const open = posts.filter(mayBeAtWork);
  // A 202 that tells of throttling is looked after in the same way, but counts for nothing (docs/contract.md §3.2).
  const counted = open.filter((post) => !post.faults?.some((id) => throttling.has(id)));
  expect(counted.length, 'submissions accepted or of unknown fate').toBeLessThanOrEqual(3);
  // An attempt that was frozen and given up may read at any time, also right after a later POST: the run does not hear of it.
  const looks = lists.filter((list) => isHeard(played, list));
  for (const post of open) {
    const next = posts.find(({ seq }) => seq > post.seq);
    if (next === undefined) continue;
    const between = looks.filter(({ seq }) => seq > post.seq && seq < next.seq);
    const [first, last] = [between[0]?.at ?? post.at, between.at(-1)?.at ?? post.at];
    expect(first - post.at, `request ${next.seq} came without a settled look`).toBeGreaterThanOrEqual(
      SETTLE_MS,
    );
    expect(last - first, `request ${next.seq} came without two looks`).toBeGreaterThanOrEqual(SETTLE_MS);
  }
}

/** What a run before this one left open comes to rest first (docs/decisions/0009). */
export function waitsForTheRunBefore(
  world: World,
  { played, requests }: Truth,
  sent: readonly LedgerRequest[],
  open: unknown,
): void {
  const [first] = sent;
  if (first === undefined || !isRecord(open)) return;
  if (typeof open.jobId !== 'string') {
    expect(
      first.at - played.startedAt,
      'ms before the first submission after one of unknown fate',
    ).toBeGreaterThanOrEqual(2 * SETTLE_MS);
    return;
  }
  const job = world.simulator.ledger.jobs.find(({ jobId }) => jobId === open.jobId);
  const denied = requests.some(
    ({ requestClass, status, seq }) => requestClass === 'job' && status === 400 && seq < first.seq,
  );
  const ended = job !== undefined && (job.endsAt ?? Infinity) <= first.at;
  expect(ended || denied, `job ${open.jobId} of the run before was over at the first submission`).toBe(true);
}
