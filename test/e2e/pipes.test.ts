/** Whoever reads what a program says may stop reading. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cleanEnvironment } from '../../dev/processes';
import { root } from '../../dev/root';
import { cloudSettings } from '../../dev/simulator';
import type { WatchedStack } from '../support/watched-stack';
import { startStack } from '../support/watched-stack';

let stack: WatchedStack;
beforeAll(async () => {
  stack = await startStack({ label: 'pipes' });
});
afterAll(() => stack?.close());

/** The program with a standard output that nobody reads any more. */
async function unread(program: string, args: string[]) {
  const off = { ECS_NICS_HEALTH_ADDRESS: 'off', ECS_NICS_METRICS_ADDRESS: 'off' };
  const env = cleanEnvironment(process.env, {
    ...cloudSettings(stack.simulator),
    ...stack.starterEnv,
    ...off,
  });
  const child = spawn(process.execPath, [join(root, 'lib', program), ...args], { env });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stderr };
}

it.each([
  ['worker.js', ['--check']],
  ['worker.js', ['--help']],
  ['starter.js', ['list']],
  ['starter.js', ['--help']],
])('%s %j ends as it would, and says nothing of it', async (program, args) => {
  expect(await unread(program, args)).toEqual({ code: 0, stderr: '' });
});
