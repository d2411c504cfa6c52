import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VIRTUAL_METRICS } from '../../src/bootlog/reading/virtual-metrics.ts';
import { disagreement, VIRTUAL_AGREEMENT } from '../../src/stats/deterministic.ts';
import { runDrydock } from '../support/cli-run.ts';
import type { CliRun } from '../support/cli-run.ts';

/** docker-min against stock where no noise has a part. Needs docker-min's kernel: built here, or in the cache since the main job. */
describe('docker-min on the virtual clock', () => {
  let run: CliRun;

  beforeAll(async () => {
    run = await runDrydock('--profile', 'docker-min', '--clock', 'virtual');
  });
  afterAll(() => {
    rmSync(run.results, { recursive: true, force: true });
  });

  test.each(VIRTUAL_METRICS.map(({ id }) => [id]))('repeats %s on both arms within 0.05 %%', (id) => {
    expect(run.exitCode, run.stderr).toBe(0);
    for (const arm of ['stock', 'docker-min']) {
      const samples = run.record().measurements[arm]?.find(({ metric }) => metric === id)?.samples ?? [];
      expect(samples).toHaveLength(2);
      expect(disagreement(samples), arm).toBeLessThanOrEqual(VIRTUAL_AGREEMENT);
    }
  });

  // Lower bounds under what was measured (docs/explanation/measuring.md), so that a newer Debian kernel passes and a lost change does not.
  test.each([
    ['kernel_init_virtual', 4],
    ['initrd_release_virtual', 50],
    ['hand_over_virtual', 2],
  ])('beats stock on %s at least %d times', (metric, least) => {
    const score = run.record().scores.find((one) => one.metric === metric);
    expect(score?.verdict).toBe('better');
    expect(score?.ratio).toBeGreaterThan(least);
    expect(score?.ci95[0]).toBeGreaterThan(least);
  });
});
