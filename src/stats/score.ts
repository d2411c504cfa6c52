import type { Clock, Measurement, Score, Unit, Verdict } from '../model/verdicts/measure.ts';
import { judgeDeterministic } from './deterministic.ts';
import { pairedInterval, ratioInterval } from './bootstrap.ts';
import { effectOf } from './effect.ts';
import type { Interval } from './interval.ts';
import { outliersOf } from './outliers.ts';
import { permutationTest, signFlipTest } from './ranks/permutation.ts';
import { createRandom } from './random.ts';
import { median } from './summary.ts';
import { pText } from '../text/p-value.ts';

/** What scoring has to know of a metric; drydock's own are the entries of METRICS in `bootlog/metrics.ts`. */
export interface ScoredMetric {
  readonly id: string;
  readonly unit: Unit;
  readonly better: Measurement['better'];
  /** True for quantities without noise (sizes): compared as they are, without a test. */
  readonly exact: boolean;
  /** `virtual`: samples repeat, and are judged as such. */
  readonly clock?: Clock;
  readonly endPoints: string;
  readonly thesis?: NonNullable<Score['thesis']>;
}

export interface ArmSamples {
  readonly arm: string;
  /** In the order in which they were measured; every one finite and above 0. */
  readonly samples: readonly number[];
}

export interface ScoreOptions {
  /** A verdict needs the medians to differ by more than this share of the baseline. Default 0.01. */
  readonly relativeThreshold?: number;
  /** … and by more than this, in the metric's unit. Default 1 ms for times, 64 KiB for bytes, none for rates. */
  readonly absoluteThreshold?: number;
  /** `same` needs the whole interval within 1/(1 + margin) … 1 + margin. Default 0.03. */
  readonly sameMargin?: number;
  /** Boots were measured as pairs (ABBA) and both arms' samples stand in that order. Used from 6 pairs on. */
  readonly paired?: boolean;
  /**
   * What p must be below; the interval holds 1 less this. Default 0.05. One look of several has its own (`sequential.ts`):
   * the intervals of all looks together then hold 95 % (Jennison and Turnbull, "Repeated confidence intervals", 1989).
   */
  readonly significance?: number;
  /** Seed of the resampling; fixed, so that the same samples always yield the same score. */
  readonly seed?: number;
}

/** A metric that cannot be scored, and why. */
export interface MissingScore {
  readonly metric: string;
  readonly reason: string;
}

/** Fewer samples per arm can never be significant: 3 against 3 split in 20 ways, so the smallest two-sided p is 0.1. */
export const MIN_SAMPLES = 4;
/** Pairs below this can never be significant: 5 have 32 sign patterns, so the smallest two-sided p is 0.0625. */
const MIN_PAIRS = 6;
export const SIGNIFICANCE = 0.05;
export const DEFAULT_RELATIVE_THRESHOLD = 0.01;
export const DEFAULT_ABSOLUTE_THRESHOLD: Readonly<Record<Unit, number>> = {
  s: 0.001,
  bytes: 65_536,
  // Rates and counts have no size of their own that could be too small to matter; the relative threshold decides.
  'bytes/s': 0,
  'ops/s': 0,
  count: 0,
};
export const DEFAULT_SAME_MARGIN = 0.03;
const DEFAULT_SEED = 1;

/**
 * Judges the candidate against the baseline on one metric. `better` and `worse` need all of: p below the significance, an interval
 * that excludes 1, and medians that differ by more than the relative and the absolute threshold. `same` needs the whole
 * interval within the margin. Everything else is `undecided`. Throws RangeError when an arm has no sample, or one that is
 * not above 0 (a ratio has no meaning then); `scoreAll` reports those instead.
 */
