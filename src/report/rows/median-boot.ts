import type { BootSummary } from '../../model/boots/boot.ts';
import type { RunRecord } from '../../model/record.ts';

/** The boot that stands for an arm: a real one, not an average of several. */
export interface MedianBoot {
  readonly boot: BootSummary;
  /** Which figure it is the median of, for the caption. */
  readonly basis: string;
  readonly boots: number;
}

/** The figure that `hostReadySec` is, in `metrics` and in `excluded`. */
const ON_HOST_CLOCK = 'total_boot_host';

/**
 * The boot in the middle of an arm's boots by total boot time (the faster of the two middle ones when their number is
 * even), or by the host's clock where no boot has that metric. A boot whose figure on the host's clock does not count has
 * no place in that order; where none counts, the boot is the middle one of the run. `undefined` when the arm has no boot.
 */
export function medianBoot(record: RunRecord, arm: string): MedianBoot | undefined {
  const all = record.boots.filter((boot) => boot.arm === arm);
  const timed = all.filter((boot) => boot.metrics['total_boot'] !== undefined);
  const onHost = all.filter((boot) => !boot.excluded?.some(({ metric }) => metric === ON_HOST_CLOCK));
  const ways: readonly (readonly [
    basis: string,
    boots: readonly BootSummary[],
    cost: (boot: BootSummary) => number,
  ])[] = [
    ['total boot', timed, (boot) => boot.metrics['total_boot'] ?? 0],
    ['ready on the host clock', onHost, (boot) => boot.hostReadySec],
    ['order', all, (boot) => boot.order],
  ];
  for (const [basis, boots, cost] of ways) {
    const sorted = [...boots].sort((a, b) => cost(a) - cost(b) || a.order - b.order);
    const boot = sorted[Math.floor((sorted.length - 1) / 2)];
    if (boot !== undefined) return { boot, basis, boots: all.length };
  }
  return undefined;
}
