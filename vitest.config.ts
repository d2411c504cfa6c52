import process from 'node:process';
import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;
/** Warnings of Node fail a test; properties draw from a fixed seed. */
const setupFiles = ['test/support/setup.ts'];
/** What needs much disk says so first. */
const diskSetup = 'test/support/disk-setup.ts';
/** `npm run test:explore` has every property draw more values, which takes longer. */
const effort = Math.max(1, Number(process.env.DRYDOCK_TEST_EFFORT ?? 1));

/**
 * Slow rooms get a limit that catches a hang, not a slow machine. Protocol and rig tests wait more than they work, so one
 * worker more than the smallest machine has cores; the two boots of e2e share it with nobody else.
 */
export default defineConfig({
  test: {
    maxWorkers: 3,
    projects: [
      // Pure code keeps no state, so its files may share what a worker has loaded: half of the time of these tests was loading.
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: effort * MINUTE_MS,
          isolate: false,
          setupFiles,
        },
      },
      {
        test: {
          name: 'protocol',
          include: ['test/protocol/**/*.test.ts'],
          isolate: false,
          testTimeout: effort * 5 * MINUTE_MS,
          setupFiles,
        },
      },
      // A run is some hundred processes: seconds on an idle machine, many minutes on one that gives them a tenth of a processor.
      {
        test: {
          name: 'rig',
          include: ['test/rig/**/*.test.ts'],
          isolate: false,
          testTimeout: 20 * MINUTE_MS,
          setupFiles,
          globalSetup: ['test/support/rig/made-image.ts'],
        },
      },
      // A Docker daemon of their own, as root, and minutes of work in containers: `npm run test:containers`.
      {
        test: {
          name: 'containers',
          include: ['test/containers/**/*.test.ts'],
          setupFiles,
          globalSetup: [diskSetup],
          testTimeout: 20 * MINUTE_MS,
          hookTimeout: 20 * MINUTE_MS,
          fileParallelism: false,
        },
      },
      // A guest with GRUB, and five of its boots: `npm run test:grub`.
      {
        test: {
          name: 'grub',
          include: ['test/grub/**/*.test.ts'],
          setupFiles,
          globalSetup: [diskSetup],
          testTimeout: 30 * MINUTE_MS,
          hookTimeout: 30 * MINUTE_MS,
        },
      },
      // Needs docker-min's kernel, so the main job runs first: `npm run test:nightly` and the nightly workflow.
      {
        test: {
          name: 'docker-min',
          include: ['test/docker-min/**/*.test.ts'],
          setupFiles,
          globalSetup: [diskSetup],
          testTimeout: 30 * MINUTE_MS,
          hookTimeout: 60 * MINUTE_MS,
        },
      },
      // Builds kernels, minutes each, from the source that the main job has fetched.
      {
        test: {
          name: 'kernels',
          include: ['test/kernels/**/*.test.ts'],
          setupFiles,
          globalSetup: [diskSetup],
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 60 * MINUTE_MS,
          fileParallelism: false,
        },
      },
      // A kernel compiled in a guest under TCG, so it is no part of `npm test`: `npm run test:guest-build`.
      {
        test: {
          name: 'guest-build',
          include: ['test/guest-build/**/*.test.ts'],
          setupFiles,
          globalSetup: [diskSetup],
          testTimeout: 60 * MINUTE_MS,
          hookTimeout: 30 * MINUTE_MS,
        },
      },
      // A real image build and a real boot, interrupted in every phase in four ways: `npm run test:interruption`.
      {
        test: {
          name: 'interruption',
          include: ['test/interruption/**/*.test.ts'],
          setupFiles,
          globalSetup: [diskSetup],
          testTimeout: 90 * MINUTE_MS,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          setupFiles,
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 5 * MINUTE_MS,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          setupFiles,
          globalSetup: [diskSetup, 'test/support/global-setup.ts'],
          testTimeout: 30 * MINUTE_MS,
          hookTimeout: 30 * MINUTE_MS,
        },
      },
    ],
  },
});