export function scoreMetric(
  metric: ScoredMetric,
  baseline: ArmSamples,
  candidate: ArmSamples,
  options: ScoreOptions = {},
): Score {
  for (const { arm, samples } of [baseline, candidate]) {
    const flaw = sampleFlaw(samples);
    if (flaw !== undefined) throw new RangeError(`${metric.id} of ${arm}: ${flaw}`);
  }
  const before = median(baseline.samples);
  const after = median(candidate.samples);
  const judged = metric.exact
    ? judgeExact(metric, before, after, options)
    : metric.clock === 'virtual'
      ? judgeDeterministic(baseline.samples, candidate.samples, metric.better)
      : judgeSamples(metric, baseline.samples, candidate.samples, options);
  const ratio = before / after;
  return {
    metric: metric.id,
    unit: metric.unit,
    baseline: { arm: baseline.arm, median: before, samples: baseline.samples },
    candidate: { arm: candidate.arm, median: after, samples: candidate.samples },
    ratio,
    ...judged,
    effect: effectOf(baseline.samples, candidate.samples, ratio, judged.ci95, metric.exact),
    outliers: metric.exact ? [] : [baseline, candidate].flatMap(({ arm, samples }) => outliersOf(arm, samples)),
    endPoints: metric.endPoints,
    ...(metric.thesis === undefined ? {} : { thesis: metric.thesis }),
  };
}

/**
 * Scores every defined metric that both arms have samples of, in the order of the definitions. The others come back in
 * `missing` with the reason, never as invented numbers; so do measurements that no definition knows.
 */
export function scoreAll(
  definitions: readonly ScoredMetric[],
  baseline: { readonly arm: string; readonly measurements: readonly Measurement[] },
  candidate: { readonly arm: string; readonly measurements: readonly Measurement[] },
  options: (metric: ScoredMetric) => ScoreOptions = () => ({}),
): { scores: Score[]; missing: MissingScore[] } {
  const scores: Score[] = [];
  const missing: MissingScore[] = [];
  for (const metric of definitions) {
    const before = baseline.measurements.find((measurement) => measurement.metric === metric.id);
    const after = candidate.measurements.find((measurement) => measurement.metric === metric.id);
    const reason = incomparable([baseline.arm, before], [candidate.arm, after]);
    if (reason !== undefined || before === undefined || after === undefined) {
      missing.push({ metric: metric.id, reason: reason ?? 'no samples' });
      continue;
    }
    const [a, b] = [before, after].map(({ samples }) => samples);
    scores.push(
      scoreMetric(
        metric,
        { arm: baseline.arm, samples: a ?? [] },
        { arm: candidate.arm, samples: b ?? [] },
        options(metric),
      ),
    );
  }
  const known = new Set(definitions.map(({ id }) => id));
  const unknown = new Set([...baseline.measurements, ...candidate.measurements].map(({ metric }) => metric));
  for (const metric of unknown) {
    if (!known.has(metric)) missing.push({ metric, reason: 'measured, but no definition says what it is' });
  }
  return { scores, missing };
}

type NamedMeasurement = readonly [arm: string, measurement: Measurement | undefined];

function incomparable(...arms: readonly [NamedMeasurement, NamedMeasurement]): string | undefined {
  for (const [arm, measurement] of arms) {
    const flaw = sampleFlaw(measurement?.samples ?? []);
    if (flaw !== undefined) return `${arm}: ${flaw}`;
  }
  const [[, before], [, after]] = arms;
  if (before?.clock === after?.clock) return undefined;
  return `${arms[0][0]} is on the ${before?.clock ?? 'none'} clock, ${arms[1][0]} on the ${after?.clock ?? 'none'} clock`;
}

function sampleFlaw(samples: readonly number[]): string | undefined {
  if (samples.length === 0) return 'no samples';
  const odd = samples.find((sample) => !(Number.isFinite(sample) && sample > 0));
  return odd === undefined ? undefined : `a sample of ${odd}, of which no ratio can be taken`;
}

type Judged = Pick<Score, 'ci95' | 'p' | 'verdict' | 'reason'>;

function judgeExact(metric: ScoredMetric, before: number, after: number, options: ScoreOptions): Judged {
  const ratio = before / after;
  const ci95: Interval = [ratio, ratio];
  if (before === after)
    return { ci95, p: null, verdict: 'same', reason: 'the size is exact, so no test is needed: both are equal' };
  const relative = options.relativeThreshold ?? DEFAULT_RELATIVE_THRESHOLD;
  const absolute = options.absoluteThreshold ?? DEFAULT_ABSOLUTE_THRESHOLD[metric.unit];
  const difference = Math.abs(after - before);
  if (difference <= absolute || difference <= relative * before) {
    return {
      ci95,
      p: null,
      verdict: 'same',
      reason: 'the size is exact, so no test is needed: the difference is too small to matter',
    };
  }
  const verdict = direction(metric, before, after);
  const share = percent(Math.abs(after - before) / before);
  const change = after < before ? 'smaller' : 'larger';
  return {
    ci95,
    p: null,
    verdict,
    reason: `the size is exact, so no test is needed: the candidate's is ${share} ${change}`,
  };
}

