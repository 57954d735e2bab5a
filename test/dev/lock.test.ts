import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ecs-nics-lock-'));
  file = join(folder, 'lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const lock = () => import('../../scripts/lock.mjs');

it('lets one in at a time, and leaves nothing behind', async () => {
  const { withLock } = await lock();
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await sleep(20);
    return inside--;
  };
  const waits: number[] = [];
  await Promise.all([1, 2, 3].map(() => withLock(file, work, (pid) => waits.push(pid))));
  expect(most).toBe(1);
  expect(waits).toEqual([process.pid, process.pid]);
  expect(readdirSync(folder)).toEqual([]);
});

it('is free again after a failure', async () => {
  const { withLock } = await lock();
  await expect(withLock(file, async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(file)).toBe(false);
});

it('takes over from a process that is gone', async () => {
  const { withLock } = await lock();
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  writeFileSync(file, String(gone));
  expect(await withLock(file, async () => 'in')).toBe('in');
  expect(readdirSync(folder)).toEqual([]);
});
