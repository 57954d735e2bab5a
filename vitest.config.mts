import { defineConfig } from 'vitest/config';
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** Those that compute for a minute and more; nearly all others of that length wait for a server or for time to pass. */
const COMPUTING = /\/test\/sandbox\/.*campaign/;
/** One of them in so many files, from the first one on: at the end of a run they would have the cores for themselves. */
const EVERY = 4;

/** The long ones that compute are begun early and apart, so that their time is others' waiting. */
class Interleaved extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const computing = sorted.filter(({ moduleId }) => COMPUTING.test(moduleId));
    const others = sorted.filter((file) => !computing.includes(file));
    return others
      .flatMap((file, index) => (index % (EVERY - 1) === 0 ? [computing.shift() ?? [], file].flat() : [file]))
      .concat(computing);
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The SDK's native bridge installs one runtime per process.
    pool: 'forks',
    // Two cores are the least a machine has; real-server tests wait more than they compute, so four share them well.
    maxWorkers: 4,
    sequence: { sequencer: Interleaved },
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
