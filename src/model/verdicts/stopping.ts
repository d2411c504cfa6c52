import type { Verdict } from './measure.ts';

/** What one look at the boots so far showed. */
export interface LookRecord {
  readonly bootsPerArm: number;
  /** A test at this look needed a p below this; its intervals hold 1 less this. */
  readonly nominalP: number;
  /** Share of the 5 % error spent once this look had been taken. */
  readonly spentAlpha: number;
  readonly verdicts: readonly { readonly candidate: string; readonly metric: string; readonly verdict: Verdict }[];
}

/** How a run that boots until its intervals decide came to its end. */
export interface StoppingRecord {
  /** Metrics that had to be decided. */
  readonly metrics: readonly string[];
  readonly maxBootsPerArm: number;
  /** Time that measured boots were allowed; absent when there was no limit. */
  readonly budgetMinutes?: number;
  readonly looks: readonly LookRecord[];
  readonly spentAlpha: number;
  readonly stoppedBy: 'decided' | 'most-boots' | 'budget' | 'nothing-to-decide';
  /** One sentence. */
  readonly reason: string;
}
