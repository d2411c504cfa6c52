import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VIRTUAL_METRICS } from '../../src/bootlog/reading/virtual-metrics.ts';
import { disagreement, VIRTUAL_AGREEMENT } from '../../src/stats/deterministic.ts';
import { runDrydock } from '../support/cli-run.ts';
import type { CliRun } from '../support/cli-run.ts';

/** The stock kernel with drydock's initrd, twice, while other tests boot on the same cores: the noise is part of the test. */
describe('the virtual clock', () => {
  let run: CliRun;

  beforeAll(async () => {
    run = await runDrydock('--profile', 'smoke', '--guest', 'debian-12-minimal', '--clock', 'virtual');
  });
  afterAll(() => {
    rmSync(run.results, { recursive: true, force: true });
  });

  test('ends without a boot to Docker, and says which clock it was', () => {
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.record().boots).toEqual([]);
    expect(run.record().environment.acceleratorReason).toContain('virtual clock');
  });

  test.each(VIRTUAL_METRICS.map(({ id }) => [id]))('gives %s twice the same within 0.05 %%', (id) => {
    const samples = (run.record().virtualBoots ?? []).map((boot) => boot.metrics[id] ?? Number.NaN);
    expect(samples).toHaveLength(2);
    for (const sample of samples) expect(sample).toBeGreaterThan(0);
    expect(disagreement(samples)).toBeLessThanOrEqual(VIRTUAL_AGREEMENT);
  });

  test('prints the same kernel log twice, to the microsecond', () => {
    const [one, other] = ['virtual-00-smoke', 'virtual-01-smoke'].map((boot) =>
      readFileSync(path.join(run.directory, 'boots', boot, 'dmesg.txt'), 'utf8'),
    );
    expect(one).toContain('Linux version');
    expect(one).toBe(other);
  });

  test('finds nothing that disagrees', () => {
    expect(run.record().findings.filter(({ level }) => level === 'warning')).toEqual([]);
  });
});
