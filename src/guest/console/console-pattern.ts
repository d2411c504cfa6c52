import type { FailureKind } from '../../model/failure.ts';

/** Something the console can say about the boot, and what it means. Order matters: the first row that matches speaks. */
export interface ConsolePattern {
  readonly id: string;
  /** Fatal rows end every wait; the others are worth a word in a diagnosis. */
  readonly fatal: boolean;
  readonly start: RegExp;
  /** Last line of the report that `start` opens; without it the report ends when the console pauses. */
  readonly end?: RegExp;
  readonly kind: FailureKind;
  /** `$1`, `$2` … stand for the groups of `start`. */
  readonly headline: string;
  readonly hint: string;
}
