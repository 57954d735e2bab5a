/** Typed search attributes, only those that the namespace has: an unregistered one would wedge the run. */
import type { SearchAttributePair } from '@temporalio/common';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTE } from '../../contract/names';
import type { Learned } from '../../activities/agreement';
import type { Phase } from '../../contract/types';
import type { Run } from './run';

const WORTH_FINDING: ReadonlySet<Phase> = new Set([
  'polling',
  'undo-window',
  'restoring',
  'committing',
] as const);

/** Older than that, what was learned of the namespace may have changed: one attribute less would wedge the run. */
const FRESH_MS = 10_000;

/**
 * Takes in what every answer tells of the namespace. One from before answers did so tells it once, for good.
 *
 * @param askedAt the namespace was asked after that. What counts is not when the run hears of it: a worker may be away in between
 */
export function learn(
  { state }: Run,
  answer: Learned & { kind?: string; endpoints?: unknown },
  askedAt: number,
): void {
  if (answer.searchAttributes === undefined) return;
  state.searchAttributes = answer.searchAttributes;
  const toldOnce = answer.kind === 'inspection' && answer.endpoints === undefined;
  if (!toldOnce) state.learnedAt = askedAt;
}

export function isFresh({ state }: Run): boolean {
  return state.learnedAt === null || Date.now() - state.learnedAt <= FRESH_MS;
}

/**
 * Called before each wait, where a run can be found by its phase: at the first, when waiting is over, when its job is
 * polled, and when it waits for a person or puts things back. Other changes of phase are not worth an upsert, which
 * costs the server some 2 ms.
 */
export function publishPhase(run: Run): void {
  const { phase } = run.document;
  const before = run.state.publishedPhase;
  if (before === phase || (before !== null && before !== 'waiting' && !WORTH_FINDING.has(phase))) return;
  // Known from the first inspection on.
  if (run.state.searchAttributes.length === 0 || !isFresh(run)) return;
  run.state.publishedPhase = phase;
  publish(run, { serverId: run.document.serverId, phase });
}

export function publish(run: Run, values: Partial<Record<'serverId' | 'phase' | 'outcome', string>>): void {
  const pairs: SearchAttributePair[] = [];
  for (const [field, value] of Object.entries(values)) {
    const name = SEARCH_ATTRIBUTE[field as keyof typeof values];
    if (run.state.searchAttributes.includes(name)) {
      pairs.push({ key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD), value });
    }
  }
  if (pairs.length > 0) upsertSearchAttributes(pairs);
}
