/** Commands that stand in a page of the docs, run as they stand there. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cleanEnvironment } from '../../dev/processes';
import { root } from '../../dev/root';
import { findTemporal } from '../../dev/temporal-binary';

const run = promisify(execFile);

/** The first block of shell commands below a heading of a page that contains `holding`. */
export async function commandsBelow(page: string, heading: string, holding = ''): Promise<string> {
  const text = await readFile(join(root, 'docs', page), 'utf8');
  const [, after] = text.split(new RegExp(`^#+ ${heading}$`, 'm'));
  if (after === undefined) throw new Error(`${page} has no heading “${heading}”`);
  const [section = ''] = after.split(/^#+ /m);
  const blocks = [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block = '']) => block);
  const found = blocks.find((block) => block.includes(holding));
  if (found === undefined) throw new Error(`${page}, “${heading}”: no block of commands with “${holding}”`);
  return found;
}

/** Runs shell commands that call `temporal`; their output. Throws with it when one of them fails. */
export async function shell(commands: string, env: Record<string, string>): Promise<string> {
  const found = await findTemporal({ ...process.env, TEMPORAL_ADDRESS: undefined }, () => undefined);
  if (found.kind === 'address') throw new Error('a program was wanted');
  const folder = await mkdtemp(join(tmpdir(), 'ecs-nics-'));
  try {
    await mkdir(join(folder, 'bin'));
    await symlink(found.path, join(folder, 'bin', 'temporal'));
    const PATH = [join(folder, 'bin'), process.env.PATH ?? ''].join(delimiter);
    const { stdout, stderr } = await run('bash', ['-euc', commands], {
      env: cleanEnvironment(process.env, { ...env, PATH }),
    });
    return stdout + stderr;
  } finally {
    await rm(folder, { recursive: true });
  }
}
