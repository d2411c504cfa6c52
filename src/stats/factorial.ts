import type { Effect, FactorEffect, FactorInteraction, Ledger } from '../model/verdicts/ablation.ts';
import { medianDrawer } from './bootstrap.ts';
import { disagreement, VIRTUAL_AGREEMENT } from './deterministic.ts';
import type { Interval } from './interval.ts';
import { createRandom } from './random.ts';
import { ascending, median, sortedQuantile } from './summary.ts';

/** One combination of factors, with its samples in seconds. */
export interface Cell {
  readonly on: readonly string[];
  readonly samples: readonly number[];
}

export interface LedgerOptions {
  /** Samples repeat to this many seconds: intervals follow from it. Absent: samples are noisy, and intervals are bootstrapped. */
  readonly resolutionSec?: number;
  readonly seed?: number;
}

/** A linear combination of cells: the mean of several differences between two cells each. */
type Contrast = ReadonlyMap<string, number>;

const RESAMPLES = 2_000;
/** With fewer samples per cell the bootstrap interval means little, so no effect counts as different from zero. */
const MIN_SAMPLES = 4;
/** Normal quantiles of a two-sided 5 % test with 80 % power. */
const POWER_FACTOR = 1.96 + 0.8416;
const MAD_TO_SIGMA = 1.4826;

function keyOf(on: readonly string[]): string {
  return [...on].sort().join('+');
}

function add(into: Map<string, number>, key: string, weight: number): void {
  into.set(key, (into.get(key) ?? 0) + weight);
}

function meanOf(contrasts: readonly Contrast[]): Contrast {
  const sum = new Map<string, number>();
  for (const contrast of contrasts) {
    for (const [key, weight] of contrast) add(sum, key, weight / contrasts.length);
  }
  return sum;
}

/**
 * The ledger of a factorial run: which change saved how much, in seconds (positive: saved).
 *
 * - `effect`: the main effect, the mean saving over every combination of the others in which the factor can be on or off.
 * - `share`: the Shapley value under precedence constraints (Shapley, 1953; Faigle and Kern, 1992): the mean saving over all
 *   orders in which the changes can be made. Shares sum to the whole saving exactly, main effects need not.
 * - `alone` and `last`: what the factor saves as the first change and as the last one.
 * - interactions: what two changes save together beyond what each saves without the other, over every combination of the rest.
 *
 * With noise an effect's interval is bootstrapped over the boots of every cell. Where samples repeat, it is the range over all
 * combinations in which the change can be made, widened by the clock's resolution.
 *
 * Cells that do not exist (a factor that needs another) are left out, and what they would tell is not estimated.
 */
export function factorialLedger(
  factors: readonly string[],
  cells: readonly Cell[],
  options: LedgerOptions = {},
): Pick<Ledger, 'totalSec' | 'total' | 'factors' | 'interactions'> {
  const byKey = new Map(cells.map((cell) => [keyOf(cell.on), cell]));
  const exists = (on: readonly string[]): boolean => byKey.has(keyOf(on));
  const judge = estimator(byKey, options);
  /** What is saved by going from one cell to another. */
  const saving = (from: readonly string[], to: readonly string[]): Contrast =>
    new Map([
      [keyOf(from), 1],
      [keyOf(to), -1],
    ]);
  const full = judge([saving([], factors)]);
  return {
    totalSec: full.effectSec,
    total: full,
    factors: factors.map((factor): FactorEffect => {
      const contexts = cells.filter(({ on }) => !on.includes(factor) && exists([...on, factor]));
      const one = (on: readonly string[]): number | null =>
        exists(on) && exists([...on, factor]) ? judge([saving(on, [...on, factor])]).effectSec : null;
      return {
        factor,
        contexts: contexts.length,
        ...judge(contexts.map(({ on }) => saving(on, [...on, factor]))),
        shareSec: judge([shapley(factors, factor, exists)]).effectSec,
        aloneSec: one([]),
        lastSec: one(factors.filter((other) => other !== factor)),
      };
    }),
    interactions: pairs(factors).flatMap(([a, b]): FactorInteraction[] => {
      const contexts = cells.filter(
        ({ on }) =>
          !on.includes(a) && !on.includes(b) && exists([...on, a]) && exists([...on, b]) && exists([...on, a, b]),
      );
      if (contexts.length === 0) return [];
      const beyond = contexts.map(
        ({ on }): Contrast =>
          new Map([
            [keyOf([...on, a]), 1],
            [keyOf([...on, b]), 1],
            [keyOf(on), -1],
            [keyOf([...on, a, b]), -1],
          ]),
      );
      return [{ factors: [a, b], contexts: contexts.length, ...judge(beyond) }];
    }),
  };
}

/** Every order in which the changes can be made weighs the same. */
function shapley(factors: readonly string[], factor: string, exists: (on: readonly string[]) => boolean): Contrast {
  const sum = new Map<string, number>();
  let orders = 0;
  const walk = (done: readonly string[]): void => {
    if (done.length === factors.length) {
      const before = done.slice(0, done.indexOf(factor));
      add(sum, keyOf(before), 1);
      add(sum, keyOf([...before, factor]), -1);
      orders += 1;
      return;
    }
    for (const next of factors) if (!done.includes(next) && exists([...done, next])) walk([...done, next]);
  };
  walk([]);
  return new Map([...sum].map(([key, weight]) => [key, weight / orders]));
}

