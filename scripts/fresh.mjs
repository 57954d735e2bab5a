// What is out of date? Decided by content, not by times: a checkout or a copy changes times at will.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** `undefined` when this Node.js will do, else what is wrong with it. `range` is `engines.node`, `>=x.y.z`. */
export function nodeProblem(version, range) {
  const wanted = numbers(range);
  const have = numbers(version);
  for (let i = 0; i < 3; i++) {
    if (have[i] > wanted[i]) return undefined;
    if (have[i] < wanted[i]) {
      return `Node.js ${wanted.join('.')} or later is needed; this is ${have.join('.')} (${process.execPath}).`;
    }
  }
  return undefined;
}

function numbers(version) {
  const match = /(\d+)\.(\d+)\.(\d+)/.exec(version);
  return match ? match.slice(1).map(Number) : [0, 0, 0];
}

/**
 * `undefined` when what is installed is what the lockfile says, else the first difference.
 * `lock` is package-lock.json, `installed` the copy that npm leaves in node_modules when it is done (so an interrupted
 * installation has none). Packages for other platforms are never there; development ones only when asked for.
 */
export function installProblem(lock, installed, { development }) {
  if (!installed) return 'nothing is installed';
  const have = installed.packages ?? {};
  const want = lock.packages ?? {};
  for (const [path, entry] of Object.entries(want)) {
    if (path === '' || entry.link) continue;
    const there = have[path];
    if (there) {
      if (there.version !== entry.version || there.integrity !== entry.integrity) {
        return `${path} is ${there.version}, not ${entry.version}`;
      }
    } else if (!entry.optional && !entry.devOptional && (development || !entry.dev)) {
      return `${path} is missing`;
    }
  }
  return undefined;
}

/** One hash of the names and contents of files and folders, whatever order they are found in. */
export function hashOf(root, paths, accept = () => true) {
  const hash = createHash('sha256');
  for (const file of filesUnder(root, paths).filter(accept)) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 32);
}

/** Files below `paths`, relative to `root`, with `/`, sorted. What doesn't exist has none. */
export function filesUnder(root, paths) {
  const found = [];
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (!statSync(path).isDirectory()) found.push(relative(root, path).split(sep).join('/'));
    else for (const name of readdirSync(path)) visit(join(path, name));
  };
  for (const path of paths) visit(join(root, path));
  return found.sort();
}
