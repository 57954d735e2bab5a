// The way in: `node scripts/run.mjs <command> [arguments]`, behind every `npm run` of this project. Brings packages and
// lib up to date when they are not, then runs the program in this very process, so that signals, exit codes and
// standard output are the program's own. Plain JavaScript without packages: it has to work in a fresh clone.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { nodeProblem } from './fresh.mjs';

const STACK = { parts: ['src', 'simulator', 'dev'], bundle: true };
const ALL = { parts: [...STACK.parts, 'bench', 'chaos'], bundle: true };
// What each command needs, what it does then, and the file that becomes the main module.
const COMMANDS = {
  worker: { parts: ['src'], bundle: true, main: 'lib/worker.js' },
  starter: { parts: ['src'], main: 'lib/starter.js' },
  simulator: { parts: ['simulator'], main: 'lib/simulator/main.js' },
  demo: { ...STACK, main: 'lib/dev/demo.js', hello: true },
  dev: { ...STACK, main: 'lib/dev/dev.js', hello: true },
  bench: { parts: [...STACK.parts, 'bench'], bundle: true, main: 'lib/bench/main.js' },
  chaos: { ...ALL, main: 'lib/chaos/main.js' },
  test: { ...ALL, then: findTemporal, main: 'node_modules/vitest/vitest.mjs', args: ['run'] },
  build: { ...ALL, types: true },
  histories: { ...STACK, main: 'lib/dev/histories.js' },
  check: { then: checks },
  docs: { parts: ['dev'], then: plantedBugs, main: 'lib/dev/docs.js' },
};

const CHECKS = [
  ['lint', 'eslint/bin/eslint.js', '.'],
  [
    'layers',
    'dependency-cruiser/bin/dependency-cruise.mjs',
    ...['--config', '.dependency-cruiser.mjs', '--output-type', 'err-long'],
    ...['src', 'simulator', 'scripts', 'dev', 'bench', 'chaos', 'test'],
  ],
  ['types', 'typescript/bin/tsc', '-p', '.'],
  ['format', 'prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'],
];

async function main() {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const unfit = nodeProblem(process.version, engines.node);
  if (unfit) return fail(unfit);
  const [name, ...args] = process.argv.slice(2);
  const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
  if (!command) return fail(`Usage: npm run ${Object.keys(COMMANDS).join(' | ')} [-- arguments]`);

  // Whoever has just typed it sees within a moment that it was heard; on a busy machine the rest takes seconds.
  if (command.hello && args.length === 0)
    process.stderr.write(`[ecs-nics] ${name}: looking whether packages and lib are up to date\n`);
  const { Explained, root, run, setUp } = await import('./setup.mjs');
  try {
    await setUp(command);
    await command.then?.({ root, run, Explained });
  } catch (error) {
    return fail(error instanceof Explained ? error.message : error.stack, 1);
  }
  if (!command.main) return;
  const file = `${root}/${command.main}`;
  if (!existsSync(file)) return fail(`${command.main} does not exist: nothing compiles to it.`, 1);
  // As `node <file>` would: the module is the main one, whichever kind of module it is.
  process.argv = [process.execPath, file, ...(command.args ?? []), ...args];
  createRequire(import.meta.url)('node:module').runMain();
}

/** All of them, whatever the first ones say: who mends something wants to know it all. The first takes as long as the others together. */
async function checks({ root, run }) {
  const failed = [];
  const inTurn = async (each) => {
    for (const [name, file, ...args] of each)
      await run(process.execPath, [`${root}/node_modules/${file}`, ...args]).catch(() => failed.push(name));
  };
  await Promise.all([inTurn(CHECKS.slice(0, 1)), inTurn(CHECKS.slice(1))]);
  if (failed.length > 0) fail(`not in order: ${failed.join(', ')}`, 1);
}

/** Of docs/testing.md: the tables are made of the tests' own data, which nothing but the tests may know. */
async function plantedBugs({ root, run }) {
  const vitest = `${root}/node_modules/vitest/vitest.mjs`;
  await run(process.execPath, [vitest, 'run', 'test/docs/testing.test.ts', '--reporter=dot', '--update']);
}

/** Before the tests, so that a download of the server is seen and does not count against any test's time. */
async function findTemporal({ root, Explained }) {
  const { find } = createRequire(import.meta.url)(`${root}/lib/dev/find.js`);
  const found = await find().catch((error) => {
    throw new Explained(error.message);
  });
  process.stderr.write(`[ecs-nics] Temporal for the tests: ${found}\n`);
}

function fail(message, code = 2) {
  process.stderr.write(`[ecs-nics] ${message}\n`);
  process.exitCode = code;
}

await main();
