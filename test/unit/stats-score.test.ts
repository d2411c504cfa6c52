import { describe, expect, test } from 'vitest';
import { METRICS } from '../../src/bootlog/reading/metrics.ts';
import type { Measurement, Verdict } from '../../src/model/verdicts/measure.ts';
import { createRandom } from '../../src/stats/random.ts';
import type { Random } from '../../src/stats/random.ts';
import { scoreAll, scoreMetric } from '../../src/stats/score.ts';
import type { ScoreOptions, ScoredMetric } from '../../src/stats/score.ts';

const BOOT: ScoredMetric = { id: 'total_boot', unit: 's', better: 'lower', exact: false, endPoints: 'start → ready' };
const SIZE: ScoredMetric = {
  id: 'kernel_size',
  unit: 'bytes',
  better: 'lower',
  exact: true,
  endPoints: 'size of the file',
};

function score(
  before: readonly number[],
  after: readonly number[],
  options?: ScoreOptions,
  metric = BOOT,
): ReturnType<typeof scoreMetric> {
  return scoreMetric(metric, { arm: 'stock', samples: before }, { arm: 'docker-min', samples: after }, options);
}

describe('a score', () => {
  test('has the ratio of medians, both arms as they were, and the end points', () => {
    const result = score([40, 44, 42, 41, 43], [30, 31, 32, 33, 34]);
    expect(result).toMatchObject({
      metric: 'total_boot',
      unit: 's',
      baseline: { arm: 'stock', median: 42, samples: [40, 44, 42, 41, 43] },
      candidate: { arm: 'docker-min', median: 32 },
      ratio: 42 / 32,
      p: 2 / 252,
      verdict: 'better',
      endPoints: 'start → ready',
    });
    expect(result.ci95[0]).toBeGreaterThan(1);
  });

  test('is the same whenever it is taken', () => {
    const arms = [
      [40, 44, 42, 41, 43],
      [39, 44.5, 41, 40.5, 42],
    ] as const;
    expect(score(...arms)).toEqual(score(...arms));
  });

  test('carries the thesis beside it where there is one', () => {
    const metric = METRICS.find(({ id }) => id === 'kernel_init');
    if (metric === undefined) throw new Error('kernel_init is not defined');
    expect(score([1], [1], {}, metric).thesis).toMatchObject({ before: 0.818967, after: 0.476708, ratio: 1.72 });
  });
});

