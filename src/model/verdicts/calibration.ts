import type { Effect } from './ablation.ts';
import type { Clock, Verdict } from './measure.ts';

/** What this host's noise is on one metric, from boots of one and the same arm. */
export interface Noise {
  readonly metric: string;
  readonly clock: Clock;
  readonly endPoints: string;
  /** Boots of both identical arms together. */
  readonly samples: number;
  readonly medianSec: number;
  /** 1.4826 × the median absolute deviation over the median: the spread a normal distribution would have. */
  readonly spread: number;
  /** Greatest over least, less 1. */
  readonly range: number;
  /** What the score says of the two identical arms: anything but `same` or `undecided` is a false alarm. */
  readonly verdict: Verdict;
  /** Our own verdicts on random splits of these boots into two arms; absent on the virtual clock and with too few boots. */
  readonly falseAlarms?: {
    readonly splits: number;
    readonly bootsPerArm: number;
    readonly alarms: number;
    readonly share: number;
    readonly ci95: readonly [number, number];
  };
}

/** What one way of looking costs on one metric. `effectSec` is negative: seconds that it adds. */
export interface LookCost extends Effect {
  readonly look: string;
  readonly metric: string;
  readonly clock: Clock;
  readonly withoutSec: number;
  readonly withSec: number;
}

/** An A/A run: two identical arms, and one arm for every way of looking. */
export interface Calibration {
  readonly noise: readonly Noise[];
  readonly looks: readonly LookCost[];
}
