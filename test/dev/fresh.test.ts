import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const fresh = () => import('../../scripts/fresh.mjs');

describe('nodeProblem', () => {
  it.each([
    ['v20.18.1', true],
    ['v20.18.0', false],
    ['v20.19.0', true],
    ['v20.2.9', false],
    ['v18.20.8', false],
    ['v22.0.0', true],
    ['v100.0.0', true],
  ])('%s: good enough %s', async (version, good) => {
    const { nodeProblem } = await fresh();
    expect(nodeProblem(version, '>=20.18.1') === undefined).toBe(good);
  });

  it('names what is needed and what there is', async () => {
    const { nodeProblem } = await fresh();
    expect(nodeProblem('v18.1.0', '>=20.18.1')).toMatch(
      /^Node\.js 20\.18\.1 or later is needed; this is 18\.1\.0/,
    );
  });
});

describe('installProblem', () => {
  const lock = {
    packages: {
      '': { version: '1.0.0' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/b': { version: '2.0.0', integrity: 'sha512-b', dev: true },
      'node_modules/c-darwin': { version: '3.0.0', integrity: 'sha512-c', optional: true },
    },
  };
  const { 'node_modules/a': a, 'node_modules/b': b } = lock.packages;
  const check = async (packages: object | undefined, development = true) =>
    (await fresh()).installProblem(lock, packages && { packages: packages as never }, { development });

  it('is content with what the lockfile says, without packages for other platforms', async () => {
    expect(await check({ 'node_modules/a': a, 'node_modules/b': b })).toBeUndefined();
  });
  it('sees an empty or interrupted installation', async () => {
    expect(await check(undefined)).toBe('nothing is installed');
  });
  it('sees a missing package', async () => {
    expect(await check({ 'node_modules/b': b })).toBe('node_modules/a is missing');
  });
  it('needs development packages only when asked to', async () => {
    expect(await check({ 'node_modules/a': a })).toBe('node_modules/b is missing');
    expect(await check({ 'node_modules/a': a }, false)).toBeUndefined();
  });
  it('sees another version, and the same version with other content', async () => {
    expect(await check({ 'node_modules/a': { ...a, version: '1.0.1' }, 'node_modules/b': b })).toBe(
      'node_modules/a is 1.0.1, not 1.0.0',
    );
    expect(
      await check({ 'node_modules/a': { ...a, integrity: 'sha512-x' }, 'node_modules/b': b }),
    ).toBeDefined();
  });
});

describe('hashOf', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ecs-nics-fresh-'));
    mkdirSync(join(root, 'src/deep'), { recursive: true });
    writeFileSync(join(root, 'src/a.ts'), 'one');
    writeFileSync(join(root, 'src/deep/b.ts'), 'two');
    writeFileSync(join(root, 'src/note.md'), 'three');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const hash = async () => (await fresh()).hashOf(root, ['src', 'not-there'], (file) => file.endsWith('.ts'));

  it('does not care for times, nor for files of another kind', async () => {
    const before = await hash();
    utimesSync(join(root, 'src/a.ts'), 1, 1);
    writeFileSync(join(root, 'src/note.md'), 'changed');
    expect(await hash()).toBe(before);
  });
  it.each([
    ['a change', () => writeFileSync(join(root, 'src/a.ts'), 'One')],
    ['a new file', () => writeFileSync(join(root, 'src/c.ts'), '')],
    ['a removed file', () => rmSync(join(root, 'src/deep/b.ts'))],
    [
      'text moved from one file to the next',
      () => {
        writeFileSync(join(root, 'src/a.ts'), 'onetwo');
        writeFileSync(join(root, 'src/deep/b.ts'), '');
      },
    ],
  ])('sees %s', async (_, change) => {
    const before = await hash();
    change();
    expect(await hash()).not.toBe(before);
  });
});
