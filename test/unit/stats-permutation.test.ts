import fc from 'fast-check';
import * as oracle from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { bootstrapInterval, pairedInterval, ratioInterval } from '../../src/stats/bootstrap.ts';
import { pairedRatioInterval, rankRatioInterval } from '../../src/stats/interval.ts';
import { choose, permutationTest, signFlipTest } from '../../src/stats/ranks/permutation.ts';
import { mannWhitneyCounts, midranks, signedRankCounts } from '../../src/stats/ranks/ranks.ts';
import { createRandom } from '../../src/stats/random.ts';
import { median } from '../../src/stats/summary.ts';
import { runs } from '../support/properties.ts';

const random = createRandom(1);
const arm = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });

/** All splits by bit masks, ranks by counting: shares no code with what it checks. */
function bruteForce(a: readonly number[], b: readonly number[], statistic: 'rank' | 'mean-log'): number {
  const pooled = [...a, ...b];
  const score = (value: number): number =>
    statistic === 'mean-log'
      ? Math.log(value)
      : pooled.filter((other) => other < value).length + (pooled.filter((other) => other === value).length + 1) / 2;
  const difference = (inA: (index: number) => boolean): number =>
    oracle.mean(pooled.filter((_, index) => inA(index)).map(score)) -
    oracle.mean(pooled.filter((_, index) => !inA(index)).map(score));
  const seen = Math.abs(difference((index) => index < a.length));
  let extreme = 0;
  let splits = 0;
  for (let mask = 0; mask < 2 ** pooled.length; mask += 1) {
    const bits = pooled.filter((_, index) => (mask >> index) & 1).length;
    if (bits !== a.length) continue;
    splits += 1;
    if (Math.abs(difference((index) => ((mask >> index) & 1) === 1)) >= seen - 1e-9) extreme += 1;
  }
  return extreme / splits;
}

describe('the permutation test', () => {
  test('agrees with brute force over all splits, ties included', () => {
    fc.assert(
      fc.property(arm, arm, fc.constantFrom('rank' as const, 'mean-log' as const), (a, b, statistic) => {
        expect(permutationTest(a, b, { statistic, random })).toBeCloseTo(bruteForce(a, b, statistic), 10);
      }),
      { numRuns: runs(60) },
    );
  });

  test('gives 2/252 for five boots each way apart, and 1 for equal arms', () => {
    expect(permutationTest([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], { random })).toBeCloseTo(2 / 252, 12);
    expect(permutationTest([3, 3, 3], [3, 3, 3], { random })).toBe(1);
    expect(permutationTest([1], [2], { random })).toBe(1);
  });

  test('comes near the exact p where it has to draw splits, and is never 0', () => {
    // C(20, 10) = 184,756 splits; the exact p comes from the null distribution's recurrence.
    const a = [1, 3, 4, 6, 8, 9, 12, 13, 16, 10];
    const b = [2, 5, 7, 11, 14, 15, 17, 18, 19, 20];
    const exact = exactRankP(a, b);
    expect(permutationTest(a, b, { random: createRandom(5) })).toBeCloseTo(exact, 2);
    const apart = permutationTest(
      a,
      b.map((value) => value + 100),
      { random: createRandom(5) },
    );
    expect(apart).toBeGreaterThan(0);
    expect(apart).toBeLessThan(0.001);
  });

  test('does not care which arm comes first, nor about the unit', () => {
    fc.assert(
      fc.property(arm, arm, (a, b) => {
        const p = permutationTest(a, b, { random });
        expect(permutationTest(b, a, { random })).toBeCloseTo(p, 10);
        expect(
          permutationTest(
            a.map((value) => value * 1000),
            b.map((value) => value * 1000),
            { random },
          ),
        ).toBeCloseTo(p, 10);
      }),
      { numRuns: runs(40) },
    );
  });
});

function exactRankP(a: readonly number[], b: readonly number[]): number {
  const counts = mannWhitneyCounts(a.length, b.length);
  const u = a.flatMap((x) => b.filter((y) => x > y)).length;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const tail = counts.slice(0, Math.min(u, a.length * b.length - u) + 1).reduce((sum, count) => sum + count, 0);
  return Math.min(1, (2 * tail) / total);
}

describe('the sign-flip test', () => {
  test('agrees with brute force on the mean log ratio', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(pairs, (drawn) => {
        const logs = drawn.map(([a, b]) => Math.log(a / b));
        const seen = Math.abs(oracle.sum(logs));
        let extreme = 0;
        for (let mask = 0; mask < 2 ** logs.length; mask += 1) {
          const total = oracle.sum(logs.map((log, index) => ((mask >> index) & 1 ? log : -log)));
          if (Math.abs(total) >= seen - 1e-9) extreme += 1;
        }
        expect(signFlipTest(drawn, { statistic: 'mean-log', random })).toBeCloseTo(extreme / 2 ** logs.length, 10);
      }),
    );
  });

  test('cannot be significant with five pairs, and can with six', () => {
    const pairs = (count: number): [number, number][] => Array.from({ length: count }, (_, index) => [10 + index, 5]);
    expect(signFlipTest(pairs(5), { random })).toBe(2 / 32);
    expect(signFlipTest(pairs(6), { random })).toBe(2 / 64);
  });

  test('sees an effect under a drift that hides it from the unpaired test', () => {
    const pairs = Array.from({ length: 8 }, (_, index): [number, number] => [
      100 * 1.1 ** index,
      97 * 1.1 ** index + (index % 3),
    ]);
    expect(signFlipTest(pairs, { random })).toBeLessThan(0.05);
    expect(
      permutationTest(
        pairs.map(([a]) => a),
        pairs.map(([, b]) => b),
        { random },
      ),
    ).toBeGreaterThan(0.5);
  });

  test('draws patterns when there are many pairs', () => {
    const pairs = Array.from({ length: 20 }, (_, index): [number, number] => [
      10 + (index % 3),
      10 + ((index + 1) % 3),
    ]);
    expect(signFlipTest(pairs, { random: createRandom(3) })).toBeGreaterThan(0.3);
  });
});

