/** One of the thesis's four figures, read again from its own lines. */
export interface ThesisFigure {
  readonly metric: string;
  readonly title: string;
  /** How the line begins that it is read from, and which column of it. */
  readonly line: string;
  readonly column: 'timestamp' | 'cost';
  readonly endPoints: string;
  readonly where: string;
  readonly beforeSec: number;
  readonly afterSec: number;
  /** Before over after, from the lines; `statedRatio` is what the thesis prints. */
  readonly ratio: number;
  readonly statedRatio: number;
}

export interface ThesisPresence {
  readonly id: string;
  readonly title: string;
  /** Lines that the thesis quotes and that match; the boot had more. */
  readonly quotedBefore: number;
  readonly quotedAfter: number;
  /** How many lines the thesis counted before; `null` where it gives no count. */
  readonly countedBefore: number | null;
}

/** Something the thesis says that can be held against something else it says. */
export interface ThesisCheck {
  readonly id: string;
  readonly holds: boolean;
  /** What was compared. */
  readonly what: string;
  /** What came of it, with the values. */
  readonly finding: string;
  readonly values: readonly { readonly where: string; readonly value: string }[];
}

/** What `drydock thesis --json` prints; `checks` with `--check` only. */
export interface ThesisReport {
  readonly format: 'drydock-thesis/1';
  /** Boots behind each figure, each side. */
  readonly bootsASide: number;
  readonly figures: readonly ThesisFigure[];
  /** Table 4-1, parsed from its lines. */
  readonly table: readonly { readonly atSec: number; readonly deltaSec: number; readonly message: string }[];
  readonly presence: readonly ThesisPresence[];
  readonly checks?: readonly ThesisCheck[];
}
