// Brings node_modules and lib up to date, doing only what is needed. All words go to standard error: standard output
// belongs to the program that is started afterwards.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { filesUnder, hashOf, installProblem } from './fresh.mjs';
import { withLock } from './lock.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
const lib = join(root, 'lib');
const STAMP = join(lib, '.stamp.json');
/** Nobody should have to wonder for longer whether a step hangs. */
const STILL_AT_IT_MS = 10_000;
const COMMON = ['tsconfig.json', 'package-lock.json'];

// What is compiled, by which configuration, from which files, and to which folder of lib.
const PARTS = {
  src: { config: 'tsconfig.build.json', sources: ['src'], out: '' },
  simulator: { config: 'simulator/tsconfig.json', sources: ['simulator'], out: 'simulator' },
  dev: {
    config: 'dev/tsconfig.json',
    sources: ['dev', 'src/contract', 'src/activities/agreement', 'src/ecs'],
    out: '',
  },
  bench: {
    config: 'bench/tsconfig.json',
    sources: ['bench', 'dev', 'src/contract', 'src/activities/agreement', 'src/ecs'],
    out: '',
  },
  chaos: {
    config: 'chaos/tsconfig.json',
    sources: [
      'chaos',
      'bench',
      'dev',
      'simulator',
      'src/contract',
      'src/client',
      'src/activities/agreement',
      'src/ecs',
    ],
    out: '',
  },
};
const BUNDLE = {
  sources: ['src/workflows', 'src/contract', 'src/activities/agreement', 'src/worker/build-bundle.ts'],
  file: 'workflow-bundle.js',
  program: 'worker/build-bundle.js',
};

/**
 * @param needs `install`: also the development packages; `parts`: names in PARTS; `bundle`: the workflow bundle;
 *   `types`: compile with type errors being errors (without it types are left to the editor and `npm run check`).
 */
export async function setUp({ development = true, parts = [], bundle = false, types = false }) {
  if (!problem(development, parts, bundle, types)) return;
  await withLock(
    join(lib, '.setup.lock'),
    async () => {
      // Before the first step: npm is silent for as long as it works.
      if (installation(development)) {
        say('installing the packages (npm ci); the first time this takes up to a minute');
        await step('npm ci', install);
      }
      const stale = parts.filter((name) => isStale(name, types));
      if (stale.length > 0) say(`compiling ${stale.join(', ')}`);
      const built = await Promise.all(
        stale.map((name) => step(`compile ${name}`, () => compile(name, types))),
      );
      built.forEach((stamp, i) => saveStamp(stale[i], stamp));
      if (bundle && isBundleStale()) await step('bundle the workflows', buildBundle);
    },
    (pid) => say(`waiting for the set-up that process ${pid} is doing`),
  );
}

function problem(development, parts, bundle, types) {
  return (
    installation(development) || parts.some((name) => isStale(name, types)) || (bundle && isBundleStale())
  );
}

// ---- packages

function installation(development) {
  const read = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);
  const lock = read(join(root, 'package-lock.json'));
  return installProblem(lock, read(join(root, 'node_modules/.package-lock.json')), { development });
}

async function install() {
  // npm names its own program file when it runs us; without it (plain `node scripts/run.mjs`) the one on PATH is taken.
  const npm = process.env.npm_execpath;
  const [command, ...args] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  // `--loglevel` and `--include` are said here since `npm run -s` and NODE_ENV=production reach us as environment.
  await run(command, [...args, 'ci', '--no-fund', '--no-audit', '--loglevel=error', '--include=dev']);
}

// ---- lib

function inputHash(name) {
  const { config, sources } = PARTS[name];
  return hashOf(root, [...COMMON, config, ...sources], (file) => /\.(ts|json)$/.test(file));
}

function isStale(name, types) {
  const stamp = readStamp()[name];
  if (stamp?.hash !== inputHash(name) || (types && !stamp.types)) return true;
  return stamp.files.some((file) => !existsSync(join(lib, file)));
}

async function compile(name, types) {
  const { config, out } = PARTS[name];
  const hash = inputHash(name);
  const staging = join(lib, `.staging-${name}`);
  rmSync(staging, { recursive: true, force: true });
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [
    tsc,
    ...['-p', join(root, config), '--outDir', join(staging, out)],
    ...(types ? ['--noEmitOnError'] : ['--noCheck']),
  ]);
  // Each file arrives whole and by renaming, so that a program which is running meanwhile never reads half a module.
  const files = filesUnder(staging, ['.']);
  for (const file of files) {
    const from = join(staging, file);
    const to = join(lib, file);
    mkdirSync(dirname(to), { recursive: true });
    if (file.endsWith('.map')) moveSourceMap(from, dirname(to));
    renameSync(from, to);
  }
  rmSync(staging, { recursive: true, force: true });
  for (const file of readStamp()[name]?.files ?? []) if (!files.includes(file)) removeOutput(file);
  return { hash, types, files };
}

/** A source map names its sources relative to itself, and the staging folder lies one level deeper. */
function moveSourceMap(file, folder) {
  const map = JSON.parse(readFileSync(file, 'utf8'));
  map.sources = map.sources.map((source) => relative(folder, resolve(dirname(file), source)));
  writeFileSync(file, JSON.stringify(map));
}

/** The output of a source that is gone: left alone, it would go on being found. */
function removeOutput(file) {
  rmSync(join(lib, file), { force: true });
  const folder = dirname(join(lib, file));
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

function isBundleStale() {
  return readStamp().bundle?.hash !== bundleHash() || !existsSync(join(lib, BUNDLE.file));
}

function bundleHash() {
  return hashOf(root, [...COMMON, ...BUNDLE.sources]);
}

async function buildBundle() {
  const hash = bundleHash();
  await run(process.execPath, [join(lib, BUNDLE.program)]);
  saveStamp('bundle', { hash });
}

// ---- helpers

function readStamp() {
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8'));
  } catch {
    return {}; // none yet, or unreadable: everything is built anew
  }
}

function saveStamp(name, value) {
  writeFileSync(`${STAMP}.new`, JSON.stringify({ ...readStamp(), [name]: value }));
  renameSync(`${STAMP}.new`, STAMP);
}

async function step(name, work) {
  const began = Date.now();
  const waiting = setInterval(() => say(`${name}: still at it after ${seconds(began)}`), STILL_AT_IT_MS);
  try {
    const result = await work();
    say(`${name}: ${seconds(began)}`);
    return result;
  } catch (error) {
    if (!(error instanceof Explained)) throw error;
    throw new Explained(`${name} failed after ${seconds(began)}: ${error.message}`);
  } finally {
    clearInterval(waiting);
  }
}

const seconds = (began) => `${((Date.now() - began) / 1000).toFixed(1)} s`;

function say(line) {
  process.stderr.write(`[ecs-nics] ${line}\n`);
}

/** A failure that has already been explained on standard error. */
export class Explained extends Error {}

/** Runs a command; all that it prints goes to standard error. */
export function run(command, args, options = {}) {
  return new Promise((fulfil, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) fulfil();
      else reject(new Explained(`${command} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}