describe('a verdict', () => {
  const five = [10, 10.1, 10.2, 10.3, 10.4];
  const tight = [10, 10.02, 10.04, 10.06, 10.08];
  const cases: readonly [
    name: string,
    before: readonly number[],
    after: readonly number[],
    options: ScoreOptions,
    verdict: Verdict,
    reason: RegExp,
  ][] = [
    [
      'worse when the candidate is slower',
      five,
      five.map((value) => value * 1.2),
      {},
      'worse',
      /p = 0\.008.*excludes 1.*20\.0 %/,
    ],
    [
      'undecided with three boots, however far apart',
      [10, 11, 12],
      [1, 2, 3],
      {},
      'undecided',
      /3 and 3 samples: with fewer than 4/,
    ],
    ['decided with four', [10, 11, 12, 13], [1, 2, 3, 4], {}, 'better', /p = 0\.029/],
    [
      'undecided when the arms overlap',
      five,
      [9, 10.2, 11, 9.5, 10.05],
      {},
      'undecided',
      /is not below 0\.05.*includes 1/,
    ],
    [
      'the same when the whole interval is within 3 %',
      tight,
      tight.map((value) => value + 0.01),
      {},
      'same',
      /within ±3\.0 %/,
    ],
    [
      'not the same with a narrower margin',
      tight,
      tight.map((value) => value + 0.01),
      { sameMargin: 0.001 },
      'undecided',
      /p = /,
    ],
    [
      'not better for a sure effect under the relative threshold',
      five.map((value) => 10 + (value - 10) / 1000),
      five.map((value) => 9.95 + (value - 10) / 1000),
      {},
      'same',
      /within/,
    ],
    [
      'better for the same effect with a lower threshold',
      five.map((value) => 10 + (value - 10) / 1000),
      five.map((value) => 9.95 + (value - 10) / 1000),
      { relativeThreshold: 0.001 },
      'better',
      /excludes 1/,
    ],
    [
      'not better for a sure effect under the absolute threshold',
      [0.001, 0.00101, 0.00102, 0.00103],
      [0.0005, 0.00051, 0.00052, 0.00053],
      {},
      'undecided',
      /0\.5 ms, within the 1\.0 ms threshold/,
    ],
    [
      'undecided for six pairs taken as pairs, where one goes the other way by most',
      [10, 10, 10, 10, 10, 10],
      [9, 9, 9, 9, 9, 15],
      { paired: true },
      'undecided',
      /is not below/,
    ],
    [
      'better for pairs under a drift',
      [10, 12, 14, 17, 20, 24],
      [9, 10.8, 12.6, 15.3, 18, 21.6],
      { paired: true },
      'better',
      /p = 0\.031/,
    ],
  ];
  for (const [name, before, after, options, verdict, reason] of cases) {
    test(`is ${name}`, () => {
      const result = score(before, after, options);
      expect(result.verdict).toBe(verdict);
      expect(result.reason).toMatch(reason);
    });
  }

  test('turns over where higher is better', () => {
    const metric: ScoredMetric = { ...BOOT, better: 'higher' };
    expect(score([1, 2, 3, 4], [10, 11, 12, 13], {}, metric).verdict).toBe('better');
    expect(score([10, 11, 12, 13], [1, 2, 3, 4], {}, metric).verdict).toBe('worse');
  });

  test('of one boot each is undecided, with an interval that claims nothing', () => {
    expect(score([40], [30])).toMatchObject({ verdict: 'undecided', ci95: [40 / 30, 40 / 30], p: 1 });
  });

  test('of an exact quantity needs one look and no test', () => {
    expect(score([8_000_000], [2_000_000], {}, SIZE)).toMatchObject({
      ratio: 4,
      ci95: [4, 4],
      p: null,
      verdict: 'better',
    });
    expect(score([8_000_000], [2_000_000], {}, SIZE).reason).toMatch(
      /the size is exact, so no test is needed: .* 75\.0 % smaller/,
    );
    expect(score([2_000_000], [8_000_000], {}, SIZE).verdict).toBe('worse');
    expect(score([2], [2], {}, SIZE).verdict).toBe('same');
    // One byte more, and a large share of very little, are no regressions.
    expect(score([8_000_000], [8_000_001], {}, SIZE).verdict).toBe('same');
    expect(score([1000], [2000], {}, SIZE).verdict).toBe('same');
  });

  test('is refused for samples of which no ratio can be taken', () => {
    expect(() => score([1, 0], [1])).toThrow(/total_boot of stock: a sample of 0/);
    expect(() => score([1], [])).toThrow(/no samples/);
    expect(() => score([1], [Number.NaN])).toThrow(RangeError);
  });
});

