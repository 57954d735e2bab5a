import { defineConfig } from 'vitest/config';
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** These take longest, and would go on alone if they were begun last. */
const LONGEST = [
  'chaos',
  'rates',
  'starter-alone',
  'bench',
  'processes',
  'worker-running',
  'undo-processes',
].map((name) => `/${name}.test.ts`);

/**
 * Whole programs wait more than they compute: those that compute for long are begun among them, so that their time is others'
 * waiting. The fast ones come last and in one piece, since only neighbours share a process.
 */
class Interleaved extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const of = (name: string) => sorted.filter(({ project }) => project.name === name);
    const computing = of('campaigns');
    const isLong = ({ moduleId }: TestSpecification) => LONGEST.some((end) => moduleId.endsWith(end));
    const stack = of('stack');
    return [...stack.filter(isLong), ...stack.filter((file) => !isLong(file))]
      .flatMap((file, index) => (index % 2 === 0 ? [computing.shift() ?? [], file].flat() : [file]))
      .concat(computing, of('fast'));
  }
}

const files = (folders: readonly string[]) => folders.map((folder) => `test/${folder}/**/*.test.ts`);
const FAST = files(['activities', 'cli', 'docs', 'ecs', 'image', 'simulator', 'unit']);
const CAMPAIGNS = files(['replay', 'sandbox']);

export default defineConfig({
  test: {
    // The SDK's native bridge installs one runtime per process.
    pool: 'forks',
    // Two cores are the least a machine has; real-server tests wait more than they compute, so six share them well.
    maxWorkers: 6,
    sequence: { sequencer: Interleaved },
    // A test ends by what it waits for; this only ends one that hangs, on a machine however slow.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // Each alone: `npm test -- --project fast`.
    projects: [
      // What is run on every change. Nothing here leaves anything behind in its process, so files share one, and its modules.
      { extends: true, test: { name: 'fast', include: FAST, isolate: false } },
      // The real workflow bundle on virtual time, and recorded histories.
      { extends: true, test: { name: 'campaigns', include: CAMPAIGNS } },
      // Whole programs, a real Temporal server, a browser: all the others.
      {
        extends: true,
        test: { name: 'stack', include: ['test/**/*.test.ts'], exclude: [...FAST, ...CAMPAIGNS] },
      },
    ],
  },
});
