import type { Clock } from './measure.ts';

/** An effect in seconds saved (negative: it costs), with a 95 % interval; on the virtual clock the range over all combinations. */
export interface Effect {
  readonly effectSec: number;
  readonly ci95: readonly [number, number];
  readonly verdict: 'saves' | 'costs' | 'not told from zero';
  readonly reason: string;
}

/** What one change of an ablation saves. */
export interface FactorEffect extends Effect {
  readonly factor: string;
  /** Combinations of the other factors over which the effect is the mean. */
  readonly contexts: number;
  /** Its part of the whole saving, the mean over all orders of making the changes; these sum to the whole. */
  readonly shareSec: number;
  /** Saved when it is the only change; `null` where it cannot be alone. */
  readonly aloneSec: number | null;
  /** Saved when it comes on top of all others; `null` where others need it. */
  readonly lastSec: number | null;
}

/** What two changes save together beyond what they save apart. */
export interface FactorInteraction extends Effect {
  readonly factors: readonly [string, string];
  readonly contexts: number;
}

/** One metric of an ablation taken apart. */
export interface Ledger {
  readonly metric: string;
  readonly clock: Clock;
  readonly endPoints: string;
  readonly baselineSec: number;
  readonly candidateSec: number;
  readonly totalSec: number;
  readonly total: Effect;
  readonly factors: readonly FactorEffect[];
  readonly interactions: readonly FactorInteraction[];
}

/** A factorial run: which arm had which changes, and a ledger a metric. */
export interface Ablation {
  readonly factors: readonly string[];
  readonly cells: Readonly<Record<string, readonly string[]>>;
  readonly ledgers: readonly Ledger[];
}
