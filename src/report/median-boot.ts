import type { BootSummary } from '../model/boot.ts';
import type { RunRecord } from '../model/record.ts';

/** The boot that stands for an arm: a real one, not an average of several. */
export interface MedianBoot {
  readonly boot: BootSummary;
  /** Which figure it is the median of, for the caption. */
  readonly basis: string;
  readonly boots: number;
}

/**
 * The boot in the middle of an arm's boots by total boot time (the faster of the two middle ones when their number is
 * even), or by the host's clock where no boot has that metric. `undefined` when the arm has no boot.
 */
export function medianBoot(record: RunRecord, arm: string): MedianBoot | undefined {
  const all = record.boots.filter((boot) => boot.arm === arm);
  const timed = all.filter((boot) => boot.metrics['total_boot'] !== undefined);
  const candidates = timed.length > 0 ? timed : all;
  const cost = (boot: BootSummary): number => boot.metrics['total_boot'] ?? boot.hostReadySec;
  const sorted = [...candidates].sort((a, b) => cost(a) - cost(b) || a.order - b.order);
  const boot = sorted[Math.floor((sorted.length - 1) / 2)];
  if (boot === undefined) return undefined;
  return { boot, basis: timed.length > 0 ? 'total boot' : 'ready on the host clock', boots: all.length };
}
