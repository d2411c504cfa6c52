export type Unit = 's' | 'bytes' | 'bytes/s' | 'ops/s' | 'count';
export type Clock = 'wall' | 'virtual' | 'none';
export type Verdict = 'better' | 'worse' | 'same' | 'undecided' | 'incomparable';

/** Samples of one metric on one arm. */
export interface Measurement {
  readonly metric: string;
  readonly unit: Unit;
  readonly better: 'lower' | 'higher';
  /** `none` for quantities that no clock measures (sizes). */
  readonly clock: Clock;
  readonly samples: readonly number[];
}

/** How far the candidate is from the baseline, apart from whether that is sure. */
export interface Effect {
  /** Candidate median over baseline median, less 1: −0.4 is 40 % lower. */
  readonly relativeChange: number;
  /** Lower and upper end of its interval. */
  readonly relativeChange95: readonly [number, number];
  /** −1..1; 1 when every candidate sample is below every baseline sample. `null` for exact quantities. */
  readonly cliffsDelta: number | null;
}

/** A sample far from the others of its arm. It is reported and stays in every figure. */
export interface Outlier {
  readonly arm: string;
  /** 0-based position among the arm's samples of the metric. */
  readonly index: number;
  readonly value: number;
  /** Distance from the arm's median in median absolute deviations; negative below it. */
  readonly mads: number;
}

/** Candidate against baseline on one metric. */
export interface Score {
  readonly metric: string;
  readonly unit: Unit;
  readonly baseline: { readonly arm: string; readonly median: number; readonly samples: readonly number[] };
  readonly candidate: { readonly arm: string; readonly median: number; readonly samples: readonly number[] };
  /** Baseline median over candidate median, the thesis's "ratio": above 1 the candidate is lower. */
  readonly ratio: number;
  readonly ci95: readonly [number, number];
  /** Two-sided permutation p; `null` for exact quantities (sizes), where no test applies. */
  readonly p: number | null;
  readonly verdict: Verdict;
  /** Why the verdict is what it is, one sentence. */
  readonly reason: string;
  /** Absent in records that are older than 0.2. */
  readonly effect?: Effect;
  /** Absent in records that are older than 0.2. */
  readonly outliers?: readonly Outlier[];
  /** What the metric measures, from where to where. */
  readonly endPoints: string;
  readonly thesis?: {
    readonly before: number;
    readonly after: number;
    readonly ratio: number;
    readonly endPoints: string;
  };
}
