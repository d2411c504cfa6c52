import type { Clock, Measurement, Unit } from './measure.ts';

/** One run's samples of one metric on one arm. */
export interface TrendPoint {
  readonly run: string;
  readonly startedAt: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly samples: number;
}

/** Runs before and after this one differ by more than their order explains. */
export interface ChangePoint {
  /** The first run after the change. */
  readonly run: string;
  readonly before: number;
  readonly after: number;
  /** After over before, less 1; absent where `before` is 0. */
  readonly relativeChange?: number;
  readonly p: number;
}

/** One metric of one arm of one profile, run by run, oldest first. */
export interface Trend {
  readonly profile: string;
  readonly arm: string;
  readonly metric: string;
  readonly unit: Unit;
  readonly clock: Clock;
  readonly better: Measurement['better'];
  readonly points: readonly TrendPoint[];
  readonly changePoints: readonly ChangePoint[];
}

/** Trends of the runs that were made under the same conditions. */
export interface EnvironmentTrends {
  /** The conditions by name: accelerator, CPU, QEMU, guest, … */
  readonly conditions: Readonly<Record<string, string>>;
  readonly runs: number;
  readonly trends: readonly Trend[];
}
