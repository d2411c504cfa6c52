import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;

/** Slow rooms get a limit that catches a hang, not a slow machine. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: MINUTE_MS } },
      { test: { name: 'protocol', include: ['test/protocol/**/*.test.ts'], testTimeout: 5 * MINUTE_MS } },
      { test: { name: 'rig', include: ['test/rig/**/*.test.ts'], testTimeout: 5 * MINUTE_MS } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 30 * MINUTE_MS,
          hookTimeout: 30 * MINUTE_MS,
          fileParallelism: false,
        },
      },
    ],
  },
});
