/** The package as a user has it: packed, unpacked beside the packages that it names, and a caller compiled against it. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../../dev/root';

export interface Installed {
  folder: string;
  /** Paths of all files in the tarball. */
  files: string[];
  manifest: {
    bin: Record<string, string>;
    dependencies: Record<string, string>;
    exports: Record<string, string | Record<string, string>>;
  };
  remove(): void;
}

interface Packed {
  filename: string;
  files: { path: string }[];
}

/** Needs `lib` as `npm run build` makes it, and no network. */
export function install(): Installed {
  // Modules are found by their real paths.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ecs-nics-package-')));
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const output = JSON.parse(execFileSync(npm, args, { cwd: root, encoding: 'utf8' })) as
    Packed[] | Record<string, Packed>;
  // Of npm 11 the name of the package is the key.
  const [packed] = Object.values(output);
  if (packed === undefined) throw new Error('npm has packed nothing');
  const modules = join(folder, 'node_modules');
  const own = join(modules, 'ecs-nics');
  mkdirSync(own, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, packed.filename), '-C', own, '--strip-components=1']);
  const manifest = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as Installed['manifest'];
  // What is used and not named would not be found.
  for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'dir');
  }
  return {
    folder,
    files: packed.files.map(({ path }) => path),
    manifest,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const MODES = {
  // Knows nothing of `exports`. The types of Temporal need the last one.
  node10: { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true },
  node16: { module: 'node16', moduleResolution: 'node16' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
} as const;

/**
 * Compiles the caller's `files`, ES modules (`.mts`) and CommonJS (`.cts`) together, and writes their JavaScript beside them.
 * Returns the compiler's complaints, which begin with the name of the file.
 *
 * @param noCheck types are left out, not checked
 */
export function compile(
  { folder }: Installed,
  mode: keyof typeof MODES,
  files: Record<string, string>,
  noCheck = false,
): string[] {
  for (const [name, source] of Object.entries(files)) writeFileSync(join(folder, name), source);
  // The types of this package are checked as well, so those of others are, too.
  const options = {
    strict: true,
    target: 'es2022',
    types: ['node'],
    skipLibCheck: false,
    noCheck,
    ...MODES[mode],
  };
  const config = { compilerOptions: options, files: Object.keys(files) };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: folder, encoding: 'utf8' });
  return (stdout + stderr).split('\n').filter(Boolean);
}

/** The one complete example of `docs/client.md`. */
export function example(): string {
  const page = readFileSync(join(root, 'docs/client.md'), 'utf8');
  const [, source] = /^```ts\n([^]*?)^```$/m.exec(page) ?? [];
  if (source === undefined) throw new Error('docs/client.md has no example');
  return source;
}