describe('null distributions', () => {
  test('of Mann and Whitney count every split, as enumeration does', () => {
    for (const [n, m] of [
      [1, 1],
      [3, 4],
      [5, 5],
    ] as const) {
      const counts = new Array<number>(n * m + 1).fill(0);
      for (let mask = 0; mask < 2 ** (n + m); mask += 1) {
        const bits = Array.from({ length: n + m }, (_, index) => (mask >> index) & 1);
        if (bits.filter(Boolean).length !== n) continue;
        const u = bits.reduce(
          (sum, bit, index) => sum + (bit === 1 ? bits.slice(0, index).filter((other) => other === 0).length : 0),
          0,
        );
        counts[u] = (counts[u] ?? Number.NaN) + 1;
      }
      expect(mannWhitneyCounts(n, m)).toEqual(counts);
      expect(oracle.sum(counts)).toBe(choose(n + m, n));
    }
  });

  test('of signed ranks count every pattern', () => {
    expect(signedRankCounts(3)).toEqual([1, 1, 1, 2, 1, 1, 1]);
    expect(oracle.sum(signedRankCounts(10))).toBe(1024);
  });

  test('of midranks share ties', () => {
    expect(midranks([10, 20, 20, 5])).toEqual([2, 3.5, 3.5, 1]);
  });
});

describe('intervals of the ratio', () => {
  test('are cut at the third of 25 ratios for five boots each, holding 96.8 %', () => {
    const a = [1, 2, 4, 8, 16];
    const b = [1, 3, 9, 27, 81];
    const ratios = a.flatMap((x) => b.map((y) => x / y)).sort((x, y) => x - y);
    const { interval, confidence } = rankRatioInterval(a, b);
    expect(interval).toEqual([ratios[2], ratios[22]]);
    expect(confidence).toBeCloseTo(1 - 8 / 252, 10);
  });

  test('admit that three boots cannot hold 95 %', () => {
    expect(rankRatioInterval([1, 2, 3], [4, 5, 6]).confidence).toBeCloseTo(0.9, 10);
    expect(
      pairedRatioInterval([
        [1, 2],
        [2, 3],
      ]).confidence,
    ).toBeCloseTo(0.5, 10);
  });

  test('exclude 1 exactly when the rank test is significant, without ties', () => {
    const distinct = fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(distinct, (values) => {
        const [a, b] = [values.slice(0, 5), values.slice(5)];
        const [low, high] = rankRatioInterval(a, b).interval;
        expect(low > 1 || high < 1).toBe(permutationTest(a, b, { random }) <= 0.05);
      }),
    );
  });

  test('hold the ratio of medians, and turn over with the arms', () => {
    const positive = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(positive, positive, (a, b) => {
        const [low, high] = ratioInterval(a, b);
        const ratio = median(a) / median(b);
        expect(low).toBeLessThanOrEqual(ratio);
        expect(high).toBeGreaterThanOrEqual(ratio);
        const [turnedLow, turnedHigh] = rankRatioInterval(b, a).interval;
        const [rankLow, rankHigh] = rankRatioInterval(a, b).interval;
        expect(turnedLow).toBeCloseTo(1 / rankHigh, 8);
        expect(turnedHigh).toBeCloseTo(1 / rankLow, 8);
      }),
      { numRuns: runs(40) },
    );
  });

  test('of one boot each claim nothing', () => {
    expect(ratioInterval([6], [3])).toEqual([2, 2]);
  });

  test('of large arms by the normal limit agree with the exact ones to a rank', () => {
    const draw = createRandom(9);
    const a = Array.from({ length: 51 }, () => 10 + draw());
    const b = Array.from({ length: 50 }, () => 10 + draw());
    const limit = rankRatioInterval(a, b).interval;
    const exact = rankRatioInterval(a.slice(0, 50), b).interval;
    expect(limit[0]).toBeCloseTo(exact[0], 2);
    expect(limit[1]).toBeCloseTo(exact[1], 2);
  });

  test('of pairs shrink with a drift that both share', () => {
    const pairs = Array.from({ length: 8 }, (_, index): [number, number] => [100 * 1.1 ** index, 90 * 1.1 ** index]);
    const [low, high] = pairedRatioInterval(pairs).interval;
    expect(low).toBeCloseTo(100 / 90, 6);
    expect(high).toBeCloseTo(100 / 90, 6);
    const [hullLow, hullHigh] = pairedInterval(pairs, createRandom(1));
    expect(hullLow).toBeLessThanOrEqual(100 / 90);
    expect(hullHigh).toBeGreaterThanOrEqual(100 / 90);
  });

  test('of one arm by bootstrap lie within its samples', () => {
    const [low, high] = bootstrapInterval([3, 1, 2, 5, 4], median, createRandom(1));
    expect(low).toBeGreaterThanOrEqual(1);
    expect(high).toBeLessThanOrEqual(5);
    expect(low).toBeLessThan(high);
  });
});
