/** What a user gets: the files of the tarball, types for every kind of module, and a contract without packages. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Installed } from './installed';
import { compile, example, install } from './installed';

let installed: Installed;
beforeAll(() => {
  installed = install();
});
afterAll(() => installed?.remove());

/** Runs JavaScript in the folder of the caller. */
function node(...args: string[]) {
  const env = { ...process.env, TEMPORAL_ADDRESS: '127.0.0.1:1' };
  return spawnSync(process.execPath, args, { cwd: installed.folder, encoding: 'utf8', env });
}

/** Files and folders that a page of the tarball links to, by their paths in it. */
function linksOf(page: string): string[] {
  const text = readFileSync(join(installed.folder, 'node_modules/ecs-nics', page), 'utf8');
  return [...text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)].map(([, link = '']) =>
    posix.join(posix.dirname(page), link).replace(/\/$/, ''),
  );
}

describe('the tarball', () => {
  it('holds all that is named: programs, entries and their types, the bundle, what a user reads', () => {
    const { bin, exports } = installed.manifest;
    const entries = Object.values(exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    );
    const named = [...Object.values(bin), ...entries].map((path) => path.replace(/^\.\//, ''));
    expect(named).toHaveLength(7);
    const read = ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs/client.md', 'docs/errors.md'];
    const wanted = [...named, 'lib/workflow-bundle.js', ...read];
    expect(wanted.filter((path) => !installed.files.includes(path))).toEqual([]);
  });

  it('holds nothing else: no tests, no sources, no tools of the development', () => {
    const expected =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md|docs\/(decisions\/\d{4}-)?[a-z0-9-]+\.md|lib\/(starter|worker|version|workflow-bundle)\.js|lib\/(activities|cli|client|contract|ecs|worker|workflows)\/.*\.js|lib\/(client|contract)\/.*\.d\.ts)$/;
    expect(installed.files.filter((path) => !expected.test(path))).toEqual([]);
    expect(
      installed.files.filter((path) => /test|build-bundle|simulator|bench\/|chaos\//.test(path)),
    ).toEqual([]);
  });

  it('holds the pages that its pages link to, but for those about the sources', () => {
    const dead = installed.files
      .filter((path) => path.endsWith('.md'))
      .flatMap((page) => linksOf(page).map((link) => [page, link] as const))
      .filter(([, link]) => !installed.files.some((path) => path === link || path.startsWith(`${link}/`)));
    expect([...new Set(dead.map(([, link]) => link))].sort()).toEqual([
      'CONTRIBUTING.md',
      'bench/naive',
      'docs/images/run-details.png',
      'docs/images/run-failed.png',
      'docs/images/run-timeline.png',
      'docs/images/run-window.png',
      'docs/images/soak.svg',
      'simulator/README.md',
    ]);
  });

  it('holds programs that find all they need', () => {
    for (const [name, words] of [
      ['ecs-nics', ['--version']],
      ['ecs-nics-worker', ['--help']],
    ] as const) {
      const { status, stderr } = node(join('node_modules/ecs-nics', installed.manifest.bin[name]!), ...words);
      expect([status, stderr]).toEqual([0, '']);
    }
  });
});

describe('a caller', () => {
  it('that is an ES module or CommonJS passes the compiler: the example of the docs; one that misuses it does not', () => {
    const wrong = example()
      .replace("nics: 'all'", "nics: 'some'")
      .replace('taskQueue, deletion', '7, deletion');
    const callers = { 'caller.mts': example(), 'caller.cts': example(), 'wrong.mts': wrong };
    expect(compile(installed, 'node16', callers)).toEqual([
      expect.stringMatching(/^wrong\.mts.*error TS2345: Argument of type 'number'/),
      expect.stringMatching(/^wrong\.mts.*error TS2322: Type '"some"'/),
    ]);
    for (const file of ['caller.mjs', 'caller.cjs']) {
      const { status, stderr } = node(file, '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01');
      // All was imported, and nobody is there.
      expect([file, status, stderr]).toEqual([file, 1, expect.stringMatching(/^Failed to connect/)]);
    }
  });

  it.each(['bundler', 'node10'] as const)('whose modules are found as %s does it passes it, too', (mode) => {
    expect(compile(installed, mode, { 'caller.ts': example() })).toEqual([]);
  });

  it('finds in the client what its page names, and nothing else', () => {
    const { stdout } = node('-p', "Object.keys(require('ecs-nics/client')).join('\\n')");
    const names = stdout.trim().split('\n');
    const page = readFileSync(join(installed.folder, 'node_modules/ecs-nics/docs/client.md'), 'utf8');
    expect(names).toContain('followRun');
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(page))).toEqual([]);
  });

  it('of the contract alone loads no package', () => {
    const loaded = node(
      '-p',
      "require('ecs-nics').checkDeleteInput({}); Object.keys(require.cache).join('\\n')",
    );
    const files = loaded.stdout.trim().split('\n');
    const own = join(installed.folder, 'node_modules/ecs-nics/lib/contract/');
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => !file.startsWith(own))).toEqual([]);
  });
});
