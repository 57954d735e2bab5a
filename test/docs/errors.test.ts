import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../dev/root';
import { errorsPage } from '../../dev/errors-page';
import { EXIT, exitCodeOf } from '../../src/cli/exit-codes';
import { ACTIVITY_FAILURE } from '../../src/activities/agreement';
import { CONTINUED_AS_NEW, DIFFERENT_REQUEST, FAILURE_TYPE, NOT_APPLICABLE } from '../../src/contract';
import { DEFAULT_RULES, ERROR_TABLE } from '../../src/ecs/error-table';
import { callError } from '../../src/ecs/errors';

const committed = readFileSync(join(root, 'docs/errors.md'), 'utf8');
/** Cells of every table line. */
const lines = committed
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.slice(2, -2).split(' | '));
const lineOf = (first: string) => lines.filter(([cell = '']) => cell === first);

describe('docs/errors.md', () => {
  it('is what the code says today', () => {
    expect(committed, 'docs/errors.md is stale: run `npm run docs` and commit it').toBe(errorsPage());
  });

  it('has every code of the cloud as often as the table has it, with its hint', () => {
    const named = lines.flatMap((cells) =>
      [
        ...(cells[0] ?? '').matchAll(
          /`([A-Za-z]+\.\d{4}|conflictingRequest|itemNotFound|PortNotFound|PortInUse|IpAddressInUse)`/g,
        ),
      ]
        // What an error carries inside is not a code of the line.
        .filter(({ index, input }) => !input.slice(0, index).includes('around'))
        .map(([, name = '']) => `${name} ${cells[1]} ${cells.at(-1)}`),
    );
    const expected = ERROR_TABLE.map(({ code, http, hint }) => `${code} ${http.join(', ')} ${hint}`);
    expect(named.sort()).toEqual(expected.sort());
  });

  it('tells what happens to other answers, in the order that decides', () => {
    const whens = DEFAULT_RULES.map(({ when }) => when);
    expect(lines.map(([cell = '']) => cell).filter((cell) => whens.includes(cell))).toEqual(whens);
    for (const kind of ['network', 'timeout', 'unreadable', 'late', 'unconfirmed', 'invalid'] as const) {
      expect(lineOf(`\`${kind}\``)[0]?.at(-1)).toBe(callError('showServer', kind, 'maybe', '').hint);
    }
  });

  it.each(Object.values(FAILURE_TYPE))('says what to do about %s, with its exit code', (type) => {
    const [line] = lineOf(`\`${type}\``);
    const code = exitCodeOf({ kind: 'failed', type, message: '', document: null });
    expect(line?.[1]).toBe(String(code));
    expect(line?.[2]).toMatch(/\.$|\*\*$/);
    // The two tables of the page agree.
    expect(lineOf(String(code))[0]?.[1]).toContain(type);
  });

  it('names every exit code, activity failure and rejection', () => {
    for (const code of Object.values(EXIT)) expect(lineOf(String(code))).not.toEqual([]);
    for (const type of [
      ...Object.values(ACTIVITY_FAILURE),
      DIFFERENT_REQUEST,
      CONTINUED_AS_NEW,
      NOT_APPLICABLE,
    ]) {
      expect(lineOf(`\`${type}\``)).toHaveLength(1);
    }
  });

  it('never promises a repetition where the fate of a deletion is unknown', () => {
    const unknown = ERROR_TABLE.filter(({ fate }) => fate === 'unknown');
    expect(unknown.length).toBeGreaterThan(10);
    for (const { code, hint } of unknown) {
      const found = lines.filter((cells) => cells[0]?.includes(`\`${code}\``) && cells.at(-1) === hint);
      expect(
        found.some((cells) => cells.at(-2)?.includes('looks twice')),
        code,
      ).toBe(true);
    }
  });
});