describe('scoring all metrics', () => {
  const measured = (metric: string, samples: readonly number[], clock: Measurement['clock'] = 'wall'): Measurement => ({
    metric,
    unit: 's',
    better: 'lower',
    clock,
    samples,
  });

  test('keeps the order of the definitions and says of every other metric why it is missing', () => {
    const definitions = ['kernel_init', 'initrd_phase', 'total_boot', 'module_loading', 'initrd_release'].map((id) => ({
      ...BOOT,
      id,
    }));
    const { scores, missing } = scoreAll(
      definitions,
      {
        arm: 'stock',
        measurements: [
          measured('total_boot', [40]),
          measured('kernel_init', [6]),
          measured('initrd_phase', [4]),
          measured('module_loading', [1]),
          measured('initrd_release', [1]),
          measured('odd', [1]),
        ],
      },
      {
        arm: 'docker-min',
        measurements: [
          measured('total_boot', [30]),
          measured('kernel_init', [2]),
          measured('module_loading', [1], 'virtual'),
          measured('initrd_release', [0]),
        ],
      },
    );
    expect(scores.map(({ metric }) => metric)).toEqual(['kernel_init', 'total_boot']);
    expect(missing).toEqual([
      { metric: 'initrd_phase', reason: 'docker-min: no samples' },
      { metric: 'module_loading', reason: 'stock is on the wall clock, docker-min on the virtual clock' },
      { metric: 'initrd_release', reason: 'docker-min: a sample of 0, of which no ratio can be taken' },
      { metric: 'odd', reason: 'measured, but no definition says what it is' },
    ]);
  });

  test("accepts drydock's metrics as they are, with options by metric", () => {
    const arm = (arm: string, sec: number): Parameters<typeof scoreAll>[1] => ({
      arm,
      measurements: [measured('kernel_init', [sec, sec * 1.01, sec * 1.02, sec * 1.03])],
    });
    const { scores } = scoreAll(METRICS, arm('a', 1), arm('b', 0.9), ({ id }) =>
      id === 'kernel_init' ? { absoluteThreshold: 0.5 } : {},
    );
    expect(scores[0]?.reason).toMatch(/within the 500\.0 ms threshold/);
  });
});

/** Boot times: a floor with a skewed tail of 1 %, and where asked one boot in twenty that a busy host made 10 to 30 % late. */
function boots(random: Random, count: number, medianSec: number, lateShare: number): number[] {
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: count }, () => {
    const tail = Math.exp(0.01 * normal()) * (1 + 0.005 * -Math.log(1 - random()));
    const late = random() < lateShare ? 1.1 + 0.2 * random() : 1;
    return medianSec * tail * late;
  });
}

function simulate(
  runs: number,
  count: number,
  effect: number,
  lateShare: number,
  seed: number,
): { share: (verdict: Verdict) => number; covered: number } {
  const random = createRandom(seed);
  const scores = Array.from({ length: runs }, () =>
    score(boots(random, count, 30, lateShare), boots(random, count, 30 / effect, lateShare)),
  );
  return {
    share: (verdict) => scores.filter((each) => each.verdict === verdict).length / runs,
    covered: scores.filter(({ ci95 }) => ci95[0] <= effect && ci95[1] >= effect).length / runs,
  };
}

describe('in simulation', () => {
  for (const [count, lateShare] of [
    [4, 0],
    [5, 0],
    [5, 0.05],
    [7, 0.05],
  ] as const) {
    test(`with no effect, ${count} boots per arm and ${lateShare * 100} % late ones, at most 5 % of 1,000 verdicts are false and the interval holds`, () => {
      const { share, covered } = simulate(1_000, count, 1, lateShare, 17);
      expect(share('better') + share('worse')).toBeLessThanOrEqual(0.05);
      expect(covered).toBeGreaterThanOrEqual(0.93);
    });
  }

  test('a 5 % effect under 1 % noise is found with 5 boots per arm in at least 90 % of runs, and the interval holds it', () => {
    const { share, covered } = simulate(1_000, 5, 1.05, 0, 18);
    expect(share('better')).toBeGreaterThanOrEqual(0.9);
    expect(share('worse')).toBe(0);
    expect(covered).toBeGreaterThanOrEqual(0.93);
  });

  test('with late boots among them it takes 7 boots per arm', () => {
    expect(simulate(500, 5, 1.05, 0.05, 19).share('better')).toBeLessThan(0.9);
    expect(simulate(500, 7, 1.05, 0.05, 19).share('better')).toBeGreaterThanOrEqual(0.9);
  });
});
