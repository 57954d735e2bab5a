// One holder at a time for a piece of set-up (installing, compiling, downloading), across processes.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// No set-up step takes this long; an older lock was left by a process whose id has been given to another one.
const ABANDONED_AFTER_MS = 15 * 60_000;

/** Runs `work` while holding the lock file; `onWait(pid)` is called once when another process holds it. */
export async function withLock(file, work, onWait = () => {}) {
  mkdirSync(dirname(file), { recursive: true });
  let waited = false;
  while (!take(file)) {
    const holder = holderOf(file);
    if (holder === undefined) continue; // released between the two looks
    if (!isAlive(holder.pid) || holder.ageMs > ABANDONED_AFTER_MS) {
      removeAbandoned(file, holder.pid);
      continue;
    }
    if (!waited) onWait(holder.pid);
    waited = true;
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** A link is made only when the name is free, and appears with its content: no reader sees an empty lock. */
function take(file) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function holderOf(file) {
  try {
    return { pid: Number(readFileSync(file, 'utf8')), ageMs: Date.now() - statSync(file).mtimeMs };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Two waiters may find the same dead holder: only the lock that was looked at may go, not its successor's. */
function removeAbandoned(file, pid) {
  const aside = `${file}.abandoned.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  try {
    if (Number(readFileSync(aside, 'utf8')) !== pid) linkSync(aside, file);
  } finally {
    rmSync(aside, { force: true });
  }
}
