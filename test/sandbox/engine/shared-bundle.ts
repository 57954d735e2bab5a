/** The bundle of the sources as they are now, kept for all test files: bundling takes some seconds of both cores. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../../dev/root';
import { digestOf } from './digest';
import { bundle } from './replica';

const FOLDER = join(root, 'node_modules', '.cache', 'ecs-nics');
const FILE = join(FOLDER, 'workflows.js');

export async function sharedBundle(): Promise<string> {
  const mark = markOfSources();
  const kept = await readFile(FILE, 'utf8').catch(() => '');
  if (kept.startsWith(mark)) return kept.slice(mark.length);
  const code = await bundle(join(root, 'src', 'workflows', 'index.ts'));
  // Somebody may be editing.
  if (mark !== markOfSources()) return code;
  await mkdir(FOLDER, { recursive: true });
  // Another test process may write the same at this moment.
  const draft = `${FILE}.${process.pid}`;
  await writeFile(draft, mark + code);
  await rename(draft, FILE);
  return code;
}

/** How it is bundled, and with what. */
const BUNDLED_BY = ['test/sandbox/engine/replica.ts', 'tsconfig.json', 'node_modules/.package-lock.json'];

/** The bundle's first line: a digest of all that goes into it, and more. */
function markOfSources(): string {
  return `// ${digestOf(['src'], BUNDLED_BY)}\n`;
}
