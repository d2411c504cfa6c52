import type { ScoreEffect } from '../model/verdicts/measure.ts';
import type { Interval } from './interval.ts';

/**
 * Cliff's delta: the share of pairs (one boot of each arm) in which the candidate is lower, less the share in which it is
 * higher; 1 when every candidate boot is below every baseline boot. It is the rank-sum statistic on a scale of −1 to 1,
 * 2U/(n·m) − 1 without ties (Cliff, "Dominance statistics", Psychological Bulletin 114, 1993).
 */
export function cliffsDelta(baseline: readonly number[], candidate: readonly number[]): number {
  let sum = 0;
  for (const before of baseline) for (const after of candidate) sum += Math.sign(before - after);
  return sum / (baseline.length * candidate.length);
}

/**
 * The effect in the reader's terms. The change is candidate over baseline less 1, so that −0.4 is 40 % lower; its interval is
 * the ratio's, turned over. An exact quantity has no dominance to estimate.
 */
export function effectOf(
  baseline: readonly number[],
  candidate: readonly number[],
  ratio: number,
  ci95: Interval,
  isExact: boolean,
): ScoreEffect {
  return {
    relativeChange: 1 / ratio - 1,
    relativeChange95: [1 / ci95[1] - 1, 1 / ci95[0] - 1],
    cliffsDelta: isExact ? null : cliffsDelta(baseline, candidate),
  };
}
