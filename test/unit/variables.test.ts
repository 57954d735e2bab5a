/** The table of variables, held against what reads them: all of `src`, and the libraries that read for it. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../dev/root';
import { HELP } from '../../src/worker/help';
import type { Variable } from '../../src/contract/variables';
import { environmentHelp, valueOf, VARIABLES } from '../../src/contract/variables';
import { inspectConfig } from '../../src/worker/config';

const ROWS = Object.entries<Variable>(VARIABLES);
const spellings = ([name, { also = [] }]: [string, Variable]) => [name, ...also];
const LISTED = new Set(ROWS.flatMap(spellings));

/** What gRPC would read, and must not: it is taken out of the environment for a moment. */
const TAKEN_AWAY = ['grpc_proxy', 'http_proxy', 'no_grpc_proxy'];
const isListed = (name: string) => LISTED.has(name) || TAKEN_AWAY.includes(name);

const codeBelow = (folder: string, end: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end) && !name.endsWith('contract/variables.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, ''))
    .join('\n');
const src = codeBelow(join(root, 'src'), '.ts');
const libraries = ['@temporalio/envconfig', 'picocolors'].map((name) => {
  const main = createRequire(__filename).resolve(name);
  return codeBelow(dirname(main), '.js');
});

const namesIn = (code: string, ...patterns: RegExp[]) => [
  ...new Set(patterns.flatMap((each) => [...code.matchAll(each)].map(([, name = '']) => name))),
];
/** `env.NAME`, and `const { NAME } = env`. */
function readBy(code: string): string[] {
  const direct = namesIn(code, /\benv(?:Provider)?\??(?:\.|\[['"])([A-Za-z_]{3,})\b/g);
  const apart = namesIn(code, /const \{([^}]*)\} = (?:process\.)?env\b/g).flatMap((names) =>
    names.split(/[\s,]+/),
  );
  return [...direct, ...apart].filter((name) => /^[A-Z][A-Z_]+$|_proxy$/.test(name));
}

/** Every name that the worker's configuration asks the environment for. */
function askedFor(): Set<string> {
  const asked = new Set<string>();
  const get = (_target: object, name: string | symbol) => void asked.add(String(name));
  inspectConfig(new Proxy<Record<string, string>>({}, { get }), root, false);
  return asked;
}

describe('the table of variables', () => {
  it('has every variable that the worker’s configuration asks for', () => {
    const asked = [...askedFor()];
    expect(asked.length).toBeGreaterThan(30);
    expect(asked.filter((name) => !isListed(name))).toEqual([]);
  });

  it('has every variable that src reads by its name, or names as a text', () => {
    const named = namesIn(src, /['"`]((?:ECS_NICS|TEMPORAL|HW|HUAWEICLOUD|OS|NODE)_[A-Z_]*[A-Z])['"`]/g);
    const read = readBy(src);
    expect(read.length).toBeGreaterThan(8);
    expect([...named, ...read].filter((name) => !isListed(name))).toEqual([]);
  });

  it('has every variable that Temporal’s SDK reads', () => {
    // Read from profiles and variables, and given to nobody: nothing here decodes by a server.
    const unused = ['TEMPORAL_CODEC_ENDPOINT', 'TEMPORAL_CODEC_AUTH'];
    const read = readBy(libraries[0] ?? '').filter((name) => !unused.includes(name));
    expect(read.length).toBeGreaterThan(10);
    expect(read.filter((name) => !isListed(name))).toEqual([]);
  });

  it('has none that nobody reads', () => {
    const asked = askedFor();
    const words = [src, ...libraries].join('\n');
    const isRead = (name: string) =>
      asked.has(name) || new RegExp(`\\b${name.replace(/\*$/, '')}`).test(words);
    expect([...LISTED].filter((name) => !isRead(name))).toEqual([]);
    expect(isRead('ECS_NICS_NOBODY')).toBe(false);
  });

  it('notices a variable that is read past it', () => {
    expect(readBy("process.env.ECS_NICS_SECRET_DOOR ?? env['HW_X'] ?? env.no_proxy")).toEqual([
      'ECS_NICS_SECRET_DOOR',
      'HW_X',
      'no_proxy',
    ]);
    expect(readBy('const { APPDATA, HOME } = env;')).toEqual(['APPDATA', 'HOME']);
  });
});

describe('--help', () => {
  it.each(['worker', 'starter'] as const)(
    'of the %s names each of its variables, and no other',
    (program) => {
      const help = environmentHelp(program);
      const shown = ROWS.filter(
        ([, { of, rare }]) => (of === program || of === 'both') && rare === undefined,
      );
      expect(namesIn(help, /^ {2,4}\(?([A-Za-z_]{3,})\)?(?: {2,}|$)/gm)).toEqual(shown.flatMap(spellings));
      for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
      if (program === 'worker') expect(HELP).toContain(help);
    },
  );
});

describe('a value', () => {
  it.each<[Record<string, string>, readonly [string, string] | null]>([
    [{}, null],
    [{ HW_REGION_NAME: ' \n' }, null],
    [{ HW_REGION_NAME: ' r\n' }, ['HW_REGION_NAME', 'r']],
    [{ HUAWEICLOUD_SDK_REGION_ID: '', HW_REGION_NAME: 'r' }, ['HW_REGION_NAME', 'r']],
    [{ HUAWEICLOUD_SDK_REGION_ID: 'q', HW_REGION_NAME: 'r' }, ['HUAWEICLOUD_SDK_REGION_ID', 'q']],
  ])('%j', (env, expected) => expect(valueOf(env, 'HUAWEICLOUD_SDK_REGION_ID')).toEqual(expected));

  it('is taken as it is where it may be anything', () => {
    expect(valueOf({ HW_USER_PASSWORD: ' p \n' }, 'HW_USER_PASSWORD')?.[1]).toBe(' p ');
  });
});
