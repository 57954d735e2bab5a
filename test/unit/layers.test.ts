/** The rules of `.dependency-cruiser.mjs` bite: each is broken in a small house of its own, and named. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../dev/root';

const CONFIG = '.dependency-cruiser.mjs';

/** What a file imports (a file of the house, a package, one of Node's modules; `''`: nothing), and the rules that forbid it. */
type Plant = [file: string, imports: string, ...breaks: string[]];

const FORBIDDEN: Plant[] = [
  ['src/contract/b1.ts', 'src/client/a.ts', 'layer src/contract'],
  ['src/activities/agreement/b1.ts', 'src/activities/a.ts', 'layer src/activities/agreement'],
  ['src/workflows/policy/b1.ts', 'src/workflows/run/a.ts', 'layer src/workflows/policy'],
  ['src/workflows/run/b1.ts', 'src/workflows/steps/a.ts', 'layer src/workflows/run'],
  ['src/workflows/steps/b1.ts', 'src/workflows/a.ts', 'layer src/workflows/steps'],
  ['src/workflows/fleet/b1.ts', 'src/workflows/steps/a.ts', 'layer src/workflows/fleet'],
  ['src/workflows/b1.ts', 'src/activities/a.ts', 'layer src/workflows/[^/]+[.]ts'],
  ['src/ecs/b1.ts', 'src/contract/a.ts', 'layer src/ecs'],
  ['src/client/b1.ts', 'src/cli/a.ts', 'layer src/client'],
  ['src/activities/b1.ts', 'src/workflows/policy/a.ts', 'layer src/activities/(support/)?[^/]+[.]ts'],
  ['src/worker/b1.ts', 'src/workflows/run/a.ts', 'layer src/worker'],
  ['src/cli/b1.ts', 'src/cli/show/a.ts', 'layer src/cli/[^/]+[.]ts'],
  ['src/cli/show/b1.ts', 'src/cli/commands/a.ts', 'layer src/cli/show'],
  ['src/cli/ask/b1.ts', 'src/cli/show/a.ts', 'layer src/cli/ask'],
  ['src/cli/commands/b1.ts', 'src/worker/a.ts', 'layer src/cli/commands'],
  ['src/starter.ts', 'src/ecs/a.ts', 'layer src/starter[.]ts'],
  ['src/worker.ts', 'src/cli/a.ts', 'layer src/worker[.]ts'],
  ['src/version.ts', 'src/contract/a.ts', 'layer src/version[.]ts'],
  ['simulator/b1.ts', 'src/ecs/a.ts', 'layer simulator'],
  ['scripts/b1.mjs', 'dev/a.ts', 'layer scripts'],
  ['dev/b1.ts', 'simulator/a.ts', 'layer dev'],
  ['bench/b1.ts', 'test/a.ts', 'layer bench'],
  ['chaos/b1.ts', 'src/ecs/a.ts', 'layer chaos'],

  ['src/contract/b2.ts', 'zod', 'package in src/contract'],
  ['src/contract/b3.ts', 'node:fs', 'Node module in src/contract'],
  ['src/activities/agreement/b2.ts', 'zod', 'package in src/activities/agreement'],
  ['src/activities/agreement/b3.ts', 'fs', 'Node module in src/activities/agreement'],
  ['src/workflows/policy/b2.ts', '@temporalio/workflow', 'package in src/workflows/policy'],
  ['src/workflows/policy/b3.ts', 'crypto', 'Node module in src/workflows/policy'],
  ['src/workflows/run/b2.ts', '@temporalio/client', 'package in src/workflows/run'],
  ['src/workflows/run/b3.ts', 'node:crypto', 'Node module in src/workflows/run'],
  ['src/workflows/steps/b2.ts', '@temporalio/common', 'package in src/workflows/steps'],
  ['src/workflows/steps/b3.ts', 'node:fs/promises', 'Node module in src/workflows/steps'],
  ['src/workflows/fleet/b2.ts', 'zod', 'package in src/workflows/fleet'],
  ['src/workflows/fleet/b3.ts', 'node:crypto', 'Node module in src/workflows/fleet'],
  ['src/workflows/b2.ts', 'zod', 'package in src/workflows/[^/]+[.]ts'],
  ['src/workflows/b3.ts', 'node:path', 'Node module in src/workflows/[^/]+[.]ts'],
  ['src/ecs/b2.ts', '@temporalio/common', 'package in src/ecs'],
  ['src/client/b2.ts', '@temporalio/worker', 'package in src/client'],
  ['src/activities/b2.ts', '@temporalio/workflow', 'package in src/activities/(support/)?[^/]+[.]ts'],
  ['src/activities/b3.ts', 'node:fs', 'Node module in src/activities/(support/)?[^/]+[.]ts'],
  ['src/cli/show/b2.ts', '@temporalio/worker', 'package in src/cli'],
  ['src/starter.ts', '@temporalio/worker', 'package in src/starter[.]ts'],
  ['src/starter.ts', 'node:fs', 'Node module in src/starter[.]ts'],
  ['simulator/b2.ts', '@temporalio/client', 'package in simulator'],
  ['src/worker/b2.ts', 'test-tool', 'development package in src'],

  ['dev/c1.ts', 'dev/c2.ts', 'circle'],
  // Told once, of its first file.
  ['dev/c2.ts', 'dev/c1.ts'],
  ['dev/d1.ts', './nowhere', 'unresolved'],
  ['src/loose.ts', 'src/version.ts', 'stray file'],
  ['test/d2.ts', 'src/somewhere/a.ts', 'stray file'],
  ['bench/d3.ts', 'src/helpers/a.ts', 'stray file', 'layer bench'],
  ['src/alone.ts', '', 'stray file'],
  ['src/client/d4.ts', 'lib/cli/errors.js', 'built code'],
];

