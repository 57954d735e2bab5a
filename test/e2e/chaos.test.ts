/** A minute of `npm run chaos`: whatever is killed, cut off and told to whom, what is reported is true, and every run ends. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Figures } from '../../chaos/figures';
import { root } from '../../dev/root';

const RUN = join(root, 'scripts/run.mjs');

/** The same plan each time: what a change of the product breaks, and not what a draw has found. */
const SEED = '1';

it('refuses a bad command line with exit code 2, and starts nothing', () => {
  const ended = spawnSync(process.execPath, [RUN, 'chaos', '--minutes', 'long'], { encoding: 'utf8' });
  expect(ended).toMatchObject({ status: 2, stdout: '' });
  expect(ended.stderr).toMatch(/chaos: --minutes must be a number/);
});

// The minute, a minute or so until the last deadline is over, and as much again for a busy machine: nothing here waits for a time.
it('a minute of everything at once leaves no violation', { timeout: 600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ecs-nics-chaos-test-'));
  try {
    const file = join(folder, 'figures.json');
    const args = [RUN, 'chaos', '--minutes', '1', '--seed', SEED, '--json', file];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    process.stdout.write(said);
    expect(code, said).toBe(0);
    const figures = JSON.parse(readFileSync(file, 'utf8')) as Figures;
    expect(figures.total).toBe(0);
    // A campaign in which nothing happened would have no violation, either.
    expect(figures.servers).toBeGreaterThan(20);
    for (const what of ['kill of a worker', 'kill of Temporal'])
      expect(figures.troubles[what]).toBeGreaterThan(0);
    expect(Object.values(figures.faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
