import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../dev/root';
import { withTables } from '../sandbox/plants/tables';

const PAGE = join(root, 'docs/testing.md');
const committed = readFileSync(PAGE, 'utf8');

describe('docs/testing.md', () => {
  // `npm run docs` lets vitest write the file.
  it('has the planted bugs as the code has them', async () => {
    const why = 'docs/testing.md is stale: run `npm run docs` and commit it';
    await expect(withTables(committed), why).toMatchFileSnapshot(PAGE);
  });

  it('gets back what somebody has taken out', () => {
    const stale = committed.replace(/^\| skips the second reading .*\n/m, '');
    expect(stale).not.toBe(committed);
    expect(withTables(stale)).toBe(withTables(committed));
  });

  it('needs a place for each table', () => {
    const begin = '<!-- planted bugs of “undo”';
    expect(() => withTables(committed.replace(begin, ''))).toThrow('undo');
    expect(() =>
      withTables(committed.replace(begin, `${begin}, written by npm run docs -->\n${begin}`)),
    ).toThrow('undo');
  });
});
