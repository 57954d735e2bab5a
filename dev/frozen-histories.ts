/**
 * Recorded histories that belong to a release: what its open runs look like to a newer worker. They are made once, by
 * copying the current ones, and never again: a set that the recorder could write anew would say nothing of the past.
 */
import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './root';

/** The only folder that the recorder writes to. */
export const CURRENT = join(root, 'test/histories/current');
export const RELEASES = join(root, 'test/histories/releases');

/** As `sha256sum` writes it, and `sha256sum -c` reads it. */
const SUMS = 'SHA256SUMS';

const NAME = /^\d+\.\d+\.\d+(-[0-9a-z.-]+)?$/;

/** Copies the current histories for a release. Refuses a name that is no version, one that exists, and an empty set. */
export async function freeze(name: string, from = CURRENT, releases = RELEASES): Promise<string[]> {
  if (!NAME.test(name)) throw new Error(`${name}: a frozen set is named after its release, such as 0.2.0`);
  const folder = join(releases, name);
  if (await exists(folder)) {
    throw new Error(`${name} is frozen already: ${folder} is what that release has left behind, and stays.`);
  }
  const texts = await readHistories(from);
  if (texts.size === 0) throw new Error(`there is nothing to freeze in ${from}`);
  // Under another name until it is whole: half a set would be refused by that name for ever.
  const half = join(releases, `.${name}.${process.pid}`);
  await mkdir(half, { recursive: true });
  try {
    for (const [file, text] of texts) await writeFile(join(half, file), text);
    await writeFile(join(half, SUMS), sumsOf(texts));
    await rename(half, folder);
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  return [...texts.keys()];
}

/** What is not as it was frozen, in words; nothing when all is. */
export async function changesOf(folder: string): Promise<string[]> {
  const recorded = await readFile(join(folder, SUMS), 'utf8').catch(() => null);
  if (recorded === null) return [`${SUMS} is missing`];
  const before = linesOf(recorded);
  const now = linesOf(sumsOf(await readHistories(folder)));
  return [...new Set([...before.keys(), ...now.keys()])].sort().flatMap((file) => {
    if (!now.has(file)) return [`${file} is missing`];
    if (!before.has(file)) return [`${file} was added`];
    return now.get(file) === before.get(file) ? [] : [`${file} was changed`];
  });
}

/** Texts by file name, in the order of the names. */
export async function readHistories(folder: string): Promise<Map<string, string>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  const texts = new Map<string, string>();
  for (const file of files) texts.set(file, await readFile(join(folder, file), 'utf8'));
  return texts;
}

function sumsOf(texts: ReadonlyMap<string, string>): string {
  return [...texts]
    .map(([file, text]) => `${createHash('sha256').update(text).digest('hex')}  ${file}\n`)
    .join('');
}

function linesOf(sums: string): Map<string, string> {
  return new Map(
    sums
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  );
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
