import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { environmentPage } from '../../dev/environment-page';
import { root } from '../../dev/root';

it('docs/environment.md is what the code says today', () => {
  const committed = readFileSync(join(root, 'docs/environment.md'), 'utf8');
  expect(committed, 'docs/environment.md is stale: run `npm run docs` and commit it').toBe(environmentPage());
});
