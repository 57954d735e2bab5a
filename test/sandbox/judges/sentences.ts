/** Every sentence about what was sent is true, and `submissions` is right from both sides. */
import { expect } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import type { LedgerRequest, RequestClass } from '../../../simulator';
import type { Truth } from './truth';
import type { World } from '../engine/world';

/** A POST that the cloud took on, or whose answer says nothing for certain (docs/contract.md §3.2). */
function counts({ status, accepted }: LedgerRequest): boolean {
  if (status === 0 || (status >= 500 && status !== 501)) return true;
  return accepted === true && status < 300;
}

/** Nobody who has got this answer, or none, can say that the cloud did not take it on. */
function isDeniable(post: LedgerRequest): boolean {
  return !counts(post) && post.accepted !== true && post.status >= 300;
}

const ABOUT: readonly [RegExp, RequestClass][] = [
  [/\bdeletion of\b/, 'delete'],
  [/\battachment of\b/, 'attach'],
  [/\bport\b.*\bcreated\b/, 'port-create'],
];
const UNSURE = /\bnot known\b|\bmay have\b/;
const DENIED = /\bnot (accepted|created|taken|sent)\b|\brefused\b/;

/** Each line of the log about a POST against what the ledger has of that POST, of all runs. */
export function logsTheTruth({ simulator, logged }: World): void {
  const seen = new Map<RequestClass, number>();
  for (const { message, sentBefore } of logged) {
    const about = ABOUT.find(([pattern]) => pattern.test(message))?.[1];
    if (about === undefined) continue;
    // Each POST has its line before the next one is sent.
    const since = seen.get(about) ?? 0;
    seen.set(about, sentBefore);
    const isPost = ({ requestClass }: LedgerRequest) => requestClass === about;
    const post = simulator.ledger.requests.slice(since, sentBefore).findLast(isPost);
    const what = `“${message}” in the log, of request ${post?.seq}, answered with ${post?.status}`;
    if (UNSURE.test(message)) continue;
    if (DENIED.test(message)) expect(post === undefined || isDeniable(post), what).toBe(true);
    else if (/\b(accepted|created)\b/.test(message))
      expect(post !== undefined && post.status >= 200 && post.status < 300, what).toBe(true);
  }
}

/** Whatever a run says at its end, to whomever: caller, operator's page, failure. */
function saidBy({ played }: Truth): string {
  const told = played.status as ResultDocument | undefined;
  return JSON.stringify([
    told?.warnings,
    told?.nics.map(({ message }) => message),
    played.end.kind === 'failed' ? played.end.message : null,
    played.details,
  ]);
}

export function tellsTheTruth(world: World, truth: Truth): void {
  const { played, posts, requests } = truth;
  const told = played.status as ResultDocument | undefined;
  if (told === undefined || played.wasReset) return;
  const said = saidBy(truth);
  const sent = requests.filter(({ requestClass }) => requestClass === 'delete' || requestClass === 'attach');
  if (sent.length > 0 && !sent.some(isDeniable))
    expect(said, 'said of what may have been accepted').not.toMatch(/not accepted/);
  if ('from' in (played.input as object)) return;
  const unknown = posts.filter((post) => counts(post) && post.status !== 200);
  const again = unknown.some(({ seq }) => posts.some((later) => later.seq > seq));
  if (again) expect(said, 'said of a deletion that was sent again').not.toMatch(/instead of sending/);
  if (posts.some(({ accepted }) => accepted === true))
    expect(said, 'said of a deletion that was accepted').not.toMatch(/nothing was sent|never sent/);
  if (played.end.kind === 'terminated') return;
  const throttling = new Set(
    world.simulator.control
      .faults()
      .filter(({ what }) => what.kind === 'throttled' || (what.kind === 'answer' && what.status === 202))
      .map(({ id }) => id),
  );
  const least = posts.filter((post) => counts(post) && !post.faults?.some((id) => throttling.has(id))).length;
  expect(told.submissions, 'submissions told').toBeGreaterThanOrEqual(least);
}

/** A flag may have been set back; what else was changed was changed. */
export function deniesNoChange(truth: Truth): void {
  const { played, ownEffects } = truth;
  const changed = ownEffects.filter(({ kind, at }) => kind !== 'flag-changed' && at <= played.endedCloudAt);
  if (/nothing was changed/.test(saidBy(truth)))
    expect(changed, 'changed by a run that says it changed nothing').toEqual([]);
}
