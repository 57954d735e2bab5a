/** Sets typed search attributes, only those that the namespace has: an unregistered one would block the run. */
import type { SearchAttributePair } from '@temporalio/common';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { ActivityOptions } from '@temporalio/workflow';
import { ActivityFailure, CancellationScope, upsertSearchAttributes } from '@temporalio/workflow';
import { label } from './details';
import { decommissionRun } from './parent';
import { invoke, READ } from './proxies';
import { SEARCH_ATTRIBUTE } from '../../contract/names';
import type { Learned } from '../../activities/agreement';
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

/**
 * After this time the namespace may have changed. Setting an attribute that it has lost would block the run. Well above the ten seconds
 * by which a run and its replay may differ in what the clock says (docs/decisions/0019).
 */
const FRESH_MS = 30_000;
/** Of runs that began before that rule. Their commands must stay the same. */
const FRESH_BEFORE_MS = 10_000;

/**
 * Records the attributes that an answer names. An old worker's inspection named them once; they then count for ever.
 * @param askedAt before the namespace was asked; the time of the answer may be much later, if the worker was away
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
  const forMs = around.place?.ecs === undefined ? FRESH_BEFORE_MS : FRESH_MS;
  return around.learnedAt === null || Date.now() - around.learnedAt <= forMs;
}

/**
 * Called before each wait. Publishes the first phase, the end of the waiting, and the phases by which people look for
 * runs: polling, undo window, restoring, committing. Others are not worth an upsert, which costs the server about 2 ms.
 */
export function publishPhase(state: State): void {
  const { around, document } = state;
  const { phase, serverId } = document;
  const before = around.publishedPhase;
  if (before === phase || (before !== null && before !== 'waiting' && !WORTH_FINDING.has(phase))) return;
  // The first inspection tells the attributes.
  if (around.searchAttributes.length === 0 || !isFresh(state)) return;
  around.publishedPhase = phase;
  const run = before === null ? decommissionRun() : null;
  publish(state, { serverId, phase, ...(run === null ? {} : { decommissionRun: run }) });
}

export function publish(
  { around }: State,
  values: Partial<Record<keyof typeof SEARCH_ATTRIBUTE, string>>,
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

/** Must not delay the end of a run: without an answer in this time the run ends without attributes. */
const LEARN: ActivityOptions = { ...READ, scheduleToCloseTimeout: '1 minute' };

/** Asks once, by any worker, since all serve the same namespace. `false`: no worker could tell the attributes. */
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
