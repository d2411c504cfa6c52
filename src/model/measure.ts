export type Unit = 's' | 'bytes';
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
  /** What the metric measures, from where to where. */
  readonly endPoints: string;
  readonly thesis?: {
    readonly before: number;
    readonly after: number;
    readonly ratio: number;
    readonly endPoints: string;
  };
}
