import type { Clock, Unit, Verdict } from './measure.ts';

/** One side of a comparison: an arm of a run. */
export interface ComparedArm {
  readonly run: string;
  readonly arm: string;
  readonly startedAt: string;
}

/** What a metric was on one side. */
export interface ComparedSamples {
  readonly median: number;
  readonly samples: readonly number[];
}

/** How the ratio of a metric was come by. */
export type ComparisonMethod = 'bridged' | 'direct' | 'exact';

/** One metric of an arm in one run against an arm in a later one. */
export interface ComparedMetric {
  readonly metric: string;
  readonly unit: Unit;
  readonly clock: Clock;
  readonly before: ComparedSamples | null;
  readonly after: ComparedSamples | null;
  /** Before over after: above 1 the later run is lower. Bridged, each is taken relative to its own run's baseline first. */
  readonly ratio: number | null;
  readonly ci95: readonly [number, number] | null;
  /** Two-sided permutation p of direct comparisons; `null` for the others. */
  readonly p: number | null;
  readonly method: ComparisonMethod | null;
  readonly verdict: Verdict;
  readonly reason: string;
}

/** Two runs side by side. */
export interface Comparison {
  readonly before: ComparedArm;
  readonly after: ComparedArm;
  /** The arm that both runs have as their baseline, and by which each is measured; `null` when there is none. */
  readonly bridge: string | null;
  /** Conditions that differ; any of them makes sampled metrics incomparable. */
  readonly differences: readonly string[];
  /** What a reader should know of how the two were compared. */
  readonly notes: readonly string[];
  readonly metrics: readonly ComparedMetric[];
}
