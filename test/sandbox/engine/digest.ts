/** A digest of sources, by their names and contents: what follows from it is the same as long as they are. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../dev/root';

/**
 * @param folders each with all its TypeScript, at any depth
 * @param files besides
 */
export function digestOf(folders: readonly string[], files: readonly string[] = [], from = root): string {
  const sources = folders.flatMap((folder) =>
    readdirSync(join(from, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
  const hash = createHash('sha256');
  for (const file of [...sources, ...files].sort())
    hash.update(`${file}\n`).update(readFileSync(join(from, file)));
  return hash.digest('hex');
}
