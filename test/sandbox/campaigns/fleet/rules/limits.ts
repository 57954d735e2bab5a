/** How many servers are under way, and how many may fail. */
import { expect } from 'vitest';
import { fixed, readShare } from '../../../../../src/contract/decommission/shares';
import type { FleetTruth, ServerStart } from '../truth';
import { hasFailed, skippedAt } from '../truth';

/** Never more servers are under way than `concurrency`. A server whose page was ended from outside is nobody's any more. */
export function keepsTheConcurrency(truth: FleetTruth): void {
  const all = [...truth.starts, ...truth.backs];
  for (const { at, runId } of all) {
    if (runId === null) continue;
    const open = all.filter((other) => isUnderWay(other, at));
    const most = mostIn(truth, 'concurrency', at - truth.reachMs, at);
    expect(open.length, `servers under way at ${at - truth.run.at} ms`).toBeLessThanOrEqual(most);
  }
}

function isUnderWay({ at, runId, end, orphanedAt }: ServerStart, when: number): boolean {
  return runId !== null && at <= when && (end?.at ?? Infinity) > when && orphanedAt > when;
}

/** Strict: `maxErrors` + 1 at most. Soft: those under way may all fail at the same moment as the one that is one too many. */
export function keepsTheTolerance(truth: FleetTruth): void {
  const { settings } = truth.played.plan;
  for (const { end } of truth.starts.filter(hasFailed)) {
    const at = end?.at ?? 0;
    const failed = truth.played.stage.servers.filter(({ id }) => hasFailedBy(truth, id, at));
    const maxErrors = mostIn(truth, 'maxErrors', truth.run.at, at);
    const most = settings.strict ? maxErrors + 1 : maxErrors + mostIn(truth, 'concurrency', truth.run.at, at);
    expect(failed.length, `servers that have failed by ${at - truth.run.at} ms`).toBeLessThanOrEqual(most);
  }
}

/** What people do after which other numbers hold. */
const CHANGES = ['setLimits', 'retryFailed', 'skip', 'resume', 'approve'];

/** `mayStillFail` of a run that goes on is no less than what then fails in this wave, as long as nobody changes anything. A skipped server counts no more. */
export function promisesTheTruth(truth: FleetTruth): void {
  const { told, starts, done, planned, run } = truth;
  if (planned === null) return;
  const changes = CHANGES.flatMap((name) => done(name)).flatMap(({ heardAt }) => heardAt ?? []);
  for (const { at, status } of told) {
    if (status.phase !== 'running' || status.wave === null) continue;
    const ofWave = new Set(
      planned.slice(0, status.waves[status.wave.number - 1]).map(({ serverId }) => serverId),
    );
    const until = Math.min(...changes.filter((change) => change >= at));
    const counts = ({ staged: { id }, end }: ServerStart) =>
      ofWave.has(id) && isBetween(at, end?.at ?? 0, until) && skippedAt(truth, id) > (end?.at ?? 0);
    const failed = starts.filter((start) => hasFailed(start) && counts(start));
    expect(failed.length, `failures after mayStillFail at ${at - run.at} ms`).toBeLessThanOrEqual(
      status.mayStillFail,
    );
  }
}

function isBetween(from: number, at: number, until: number): boolean {
  return at > from && at < until;
}

/** Its last run has failed by then, it is neither back nor being tried again, and nobody has said to leave it. */
function hasFailedBy(truth: FleetTruth, serverId: string, at: number): boolean {
  const last = truth.starts
    .filter(({ staged, at: startedAt }) => staged.id === serverId && startedAt <= at)
    .at(-1);
  if (last === undefined || last.end === null || last.end.at > at) return false;
  const { at: endedAt } = last.end;
  const again = truth
    .done('retryFailed')
    .some(({ heardAt }) => heardAt !== null && heardAt >= endedAt && heardAt <= at);
  const isBack = truth.backs.some(
    ({ staged, end }) =>
      staged.id === serverId && end?.kind === 'completed' && end.at >= endedAt && end.at <= at,
  );
  return hasFailed(last) && !again && !isBack && skippedAt(truth, serverId) > at;
}

/** The highest limit that was in force at some moment of that time. */
function mostIn(truth: FleetTruth, which: 'concurrency' | 'maxErrors', from: number, until: number): number {
  const { settings } = truth.played.plan;
  const total = truth.planned?.length ?? truth.told.at(-1)?.status.servers ?? 0;
  const count = (given: unknown) => {
    const share = readShare(given);
    return 'problem' in share ? 0 : fixed(share, total, 'down');
  };
  const changes = truth.done('setLimits').flatMap(({ heardAt, argument }) => {
    const given = (argument as Record<string, unknown>)[which];
    return given == null ? [] : [{ at: heardAt ?? 0, value: count(given) }];
  });
  const all = [{ at: -Infinity, value: count(settings[which]) }, ...changes];
  const inForce = all.filter(({ at }, index) => at <= until && (all[index + 1]?.at ?? Infinity) >= from);
  return Math.max(...inForce.map(({ value }) => value));
}
