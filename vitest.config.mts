import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The SDK's native bridge installs one runtime per process.
    pool: 'forks',
    // Two cores are the least a machine has; real-server tests wait more than they compute, so three share them well.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
