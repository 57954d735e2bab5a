/** The bundle of the sources as they are now, kept for all test files: bundling takes some seconds of both cores. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../../dev/root';
import { bundle } from './replica';

const FOLDER = join(root, 'node_modules', '.cache', 'ecs-nics');
const FILE = join(FOLDER, 'workflows.js');

export async function sharedBundle(): Promise<string> {
  const mark = await markOfSources();
  const kept = await readFile(FILE, 'utf8').catch(() => '');
  if (kept.startsWith(mark)) return kept.slice(mark.length);
  const code = await bundle(join(root, 'src', 'workflows', 'index.ts'));
  // Somebody may be editing.
  if (mark !== (await markOfSources())) return code;
  await mkdir(FOLDER, { recursive: true });
  // Another test process may write the same at this moment.
  const draft = `${FILE}.${process.pid}`;
  await writeFile(draft, mark + code);
  await rename(draft, FILE);
  return code;
}

/** The bundle's first line: a digest of all that goes into it, and more. */
async function markOfSources(): Promise<string> {
  const names = (await readdir(join(root, 'src'), { recursive: true })).filter((name) =>
    name.endsWith('.ts'),
  );
  const files = [
    ...names.sort().map((name) => join('src', name)),
    // How it is bundled, and with what.
    'test/sandbox/engine/replica.ts',
    'tsconfig.json',
    'node_modules/.package-lock.json',
  ];
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\n`).update(await readFile(join(root, file)));
  return `// ${hash.digest('hex')}\n`;
}