function judgeSamples(
  metric: ScoredMetric,
  before: readonly number[],
  after: readonly number[],
  options: ScoreOptions,
): Judged {
  const random = createRandom(options.seed ?? DEFAULT_SEED);
  const confidence = 1 - (options.significance ?? SIGNIFICANCE);
  const pairs = options.paired === true ? toPairs(before, after) : undefined;
  const p = pairs === undefined ? permutationTest(before, after, { random }) : signFlipTest(pairs, { random });
  const ci95 =
    pairs === undefined ? ratioInterval(before, after, confidence) : pairedInterval(pairs, random, confidence);
  return { ci95, p, ...decide(metric, before, after, p, ci95, options) };
}

function decide(
  metric: ScoredMetric,
  before: readonly number[],
  after: readonly number[],
  p: number,
  ci95: Interval,
  options: ScoreOptions,
): { verdict: Verdict; reason: string } {
  if (before.length < MIN_SAMPLES || after.length < MIN_SAMPLES) {
    const counts = `${before.length} and ${after.length} samples`;
    return {
      verdict: 'undecided',
      reason: `${counts}: with fewer than ${MIN_SAMPLES} per arm no difference can be significant`,
    };
  }
  const significance = options.significance ?? SIGNIFICANCE;
  const relative = options.relativeThreshold ?? DEFAULT_RELATIVE_THRESHOLD;
  const absolute = options.absoluteThreshold ?? DEFAULT_ABSOLUTE_THRESHOLD[metric.unit];
  const margin = options.sameMargin ?? DEFAULT_SAME_MARGIN;
  const [from, to] = [median(before), median(after)];
  const change = Math.abs(to - from);
  const span = `the interval of baseline / candidate, ${ci95[0].toFixed(3)}–${ci95[1].toFixed(3)},`;
  const doubts = [
    ...(p < significance ? [] : [`${pText(p)} is not below ${Number(significance.toPrecision(2))}`]),
    ...(ci95[0] > 1 || ci95[1] < 1 ? [] : [`${span} includes 1`]),
    ...(change > relative * from
      ? []
      : [`the medians differ by ${percent(change / from)}, within the ${percent(relative)} threshold`]),
    ...(change > absolute
      ? []
      : [
          `the medians differ by ${formatAmount(change, metric.unit)}, within the ${formatAmount(absolute, metric.unit)} threshold`,
        ]),
  ];
  if (doubts.length === 0) {
    const reason = `${pText(p)}, ${span} excludes 1, and the medians differ by ${percent(change / from)}`;
    return { verdict: direction(metric, from, to), reason };
  }
  if (ci95[0] >= 1 / (1 + margin) && ci95[1] <= 1 + margin) {
    return { verdict: 'same', reason: `${span} lies wholly within ±${percent(margin)}` };
  }
  return { verdict: 'undecided', reason: doubts.join('; ') };
}

function toPairs(before: readonly number[], after: readonly number[]): (readonly [number, number])[] | undefined {
  if (before.length !== after.length || before.length < MIN_PAIRS) return undefined;
  return before.flatMap((a, index) => {
    const b = after[index];
    return b === undefined ? [] : [[a, b] as const];
  });
}

/** `better` or `worse`, by which way is better for the metric. */
export function direction(metric: Pick<ScoredMetric, 'better'>, before: number, after: number): Verdict {
  return after < before === (metric.better === 'lower') ? 'better' : 'worse';
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function formatAmount(amount: number, unit: Unit): string {
  if (unit === 's') return `${(amount * 1000).toFixed(1)} ms`;
  return unit === 'count' ? String(Math.round(amount)) : `${Math.round(amount)} ${unit}`;
}
