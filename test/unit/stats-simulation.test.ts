import { describe, expect, test } from 'vitest';
import { permutationTest } from '../../src/stats/ranks/permutation.ts';
import { createRandom } from '../../src/stats/random.ts';
import { planLooks } from '../../src/stats/sequential.ts';
import { shareOf, simulateFixed, simulateSequential } from '../support/boot-noise.ts';
import type { Noise } from '../support/boot-noise.ts';

/** A shared machine: 1.5 % noise, one boot in twenty 10 to 30 % late, 3 % slower from the first boot to the last. */
const SHARED: Noise = { sigma: 0.015, lateShare: 0.05, drift: 0.03 };
const MOST_BOOTS = 20;

describe('over 1,000 simulated runs on a shared machine', () => {
  for (const count of [5, 8]) {
    test(`with no effect, at most 5 % end better or worse after ${String(count)} boots per arm`, () => {
      expect(shareOf(simulateFixed(1_000, count, 1, SHARED, 31), 'better', 'worse')).toBeLessThanOrEqual(0.05);
    });
  }

  test('with no effect, at most 5 % end better or worse under the sequential rule, and most end as the same', () => {
    const runs = simulateSequential(1_000, MOST_BOOTS, 1, SHARED, 32);
    expect(shareOf(runs, 'better', 'worse')).toBeLessThanOrEqual(0.05);
    expect(shareOf(runs, 'same')).toBeGreaterThanOrEqual(0.85);
  });

  test('a 5 % effect is found by 8 boots per arm in at least 90 %, and never with the wrong sign', () => {
    const faster = simulateFixed(1_000, 8, 1.05, SHARED, 33);
    expect(shareOf(faster, 'better')).toBeGreaterThanOrEqual(0.9);
    expect(shareOf(faster, 'worse', 'same')).toBe(0);
    expect(shareOf(simulateFixed(1_000, 8, 1 / 1.05, SHARED, 34), 'worse')).toBeGreaterThanOrEqual(0.9);
  });

  test('a 5 % effect is found by the sequential rule in at least 95 %, half of the time with 6 boots per arm', () => {
    const runs = simulateSequential(1_000, MOST_BOOTS, 1 / 1.05, SHARED, 35);
    expect(shareOf(runs, 'worse')).toBeGreaterThanOrEqual(0.95);
    expect(shareOf(runs, 'better', 'same')).toBe(0);
    const boots = [...runs.boots].sort((a, b) => a - b);
    expect(boots[500]).toBe(6);
  });
});

test('looking five times at ranks without an effect crosses the boundary in at most 5 % of 2,000 runs, and plain 5 % tests in more', () => {
  const random = createRandom(36);
  const looks = planLooks([4, 6, 8, 10, 12], 0.05);
  let [crossed, plain] = [0, 0];
  for (let run = 0; run < 2_000; run += 1) {
    const [a, b] = [0, 1].map(() => Array.from({ length: 12 }, () => 1 + random()));
    const ps = looks.map(({ bootsPerArm }) =>
      permutationTest(a?.slice(0, bootsPerArm) ?? [], b?.slice(0, bootsPerArm) ?? [], { random }),
    );
    if (ps.some((p, look) => p < (looks[look]?.nominalP ?? 0))) crossed += 1;
    if (ps.some((p) => p < 0.05)) plain += 1;
  }
  expect(crossed / 2_000).toBeLessThanOrEqual(0.05);
  // The boundary spends what it may: this is no test that never rejects.
  expect(crossed / 2_000).toBeGreaterThanOrEqual(0.025);
  expect(plain / 2_000).toBeGreaterThan(0.07);
});
