/** The entry of the image, run as it is, with a folder of the test in place of the container's `/sys/fs/cgroup`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../../dev/root';

const ENTRY = readFileSync(join(root, 'image/start.sh'), 'utf8');
const [V2, V1] = ['memory.max', 'memory/memory.limit_in_bytes'];
const MB = 1024 * 1024;
const NO_LIMIT_IN_V1 = '9223372036854771712';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ecs-nics-cgroup-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a program through the entry, in a container with these files. */
function start(files: Record<string, string>, args: string[], nodeOptions?: string) {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const entry = join(folder, 'start.sh');
  writeFileSync(entry, ENTRY.replaceAll('/sys/fs/cgroup', folder));
  return spawn('/bin/sh', [entry, ...args], {
    // `undefined` takes our own away.
    env: { ...process.env, NODE_OPTIONS: nodeOptions },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function answerOf(child: ReturnType<typeof start>): Promise<string> {
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return said.trim();
}

const optionsIn = (files: Record<string, string>, nodeOptions?: string) =>
  answerOf(start(files, ['/bin/sh', '-c', 'echo "$NODE_OPTIONS"'], nodeOptions));

describe('the limit of the old space', () => {
  it.each<[string, Record<string, string>, number]>([
    ['without any file', {}, 1024],
    ['v2: a third of 510 MB', { [V2]: `${510 * MB}\n` }, 170],
    ['v2: a third of 300 MB, whatever v1 has', { [V2]: `${300 * MB}\n`, [V1]: `${120 * MB}\n` }, 100],
    ['v2: 3 GB and more', { [V2]: `${3072 * MB}\n` }, 1024],
    ['v2: 64 GB', { [V2]: `${64 * 1024 * MB}\n` }, 1024],
    ['v2: no limit', { [V2]: 'max\n' }, 1024],
    ['v2: an empty file', { [V2]: '' }, 1024],
    ['v2: without a line end', { [V2]: `${510 * MB}` }, 170],
    ['v2: something else', { [V2]: '-1\n' }, 1024],
    ['v2: less than a program can have', { [V2]: '4096\n' }, 1024],
    ['v1: a third of 768 MB', { [V1]: `${768 * MB}\n` }, 256],
    ['v1: no limit', { [V1]: `${NO_LIMIT_IN_V1}\n` }, 1024],
    ['v1: more than a shell can count', { [V1]: '18446744073709551615\n' }, 1024],
  ])('%s', async (_container, files, expected) => {
    expect(await optionsIn(files)).toBe(`--max-old-space-size=${expected}`);
  });

  it.each([
    ['nothing', '', '--max-old-space-size=170'],
    ['another option', '--trace-warnings', '--max-old-space-size=170 --trace-warnings'],
    ['a limit', '--max-old-space-size=3000', '--max-old-space-size=3000'],
    ['a limit, as V8 writes it', '--max_old_space_size=3000', '--max_old_space_size=3000'],
    ['a share', '--max-old-space-size-percentage=70', '--max-old-space-size-percentage=70'],
    ['the whole heap', '--max-heap-size=3000', '--max-heap-size=3000'],
  ])('the operator’s NODE_OPTIONS win: %s', async (_what, theirs, expected) => {
    expect(await optionsIn({ [V2]: `${510 * MB}\n` }, theirs)).toBe(expected);
  });

  it('is what V8 starts with, in the program and in each of its threads, such as those of the workflows', async () => {
    const script = `const { Worker } = require('node:worker_threads');
      const limit = () => require('node:v8').getHeapStatistics().heap_size_limit;
      const code = 'require("node:worker_threads").parentPort.postMessage((' + limit + ')())';
      new Worker(code, { eval: true }).once('message', (thread) => console.log(JSON.stringify([limit(), thread])));`;
    const limitsIn = async (memory: string) =>
      JSON.parse(await answerOf(start({ [V2]: memory }, [process.execPath, '-e', script]))) as number[];
    const [small, large] = [await limitsIn(`${510 * MB}`), await limitsIn('max')];
    // Beside the old space a limit holds the young generation, whose size is V8's own: 48 MB in Node.js 20 and 22, 192 in 24.
    for (const [limits, oldSpace] of [
      [small, 170],
      [large, 1024],
    ] as const)
      for (const limit of limits) {
        expect(limit).toBeGreaterThanOrEqual(oldSpace * MB);
        expect(limit).toBeLessThanOrEqual((oldSpace + 200) * MB);
      }
  });
});

it('the program takes the place of the shell: signals reach it, and its exit code is the container’s', async () => {
  const script = `process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1000); console.log(process.pid);`;
  const child = start({}, [process.execPath, '-e', script]);
  const [pid] = (await once(child.stdout, 'data')) as [Buffer];
  expect(Number(pid)).toBe(child.pid);
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([7, null]);
});
