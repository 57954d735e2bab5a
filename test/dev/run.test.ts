import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../../dev/root';

const run = (folder: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(folder, 'scripts/run.mjs'), ...args], { encoding: 'utf8' });

it('leaves standard output and exit code to the program', () => {
  const ended = run(root, 'starter', '--version');
  expect(ended).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
  expect(run(root, 'starter', 'delete', '--no-such-flag').status).toBe(2);
});

it('names its commands when it does not know one', () => {
  const ended = run(root, 'fly');
  expect(ended).toMatchObject({ status: 2, stdout: '' });
  expect(ended.stderr).toContain('demo | dev | bench | chaos | test | build');
});

describe('in a clone of its own', () => {
  let clone: string;
  const configure = (value: object) => writeFileSync(join(clone, 'package.json'), JSON.stringify(value));
  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'ecs-nics-run-'));
    cpSync(join(root, 'scripts'), join(clone, 'scripts'), { recursive: true });
  });
  afterEach(() => rmSync(clone, { recursive: true, force: true }));

  it('refuses a Node.js that is too old, before anything else', () => {
    configure({ engines: { node: '>=999.0.0' } });
    expect(run(clone, 'demo')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('Node.js 999.0.0 or later is needed; this is 2'),
    });
  });

  it('installs when nothing is installed, and only then; says so on standard error', () => {
    configure({ name: 'clone', version: '1.0.0', engines: { node: '>=20.0.0' } });
    const lock = { name: 'clone', version: '1.0.0', lockfileVersion: 3, packages: { '': { name: 'clone' } } };
    writeFileSync(join(clone, 'package-lock.json'), JSON.stringify(lock));
    const first = run(clone, 'check');
    expect(first.stdout).toBe('');
    expect(first.stderr).toMatch(/\[ecs-nics\] npm ci: \d+\.\d s/);
    mkdirSync(join(clone, 'node_modules'));
    writeFileSync(join(clone, 'node_modules/.package-lock.json'), JSON.stringify({ ...lock, packages: {} }));
    expect(run(clone, 'check').stderr).not.toContain('npm ci');
  });

  it('says what it waits for before npm has said anything', async () => {
    configure({ name: 'clone', version: '1.0.0', engines: { node: '>=20.0.0' } });
    writeFileSync(join(clone, 'package-lock.json'), JSON.stringify({ packages: {} }));
    // An npm that is silent for longer than the reader should have to wait.
    const npm = join(clone, 'silent-npm.js');
    writeFileSync(npm, 'setTimeout(() => {}, 4_000);');
    const began = Date.now();
    const child = spawn(process.execPath, [join(clone, 'scripts/run.mjs'), 'demo'], {
      env: { ...process.env, npm_execpath: npm },
    });
    const after: number[] = [];
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      after.push(Date.now() - began);
      said += chunk.toString();
    });
    await once(child, 'close');
    expect(said).toMatch(/^\[ecs-nics\] demo: looking .*\n\[ecs-nics\] installing the packages/);
    expect(after[0]).toBeLessThan(2_000);
  });

  it('compiles once for two that start at the same time; again after a change; forgets what is gone', async () => {
    for (const name of ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json']) {
      cpSync(join(root, name), join(clone, name), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
    writeFileSync(join(clone, 'src/extra.ts'), 'export const extra = 1;\n');
    const start = async () => {
      const child = spawn(process.execPath, [join(clone, 'scripts/run.mjs'), 'starter', '--version']);
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
      return { out, err };
    };
    const both = await Promise.all([start(), start()]);
    for (const { out } of both) expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(both.filter(({ err }) => err.includes('compile src'))).toHaveLength(1);
    expect(existsSync(join(clone, 'lib/extra.js'))).toBe(true);

    expect((await start()).err).toBe('');
    rmSync(join(clone, 'src/extra.ts'));
    expect((await start()).err).toContain('compile src');
    expect(existsSync(join(clone, 'lib/extra.js'))).toBe(false);
    expect(readdirSync(join(clone, 'lib')).filter((name) => /staging|lock/.test(name))).toEqual([]);
  }, 240_000);
});
