import fc from 'fast-check';
import * as oracle from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { cliffsDelta, effectOf } from '../../src/stats/effect.ts';
import { medianAtoms } from '../../src/stats/ideal-bootstrap.ts';
import { outliersOf } from '../../src/stats/outliers.ts';
import { permutationTest } from '../../src/stats/ranks/permutation.ts';
import { createRandom } from '../../src/stats/random.ts';
import { median } from '../../src/stats/summary.ts';
import { runs } from '../support/properties.ts';

const arm = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 9 });
const random = createRandom(1);

describe("Cliff's delta", () => {
  test("is simple-statistics' rank sum on a scale of -1 to 1, where no samples are equal", () => {
    const distinct = fc.uniqueArray(fc.integer({ min: 1, max: 900 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(distinct, fc.nat(), (values, cut) => {
        const size = 1 + (cut % (values.length - 1));
        const [a, b] = [values.slice(0, size), values.slice(size)];
        const u = oracle.wilcoxonRankSum(a, b) - (a.length * (a.length + 1)) / 2;
        expect(cliffsDelta(a, b)).toBeCloseTo((2 * u) / (a.length * b.length) - 1, 10);
      }),
    );
  });

  test('turns its sign with the arms, and is 0 for equal arms', () => {
    fc.assert(
      fc.property(arm, arm, (a, b) => {
        expect(cliffsDelta(a, b)).toBeCloseTo(-cliffsDelta(b, a), 12);
        expect(Math.abs(cliffsDelta(a, a))).toBe(0);
      }),
    );
    expect(cliffsDelta([10, 11], [1, 2])).toBe(1);
  });
});

test('the change is the ratio turned over, its interval with it', () => {
  const { relativeChange, relativeChange95 } = effectOf([20, 20], [10, 10], 2, [1.6, 2.5], false);
  expect(relativeChange).toBe(-0.5);
  expect(relativeChange95[0]).toBeCloseTo(-0.6, 12);
  expect(relativeChange95[1]).toBeCloseTo(-0.375, 12);
  expect(effectOf([4], [1], 4, [4, 4], true).cliffsDelta).toBeNull();
});

describe('an outlier', () => {
  test('is what its modified z-score puts beyond 3.5, as Iglewicz and Hoaglin have it', () => {
    const samples = [2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 2.3, 2.6, 8.2, 8.3];
    const z = samples.map(
      (sample) => (0.6745 * (sample - oracle.median(samples))) / oracle.medianAbsoluteDeviation(samples),
    );
    const found = outliersOf('stock', samples);
    expect(found.map(({ index }) => index)).toEqual([...z.keys()].filter((index) => Math.abs(z[index] ?? 0) > 3.5));
    expect(found.map(({ value }) => value)).toEqual([8.2, 8.3]);
    for (const { index, mads } of found) expect(0.6745 * mads).toBeCloseTo(z[index] ?? Number.NaN, 9);
  });

  test('is found where all other samples are equal, and nowhere where all are', () => {
    expect(outliersOf('a', [5, 5, 5, 5, 5, 5, 9])).toMatchObject([{ index: 6, value: 9 }]);
    expect(outliersOf('a', [5, 5, 5, 5])).toEqual([]);
  });

  test('can lie below, and is not looked for in three samples', () => {
    expect(outliersOf('a', [10, 10.1, 9.9, 10.2, 4])[0]?.mads).toBeLessThan(-5);
    expect(outliersOf('a', [10, 10.001, 40])).toEqual([]);
  });
});

/** Number of ways to a rank sum of at most u by Mann and Whitney's recursion, memoised: shares no code with the source. */
function ways(n: number, m: number, u: number, memo = new Map<string, number>()): number {
  if (u < 0) return 0;
  if (n === 0 || m === 0) return 1;
  const key = [n, m, u].join();
  const known = memo.get(key);
  if (known !== undefined) return known;
  const count = ways(n - 1, m, u - m, memo) + ways(n, m - 1, u, memo);
  memo.set(key, count);
  return count;
}

test('p of ranks agrees with the exact recursion of Mann and Whitney at 20 boots per arm', () => {
  const draw = createRandom(6);
  const [a, b] = [0, 0.6].map((shift) => Array.from({ length: 20 }, () => 1 + shift + draw()));
  if (a === undefined || b === undefined) throw new Error('no arms');
  const u = a.flatMap((x) => b.filter((y) => x > y)).length;
  const total = ways(20, 20, 400);
  expect(total).toBe(137_846_528_820);
  const exact = Math.min(1, (2 * ways(20, 20, Math.min(u, 400 - u))) / total);
  const p = permutationTest(a, b, { random });
  expect(p).toBeCloseTo(exact, 12);
  expect(p).toBeLessThan(0.05);
});

test('p comes near a permutation test of simple-statistics, which draws', () => {
  const [a, b] = [
    [30.1, 30.9, 31.4, 30.4, 32.2, 30.7],
    [30.6, 31.2, 31.9, 30.2, 32.9, 31.7],
  ] as const;
  const draw = createRandom(8);
  const drawn = oracle.permutationTest([...a], [...b], 'two_side', 20_000, draw);
  expect(permutationTest(a, b, { random, statistic: 'mean-log' })).toBeCloseTo(drawn, 1);
});

test('the medians of resamples have the probabilities of all n^n resamples', () => {
  const value = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), (samples) => {
      const n = samples.length;
      const seen = new Map<number, number>();
      for (let code = 0; code < n ** n; code += 1) {
        const drawn = samples.map((_, place) => samples[Math.floor(code / n ** place) % n] ?? Number.NaN);
        seen.set(median(drawn), (seen.get(median(drawn)) ?? 0) + 1 / n ** n);
      }
      const atoms = new Map<number, number>();
      for (const { value: at, probability } of medianAtoms(samples)) {
        atoms.set(at, (atoms.get(at) ?? 0) + probability);
      }
      for (const [at, probability] of seen) expect(atoms.get(at)).toBeCloseTo(probability, 10);
      for (const [at, probability] of atoms) expect(probability).toBeCloseTo(seen.get(at) ?? 0, 10);
    }),
    { numRuns: runs(30) },
  );
});
