/** Typed search attributes, only those that the namespace has: an unregistered one would wedge the run. */
import type { SearchAttributePair } from '@temporalio/common';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { ActivityOptions } from '@temporalio/workflow';
import { ActivityFailure, CancellationScope, upsertSearchAttributes } from '@temporalio/workflow';
import { label } from './details';
import { invoke, READ } from './proxies';
import { SEARCH_ATTRIBUTE } from '../../contract/names';
import type { Learned } from '../../activities/agreement/agreement';
import type { Phase, ResultDocument } from '../../contract/types';
import type { Around } from './state/around';

const WORTH_FINDING: ReadonlySet<Phase> = new Set([
  'polling',
  'undo-window',
  'restoring',
  'committing',
] as const);

interface State {
  document: ResultDocument;
  around: Around;
}

/** Older than that, what was learned of the namespace may have changed: one attribute less would wedge the run. */
const FRESH_MS = 10_000;

/**
 * Takes in what every answer tells of the namespace. One from before answers did so tells it once, for good.
 *
 * @param askedAt the namespace was asked after that. What counts is not when the run hears of it: a worker may be away in between
 */
export function learn(
  { around }: State,
  answer: Learned & { kind?: string; endpoints?: unknown },
  askedAt: number,
): void {
  if (answer.searchAttributes === undefined) return;
  around.searchAttributes = answer.searchAttributes;
  const toldOnce = answer.kind === 'inspection' && answer.endpoints === undefined;
  if (!toldOnce) around.learnedAt = askedAt;
}

export function isFresh({ around }: State): boolean {
  return around.learnedAt === null || Date.now() - around.learnedAt <= FRESH_MS;
}

/**
 * Called before each wait, where a run can be found by its phase: at the first, when waiting is over, when its job is
 * polled, and when it waits for a person or puts things back. Other changes of phase are not worth an upsert, which
 * costs the server some 2 ms.
 */
export function publishPhase(state: State): void {
  const { around, document } = state;
  const { phase, serverId } = document;
  const before = around.publishedPhase;
  if (before === phase || (before !== null && before !== 'waiting' && !WORTH_FINDING.has(phase))) return;
  // Known from the first inspection on.
  if (around.searchAttributes.length === 0 || !isFresh(state)) return;
  around.publishedPhase = phase;
  publish(state, { serverId, phase });
}

export function publish(
  { around }: State,
  values: Partial<Record<'serverId' | 'phase' | 'outcome', string>>,
): void {
  const pairs: SearchAttributePair[] = [];
  for (const [field, value] of Object.entries(values)) {
    const name = SEARCH_ATTRIBUTE[field as keyof typeof values];
    if (around.searchAttributes.includes(name)) {
      pairs.push({ key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD), value });
    }
  }
  if (pairs.length > 0) upsertSearchAttributes(pairs);
}

/** It must not hold up the end of a run: without an answer in this time the run ends without attributes. */
const LEARN: ActivityOptions = { ...READ, scheduleToCloseTimeout: '1 minute' };

/** One try, by whichever worker, since all serve the same namespace: `false` when nobody could tell what it has now. */
export async function learnAnew(state: State): Promise<boolean> {
  const askedAt = Date.now();
  try {
    const summary = label('the search attributes of the namespace');
    const answer = await CancellationScope.nonCancellable(() =>
      invoke(LEARN, 'listSearchAttributes', summary, {}),
    );
    learn(state, answer, askedAt);
    return answer.searchAttributes !== undefined && isFresh(state);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return false;
  }
}
