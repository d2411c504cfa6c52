import type { BootSummary, MarkerId } from '../model/boot.ts';
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

/** Markers in the order a boot passes them, with the words a chart has room for. */
export const markerNames: Readonly<Record<MarkerId, string>> = {
  'kernel-start': 'kernel start',
  'initrd-unpack': 'initrd unpack',
  'initrd-freed': 'initrd freed',
  'initmem-freed': 'initmem freed',
  'init-exec': 'init exec',
  'systemd-start': 'systemd start',
  'modules-begin': 'modules begin',
  'modules-end': 'modules end',
  'startup-finished': 'startup finished',
  'docker0-up': 'docker0 up',
  ready: 'ready',
};

export const markerIds: readonly MarkerId[] = [
  'kernel-start',
  'initrd-unpack',
  'initrd-freed',
  'initmem-freed',
  'init-exec',
  'systemd-start',
  'modules-begin',
  'modules-end',
  'startup-finished',
  'docker0-up',
  'ready',
];

/** Last instant a boot is known to have reached, in seconds of its guest clock. */
export function bootEndSec(boot: BootSummary): number {
  const instants = [
    ...markerIds.flatMap((id) => boot.markers[id]?.atSec ?? []),
    ...boot.phases.map((phase) => phase.endSec),
  ];
  return Math.max(0, ...instants.filter((instant) => Number.isFinite(instant)));
}
