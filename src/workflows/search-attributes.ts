/** Typed search attributes, only those that the namespace has: an unregistered one would wedge the run. */
import type { SearchAttributePair } from '@temporalio/common';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTE } from '../contract/names';
import type { Phase } from '../contract/types';
import type { Run } from './run';

const WORTH_FINDING: ReadonlySet<Phase> = new Set([
  'polling',
  'undo-window',
  'restoring',
  'committing',
] as const);

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
  if (run.state.searchAttributes.length === 0) return;
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
