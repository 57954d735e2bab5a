import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXAMPLES, callersPage } from '../../dev/callers-page';
import { fieldsOf } from '../../dev/declarations';
import { root } from '../../dev/root';
import {
  CONTINUED_AS_NEW,
  DECOMMISSION_OPTIONS,
  DECOMMISSION_UPDATE,
  DELETE_OPTIONS,
  DIFFERENT_REQUEST,
  FAILURE_TYPE,
  LEFT_ALONE,
  LIST_OPTIONS,
  MEMO,
  NOT_APPLICABLE,
  QUERY_PLAN,
  QUERY_REPORT,
  QUERY_STATUS,
  RELEASE_OPTIONS,
  RESTORE_OPTIONS,
  SEARCH_ATTRIBUTE,
  SIGNAL_POLL_NOW,
  UNPROCESSED,
  UPDATE,
  WORKFLOW_TYPE,
} from '../../src/contract';
import { CANCELLED } from '../../src/contract/names';
import { UPDATE_ARGUMENTS } from '../../src/contract/decommission/arguments';
import { TIMING } from '../../src/contract/options';

const committed = readFileSync(join(root, 'docs/callers.md'), 'utf8');

/** What stands below a heading, to the next one of any level. */
function below(heading: string): string {
  const start = committed.indexOf(`\n${heading}\n`);
  expect(start, heading).toBeGreaterThan(-1);
  const from = start + heading.length + 2;
  const next = committed.slice(from).search(/^#{2,4} /m);
  return committed.slice(from, next < 0 ? undefined : from + next);
}

/** The first cells of the table lines of a part. */
const firsts = (part: string) => [...part.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name);
const missing = (names: readonly string[], part: string) =>
  names.filter((name) => !part.includes(`\`${name}\``) && !part.includes(`\`${name}?\``));

describe('docs/callers.md', () => {
  it('is what the code says today', () => {
    expect(committed, 'docs/callers.md is stale: run `npm run docs` and commit it').toBe(callersPage());
  });

  it.each([
    ['deleteServerNics', ['serverId', 'nics', ...Object.keys(DELETE_OPTIONS)]],
    ['restoreServerNics', ['serverId', 'from', 'nics', ...Object.keys(RESTORE_OPTIONS)]],
    ['releasePorts', ['serverId', 'from', 'nics', ...Object.keys(RELEASE_OPTIONS)]],
    ['decommission', Object.keys(DECOMMISSION_OPTIONS)],
    ['listServers', Object.keys(LIST_OPTIONS)],
  ])('has every field of the input of %s, and no other', (type, fields) => {
    expect(firsts(below(`### Input of \`${type}\``)).sort()).toEqual([...fields].sort());
  });

  it('has every wait of a run', () => {
    expect(firsts(below('### `timing`'))).toEqual(Object.keys(TIMING));
  });

  it('has every message of a run, with its answer', () => {
    const part = below('## Messages of a run on one server');
    expect(firsts(part)).toEqual(Object.values(UPDATE));
    expect(missing([QUERY_STATUS, SIGNAL_POLL_NOW], part)).toEqual([]);
    for (const { name, type } of fieldsOf('RunAnswers'))
      expect(part, name).toMatch(new RegExp(`\`${name}\`.*\\[${type}\\]`));
  });

  it('has every message of a decommission run, with each field of its argument', () => {
    const part = below('## Messages of a decommission run');
    expect(missing([...Object.values(DECOMMISSION_UPDATE), QUERY_PLAN, QUERY_REPORT], part)).toEqual([]);
    expect(missing([...Object.values(LEFT_ALONE)], part)).toEqual([]);
    for (const argument of Object.values(UPDATE_ARGUMENTS))
      expect(missing(Object.keys(argument), part)).toEqual([]);
  });

  it('has every workflow that a caller starts, failure type, rejection, memo key and search attribute', () => {
    const { decommissionPage, ...started } = WORKFLOW_TYPE;
    expect(firsts(below('## Workflows'))).toEqual(Object.values(started));
    expect(committed).not.toContain(`\`${decommissionPage}\``);
    const failures = firsts(below('## Failures'));
    const rejections = [DIFFERENT_REQUEST, CONTINUED_AS_NEW, NOT_APPLICABLE, UNPROCESSED, CANCELLED];
    expect(failures).toEqual(expect.arrayContaining([...Object.values(FAILURE_TYPE), ...rejections]));
    const around = below('## Memo and search attributes');
    expect(firsts(around)).toEqual([...Object.values(MEMO), ...Object.values(SEARCH_ATTRIBUTE)]);
  });

  it('has every field of the documents, with its meaning', () => {
    const documents = [...committed.matchAll(/^#### (\w+)$/gm)].map(([, name = '']) => name);
    expect(documents).toEqual(
      expect.arrayContaining([
        'ResultDocument',
        'NicRow',
        'DecommissionStatus',
        'PlanDocument',
        'PageReport',
      ]),
    );
    for (const name of documents.filter((each) => below(`#### ${each}`).includes('| field |'))) {
      const part = below(`#### ${name}`);
      expect(
        missing(
          fieldsOf(name).map((field) => field.name),
          part,
        ),
        name,
      ).toEqual([]);
      expect(part, name).not.toMatch(/\| \|$/m);
    }
  });

  it('leaves no cell of a meaning empty in the inputs', () => {
    const inputs = committed.slice(committed.indexOf('## Inputs'), committed.indexOf('## Failures'));
    const lines = inputs.split('\n').filter((line) => /^\| `/.test(line));
    expect(lines.length).toBeGreaterThan(40);
    expect(
      lines.filter((line) => (line.split(' | ')[3] ?? line.split(' | ')[1] ?? '').trim() === ''),
    ).toEqual(
      // An Update without an argument of its own.
      lines.filter((line) => /(?: \| ){3} \|$/.test(line)),
    );
  });

  it.each(EXAMPLES)('$file knows every failure type of a run, and what to ask again after', ({ file }) => {
    const text = readFileSync(join(root, file), 'utf8');
    const types = [...Object.values(FAILURE_TYPE), CONTINUED_AS_NEW, UNPROCESSED, DIFFERENT_REQUEST];
    expect(types.filter((type) => !text.includes(type))).toEqual([]);
    expect(committed).toContain(text.trimEnd());
  });
});
