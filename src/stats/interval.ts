import { mannWhitneyCounts, signedRankCounts } from './ranks/ranks.ts';
import { normalQuantile } from './normal.ts';
import { ascending } from './summary.ts';

/** Lower and upper end. */
export type Interval = readonly [number, number];

export interface InvertedInterval {
  readonly interval: Interval;
  /** The confidence it really has; below what was asked when the samples are too few for any interval to hold it. */
  readonly confidence: number;
}

/** Default confidence of intervals; one look of several needs more (see `sequential.ts`). */
export const CONFIDENCE = 0.95;

/** More pairs than this, and the normal limit replaces the exact counts (they agree to a rank there). */
const EXACT_PAIRS = 2_500;

/**
 * Interval for the ratio a/b by inverting the exact rank-sum test (Hodges and Lehmann, 1963): every ratio r for which
 * the test does not tell a from r·b. Its confidence holds for any noise, however skewed, if only both arms' noise has the
 * same shape on the log scale; no resampling is involved. Samples must be above 0.
 */
export function rankRatioInterval(
  a: readonly number[],
  b: readonly number[],
  confidence = CONFIDENCE,
): InvertedInterval {
  const ratios = a.flatMap((x) => b.map((y) => x / y)).sort(ascending);
  const counts = ratios.length <= EXACT_PAIRS ? mannWhitneyCounts(a.length, b.length) : undefined;
  if (counts !== undefined) return cut(ratios, counts, confidence);
  const variance = (a.length * b.length * (a.length + b.length + 1)) / 12;
  return cutNormal(ratios, variance, confidence);
}

/**
 * The same for pairs: inverts the signed-rank test over the means of every two log ratios (Walsh averages).
 * Pairs must be above 0.
 */
export function pairedRatioInterval(
  pairs: readonly (readonly [number, number])[],
  confidence = CONFIDENCE,
): InvertedInterval {
  const logs = pairs.map(([a, b]) => Math.log(a / b));
  const walsh = logs.flatMap((x, index) => logs.slice(index).map((y) => Math.exp((x + y) / 2))).sort(ascending);
  if (walsh.length <= EXACT_PAIRS) return cut(walsh, signedRankCounts(pairs.length), confidence);
  const n = pairs.length;
  return cutNormal(walsh, (n * (n + 1) * (2 * n + 1)) / 24, confidence);
}

/** Takes as many values off both ends as the null distribution's tail allows. */
function cut(sorted: readonly number[], counts: readonly number[], confidence: number): InvertedInterval {
  const tail = (1 - confidence) / 2;
  const total = counts.reduce((sum, count) => sum + count, 0);
  let off = 0;
  let below = counts[0] ?? 0;
  // P(U <= off) is what cutting off + 1 values from one end would leave out.
  let left = 0;
  while (below / total <= tail) {
    left = below / total;
    off += 1;
    below += counts[off] ?? 0;
  }
  const held = off === 0 ? 1 - (2 * (counts[0] ?? 0)) / total : 1 - 2 * left;
  return { interval: ends(sorted, Math.max(0, off - 1)), confidence: held };
}

function cutNormal(sorted: readonly number[], variance: number, confidence: number): InvertedInterval {
  const off = Math.floor(sorted.length / 2 - normalQuantile((1 + confidence) / 2) * Math.sqrt(variance));
  return { interval: ends(sorted, Math.max(0, off - 1)), confidence };
}

function ends(sorted: readonly number[], off: number): Interval {
  return [sorted[off] ?? Number.NaN, sorted[sorted.length - 1 - off] ?? Number.NaN];
}