function pairs(factors: readonly string[]): readonly (readonly [string, string])[] {
  return factors.flatMap((a, index) => factors.slice(index + 1).map((b) => [a, b] as const));
}

/** Judges the mean of several contrasts. */
function estimator(
  byKey: ReadonlyMap<string, Cell>,
  options: LedgerOptions,
): (contrasts: readonly Contrast[]) => Effect {
  const samplesOf = (key: string): readonly number[] => byKey.get(key)?.samples ?? [];
  const value = (contrast: Contrast, of: (key: string) => number): number =>
    [...contrast].reduce((sum, [key, weight]) => sum + weight * of(key), 0);
  const medianOf = (key: string): number => median(samplesOf(key));

  if (options.resolutionSec !== undefined) {
    const resolution = options.resolutionSec;
    const bounds = (contrast: Contrast): Interval => {
      const effectSec = value(contrast, medianOf);
      const margin = [...contrast].reduce((sum, [key, weight]) => {
        const samples = samplesOf(key);
        return sum + Math.abs(weight) * (Math.max(...samples) - Math.min(...samples) + resolution);
      }, 0);
      return [effectSec - margin, effectSec + margin];
    };
    return (contrasts) => {
      const effectSec = contrasts.reduce((sum, contrast) => sum + value(contrast, medianOf), 0) / contrasts.length;
      // The virtual clock has no noise: an effect counts when it has the same sign in every combination.
      const each = contrasts.map(bounds);
      const ci95: Interval = [Math.min(...each.map(([low]) => low)), Math.max(...each.map(([, high]) => high))];
      const doubt = doubtOfRepetition(contrasts.flatMap((contrast) => [...contrast.keys()].map(samplesOf)));
      if (doubt !== undefined) return { effectSec, ci95, verdict: 'undecided', reason: doubt };
      const verdict = verdictOf(ci95);
      const range = `${microseconds(ci95[0])} to ${microseconds(ci95[1])} over ${String(contrasts.length)} combinations`;
      const reason = verdict === 'undecided' ? `${range}: its sign depends on the other changes` : range;
      return { effectSec, ci95, verdict, reason };
    };
  }

  const draws = bootstrapCells(byKey, options.seed ?? 1);
  return (contrasts) => {
    const contrast = meanOf(contrasts);
    const effectSec = value(contrast, medianOf);
    const values = Array.from({ length: RESAMPLES }, (_, draw) =>
      value(contrast, (key) => draws.get(key)?.[draw] ?? Number.NaN),
    ).sort(ascending);
    const ci95: Interval = [sortedQuantile(values, 0.025), sortedQuantile(values, 0.975)];
    const fewest = Math.min(...[...contrast.keys()].map((key) => samplesOf(key).length));
    if (fewest < MIN_SAMPLES) {
      const reason = `${String(fewest)} boots per cell: fewer than ${String(MIN_SAMPLES)} decide nothing`;
      return { effectSec, ci95, verdict: 'undecided', reason };
    }
    const verdict = verdictOf(ci95);
    if (verdict !== 'undecided') return { effectSec, ci95, verdict, reason: 'the interval excludes zero' };
    return { effectSec, ci95, verdict, reason: `the interval includes zero; ${wanted(contrast, samplesOf)}` };
  };
}

/** Medians of resamples, cell by cell, drawn once so that every effect sees the same draws. */
function bootstrapCells(byKey: ReadonlyMap<string, Cell>, seed: number): ReadonlyMap<string, readonly number[]> {
  const random = createRandom(seed);
  return new Map(
    [...byKey].map(([key, { samples }]) => [key, Array.from({ length: RESAMPLES }, medianDrawer(samples, random))]),
  );
}

/** Why samples that should repeat tell nothing, or `undefined` when they do repeat. */
function doubtOfRepetition(cells: readonly (readonly number[])[]): string | undefined {
  if (cells.some((samples) => samples.length < 2)) return 'one boot per cell does not show that it repeats';
  const apart = Math.max(...cells.map(disagreement));
  return apart > VIRTUAL_AGREEMENT
    ? `boots of one cell differ by ${(apart * 100).toFixed(3)} %: not deterministic`
    : undefined;
}

function verdictOf([low, high]: Interval): Effect['verdict'] {
  if (low > 0) return 'saves';
  return high < 0 ? 'costs' : 'undecided';
}

/** Boots per cell needed to see an effect of a millisecond: two-sided 5 %, power 80 %. */
function wanted(contrast: Contrast, samplesOf: (key: string) => readonly number[]): string {
  const variance = [...contrast].reduce((sum, [key, weight]) => {
    const samples = samplesOf(key);
    const centre = median(samples);
    const sigma = MAD_TO_SIGMA * median(samples.map((sample) => Math.abs(sample - centre)));
    return sum + (weight * sigma) ** 2;
  }, 0);
  // The variance of a median is π/2 that of a mean (normal noise, large samples).
  const boots = Math.ceil((variance * (Math.PI / 2) * POWER_FACTOR ** 2) / 0.001 ** 2);
  return `to see 1 ms at this noise takes about ${String(Math.max(MIN_SAMPLES, boots))} boots per cell (5 %, power 80 %), or the virtual clock`;
}

function microseconds(sec: number): string {
  return `${(sec * 1e6).toFixed(1)} µs`;
}
