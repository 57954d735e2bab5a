import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { logPage } from '../../dev/log-page';
import { root } from '../../dev/root';
import type { EventName } from '../../src/contract/events';
import { EVENT_FIELDS, EVENTS, sentenceOf } from '../../src/contract/events';

it('docs/log.md is what the code says today', () => {
  const committed = readFileSync(join(root, 'docs/log.md'), 'utf8');
  expect(committed, 'docs/log.md is stale: run `npm run docs` and commit it').toBe(logPage());
});

it.each(Object.keys(EVENTS) as EventName[])('%s names only fields that the page explains', (name) => {
  const named = [...EVENTS[name].says.matchAll(/\{(\w+)\}/g)].map(([, field]) => field);
  expect(Object.keys(EVENT_FIELDS)).toEqual(expect.arrayContaining(named));
});

it('a part of a sentence without its field is left out', () => {
  expect(sentenceOf('run.started', { type: 'deleteServerNics', nics: 2 })).toBe(
    'deleteServerNics begins for 2 NICs',
  );
  expect(sentenceOf('run.started', { type: 'x', requestedBy: 'ops', reason: 'T-1' })).toBe(
    'x begins, asked for by ops: T-1',
  );
});
