import { idealRatioInterval } from './ideal-bootstrap.ts';
import { CONFIDENCE, rankRatioInterval, pairedRatioInterval } from './interval.ts';
import type { Interval } from './interval.ts';
import type { Random } from './random.ts';
import { ascending, median, sortedQuantile } from './summary.ts';

/** Resamples of each bootstrap; the ends' own error is then well under the width of any interval of 4 to 30 samples. */
const BOOTSTRAP_RESAMPLES = 2_000;

/**
 * Percentile bootstrap interval (95 %) of a statistic of one arm's samples, e.g. of the median (Efron, 1979). To tell two
 * arms apart `ratioInterval` is the one to judge by.
 */
export function bootstrapInterval(
  samples: readonly number[],
  statistic: (resample: readonly number[]) => number,
  random: Random,
): Interval {
  return percentile(
    Array.from({ length: BOOTSTRAP_RESAMPLES }, () => statistic(resample(samples, random))),
    CONFIDENCE,
  );
}

/**
 * The interval that scores carry: for median(a) / median(b), from one sample up; default 95 %.
 *
 * The percentile bootstrap can only repeat values it has seen: with 4 boots per arm it holds 92 %. The inverted rank-sum
 * test holds 95 % at any count, but asks that both arms' noise have one shape. So this is the hull of the two: what either
 * cannot rule out stays in. Simulated with symmetric, skewed and outlier-ridden noise it holds 96 to 97.5 % at 4 to 10 boots.
 * A single sample per arm gives [ratio, ratio], which claims nothing; 2 or 3 give the range of all pairwise ratios, which is
 * less than 95 %. Nothing in it is drawn: equal samples give equal intervals.
 */
export function ratioInterval(a: readonly number[], b: readonly number[], confidence = CONFIDENCE): Interval {
  const estimate = median(a) / median(b);
  return hull(rankRatioInterval(a, b, confidence).interval, idealRatioInterval(a, b, confidence), estimate);
}

/** `ratioInterval` for pairs measured side by side: the inverted signed-rank test and a bootstrap over whole pairs. */
export function pairedInterval(
  pairs: readonly (readonly [number, number])[],
  random: Random,
  confidence = CONFIDENCE,
): Interval {
  const ratioOf = (some: readonly (readonly [number, number])[]): number =>
    median(some.map(([a]) => a)) / median(some.map(([, b]) => b));
  const draws = Array.from({ length: BOOTSTRAP_RESAMPLES }, () => ratioOf(resample(pairs, random)));
  return hull(pairedRatioInterval(pairs, confidence).interval, percentile(draws, confidence), ratioOf(pairs));
}

/** Draws medians of resamples into one buffer: half of the time would go into allocating and sorting arrays. */
export function medianDrawer(samples: readonly number[], random: Random): () => number {
  const buffer = new Float64Array(samples.length);
  const middle = (samples.length - 1) / 2;
  return () => {
    for (let index = 0; index < buffer.length; index += 1) {
      buffer[index] = samples[Math.floor(random() * samples.length)] ?? Number.NaN;
    }
    buffer.sort();
    return ((buffer[Math.floor(middle)] ?? Number.NaN) + (buffer[Math.ceil(middle)] ?? Number.NaN)) / 2;
  };
}

function resample<T>(samples: readonly T[], random: Random): T[] {
  return samples.map((sample) => samples[Math.floor(random() * samples.length)] ?? sample);
}

function percentile(values: readonly number[], confidence: number): Interval {
  const sorted = [...values].sort(ascending);
  return [sortedQuantile(sorted, (1 - confidence) / 2), sortedQuantile(sorted, (1 + confidence) / 2)];
}

function hull(one: Interval, other: Interval, estimate: number): Interval {
  return [Math.min(one[0], other[0], estimate), Math.max(one[1], other[1], estimate)];
}