const ALLOWED: [file: string, imports: string][] = [
  ['src/workflows/steps/e1.ts', 'src/workflows/policy/a.ts'],
  ['src/workflows/steps/e1.ts', 'src/activities/agreement/a.ts'],
  ['src/workflows/steps/e1.ts', '@temporalio/workflow'],
  ['src/cli/commands/e1.ts', 'src/client/a.ts'],
  ['src/worker/e1.ts', 'src/client/a.ts'],
  ['src/worker/e1.ts', '@temporalio/worker'],
  ['src/ecs/e1.ts', 'node:fs'],
  ['test/e1.ts', 'src/workflows/run/a.ts'],
  ['test/e1.ts', 'test-tool'],
];

/** Types count. */
const AS_TYPE: Plant[] = [
  ['src/contract/t1.ts', 'src/client/a.ts', 'layer src/contract'],
  ['src/workflows/run/t1.ts', '@temporalio/worker', 'package in src/workflows/run'],
  ['dev/t1.ts', 'dev/t2.ts', 'circle'],
  ['dev/t2.ts', 'dev/t1.ts'],
];

interface Violation {
  from: string;
  rule: { name: string };
}

describe('the layers', () => {
  let house: string;
  let violations: Violation[];

  const write = (file: string, text: string, flag = 'w') => {
    mkdirSync(join(house, dirname(file)), { recursive: true });
    writeFileSync(join(house, file), text, { flag });
  };
  const plant = (file: string, imports: string, what: 'import' | 'import type') => {
    const ours = /^\w.*\.(ts|mjs|js)$/.test(imports);
    const path = ours ? posix.relative(dirname(file), imports).replace(/\.ts$/, '') : imports;
    const spec = ours && !path.startsWith('.') ? `./${path}` : path;
    write(file, imports === '' ? '' : `${what} * as it${spec.length} from '${spec}';\n`, 'a');
    if (ours) write(imports, '', 'a');
  };

  beforeAll(() => {
    house = mkdtempSync(join(tmpdir(), 'ecs-nics-layers-'));
    copyFileSync(join(root, CONFIG), join(house, CONFIG));
    copyFileSync(join(root, 'tsconfig.json'), join(house, 'tsconfig.json'));
    const packages = [...FORBIDDEN, ...AS_TYPE, ...ALLOWED].flatMap(([, name]) =>
      /^(@\w+\/)?[\w-]+$/.test(name) && !['fs', 'crypto'].includes(name) ? [name] : [],
    );
    for (const name of packages) {
      write(
        `node_modules/${name}/package.json`,
        JSON.stringify({ name, version: '1.0.0', main: 'index.js' }),
      );
      write(`node_modules/${name}/index.js`, '');
    }
    const production = packages.filter((name) => name !== 'test-tool').map((name) => [name, '1.0.0']);
    const manifest = {
      dependencies: Object.fromEntries(production) as object,
      devDependencies: { 'test-tool': '1.0.0' },
    };
    write('package.json', JSON.stringify(manifest));
    for (const [file, imports] of [...FORBIDDEN, ...ALLOWED]) plant(file, imports, 'import');
    for (const [file, imports] of AS_TYPE) plant(file, imports, 'import type');
    const ended = spawnSync(
      process.execPath,
      [
        join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
        ...['--config', CONFIG, '--output-type', 'json'],
        ...['src', 'simulator', 'scripts', 'dev', 'bench', 'chaos', 'test'],
      ],
      { cwd: house, encoding: 'utf8', maxBuffer: 2 ** 26 },
    );
    expect(ended.stderr).toBe('');
    violations = (JSON.parse(ended.stdout) as { summary: { violations: Violation[] } }).summary.violations;
  });
  afterAll(() => rmSync(house, { recursive: true, force: true }));

  const found = (file: string) => violations.filter(({ from }) => from === file).map(({ rule }) => rule.name);

  // A file may have several plants.
  const planted = (file: string) =>
    [...FORBIDDEN, ...AS_TYPE].flatMap(([of, , ...breaks]) => (of === file ? breaks : []));

  it.each([...FORBIDDEN, ...AS_TYPE])('%s imports “%s”', (file) => {
    expect(found(file).sort()).toEqual(planted(file).sort());
  });

  it('allow what is left', () => {
    const files = new Set([...FORBIDDEN, ...AS_TYPE].map(([file]) => file));
    expect(violations.filter(({ from }) => !files.has(from))).toEqual([]);
  });

  it('have a plant for every rule', async () => {
    const { default: config } = (await import(pathToFileURL(join(root, CONFIG)).href)) as {
      default: { forbidden: { name: string; severity: string }[] };
    };
    expect(new Set(FORBIDDEN.flatMap(([, , ...breaks]) => breaks))).toEqual(
      new Set(config.forbidden.map(({ name }) => name)),
    );
    expect(config.forbidden.every(({ severity }) => severity === 'error')).toBe(true);
  });
});
