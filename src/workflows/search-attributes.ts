/** Typed search attributes, only those that the namespace has: an unregistered one would wedge the run. */
import type { SearchAttributePair } from '@temporalio/common';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTE } from '../contract/names';
import type { Run } from './run';

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
