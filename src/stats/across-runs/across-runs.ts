import type { ComparedMetric } from '../../model/verdicts/comparison.ts';
import type { Clock, Unit, Verdict } from '../../model/verdicts/measure.ts';
import { ratioInterval } from '../bootstrap.ts';
import { judgeDeterministic } from '../deterministic.ts';
import type { Interval } from '../interval.ts';
import { permutationTest } from '../ranks/permutation.ts';
import { createRandom } from '../random.ts';
import {
  DEFAULT_ABSOLUTE_THRESHOLD,
  DEFAULT_RELATIVE_THRESHOLD,
  DEFAULT_SAME_MARGIN,
  direction,
  MIN_SAMPLES,
  SIGNIFICANCE,
} from '../score.ts';
import type { ScoredMetric } from '../score.ts';
import { median } from '../summary.ts';
import { pText } from '../../text/p-value.ts';

/**
 * By how much the same arm may differ between two runs on one machine for no reason of its own: neighbours, heat, caches. No
 * test on the two runs' samples can see it, so it is allowed for. A virtual clock does not drift with the machine.
 */
const DRIFT: Readonly<Record<Clock, number>> = { wall: 0.05, virtual: 0.001, none: 0.01 };
const SEED = 1;

interface BothRuns {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

type Judged = Pick<ComparedMetric, 'ratio' | 'ci95' | 'p' | 'method' | 'verdict' | 'reason'>;

/**
 * Two runs without a common baseline: the rank test and the interval of scores, but a difference only counts when it stays
 * one after the drift that may lie between the runs is taken off; `same` means within that drift.
 */
export function judgeAcross(metric: ScoredMetric & { readonly clock: Clock }, { before, after }: BothRuns): Judged {
  const p = permutationTest(before, after, { random: createRandom(SEED) });
  const ci95 = ratioInterval(before, after);
  const [from, to] = [median(before), median(after)];
  const drift = DRIFT[metric.clock];
  const words = `${percent(drift)} of drift between the runs`;
  const doubts = [
    ...(p < SIGNIFICANCE ? [] : [`${pText(p)} is not below ${String(SIGNIFICANCE)}`]),
    ...(ci95[0] > 1 + drift || ci95[1] < 1 / (1 + drift) ? [] : [`${span(ci95)} is not beyond ${words}`]),
    ...tooSmall(metric.unit, from, to),
  ];
  const judged = { ratio: from / to, ci95, p, method: 'direct' as const };
  const few = fewSamples([before, after]);
  if (few !== undefined) return { ...judged, verdict: 'undecided', reason: few };
  const margin = Math.max(drift, DEFAULT_SAME_MARGIN);
  return { ...judged, ...decide(metric, ci95, doubts, margin, [from, to], `beyond ${words}`) };
}

/** Two runs on the virtual clock: its boots repeat, so two per arm decide, and only a difference beyond the drift counts. */
export function judgeVirtual(metric: ScoredMetric, { before, after }: BothRuns): Judged {
  const judged = judgeDeterministic(before, after, metric.better);
  const ratio = median(before) / median(after);
  const isSmall = Math.max(ratio, 1 / ratio) <= 1 + DRIFT.virtual;
  if (!isSmall || judged.verdict === 'undecided') return { ...judged, ratio, method: 'direct' };
  const reason = `virtual clock: the change is within the ${percent(DRIFT.virtual)} that another build of the same may cause`;
  return { ...judged, ratio, method: 'direct', verdict: 'same', reason };
}

/**
 * Two runs that both measured the same baseline, interleaved with the compared arm: each arm is taken relative to the
 * baseline of its own run, and these two ratios are compared. What slows both arms of a run by the same factor cancels. The
 * interval of the ratio of ratios is made from the two intervals on the log scale (method of variance estimates recovery:
 * Zou and Donner, "Construction of confidence limits about effect measures", Statistics in Medicine 27, 2008).
 */
export function judgeBridged(
  metric: ScoredMetric,
  { before, after }: BothRuns,
  bridge: BothRuns & { readonly arm: string },
): Judged {
  const one = logRatio(bridge.before, before);
  const other = logRatio(bridge.after, after);
  const estimate = other.at - one.at;
  const ci95: Interval = [
    Math.exp(estimate - Math.hypot(other.at - other.low, one.high - one.at)),
    Math.exp(estimate + Math.hypot(other.high - other.at, one.at - one.low)),
  ];
  const ratio = Math.exp(estimate);
  const from = median(before);
  const to = from / ratio;
  const doubts = [
    ...(ci95[0] > 1 || ci95[1] < 1 ? [] : [`${span(ci95)} includes 1`]),
    ...tooSmall(metric.unit, from, to),
  ];
  const judged = { ratio, ci95, p: null, method: 'bridged' as const };
  const few = fewSamples([before, after, bridge.before, bridge.after]);
  if (few !== undefined) return { ...judged, verdict: 'undecided', reason: few };
  return { ...judged, ...decide(metric, ci95, doubts, DEFAULT_SAME_MARGIN, [from, to], `relative to ${bridge.arm}`) };
}

function logRatio(a: readonly number[], b: readonly number[]): { at: number; low: number; high: number } {
  const [low, high] = ratioInterval(a, b);
  return { at: Math.log(median(a) / median(b)), low: Math.log(low), high: Math.log(high) };
}

function fewSamples(arms: readonly (readonly number[])[]): string | undefined {
  const least = Math.min(...arms.map((samples) => samples.length));
  return least >= MIN_SAMPLES
    ? undefined
    : `${String(least)} samples: fewer than ${String(MIN_SAMPLES)} an arm decide nothing`;
}

function tooSmall(unit: Unit, from: number, to: number): readonly string[] {
  const change = Math.abs(to - from);
  const isLarge = change > DEFAULT_RELATIVE_THRESHOLD * from && change > DEFAULT_ABSOLUTE_THRESHOLD[unit];
  return isLarge ? [] : [`a change of ${percent(change / from)} is too small to matter`];
}

function decide(
  metric: ScoredMetric,
  ci95: Interval,
  doubts: readonly string[],
  margin: number,
  [from, to]: readonly [number, number],
  how: string,
): { verdict: Verdict; reason: string } {
  if (doubts.length === 0) {
    const change = `${percent(Math.abs(to - from) / from)} ${to < from ? 'lower' : 'higher'}`;
    return { verdict: direction(metric, from, to), reason: `${change} ${how}, ${span(ci95)}` };
  }
  const isWithin = ci95[0] >= 1 / (1 + margin) && ci95[1] <= 1 + margin;
  if (isWithin) {
    return { verdict: 'same', reason: `${span(ci95)} lies wholly within ±${percent(margin)}` };
  }
  return { verdict: 'undecided', reason: doubts.join('; ') };
}

function span(ci95: Interval): string {
  return `the interval ${ci95[0].toFixed(3)}–${ci95[1].toFixed(3)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
