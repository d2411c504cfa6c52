import type { BootMarkers, MarkerId } from '../../model/boots/boot.ts';
import type { Clock, Measurement, Score, Unit } from '../../model/verdicts/measure.ts';
import { hasOldInitrd } from './old-initrd.ts';

/** What drydock measures, in which unit, and between which two ends. */
export interface MetricDefinition {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly better: Measurement['better'];
  readonly clock: Clock;
  /** True for quantities without noise: one look is the truth, and no test applies. */
  readonly exact: boolean;
  /** Both ends of the quantity, in one line. */
  readonly endPoints: string;
  /** What the thesis measured under this name, and between which ends. */
  readonly thesis?: NonNullable<Score['thesis']>;
  /** The two ends as data; absent where the log does not hold the metric. `endPoints` says the same in words. */
  readonly ends?: MetricEnds;
}

/** Where a metric of the log begins and ends. */
export interface MetricEnds {
  /** With the clock, at the line before its end (the line's own cost), or at a marker. */
  readonly from: 'clock-start' | 'line-before' | MarkerId;
  readonly to: MarkerId;
  /** The metric exists only where this holds. */
  readonly onlyIf?: (markers: BootMarkers) => boolean;
}

export function between(
  start: { readonly atSec: number } | undefined,
  end: { readonly atSec: number } | undefined,
): number | undefined {
  if (start === undefined || end === undefined || end.atSec < start.atSec) return undefined;
  return Math.round((end.atSec - start.atSec) * 1e6) / 1e6;
}

function hasInitrd(markers: BootMarkers): boolean {
  return markers['initrd-unpack'] !== undefined || markers['initrd-freed'] !== undefined;
}

export const METRICS: readonly MetricDefinition[] = [
  {
    id: 'kernel_init',
    title: 'Kernel init',
    unit: 's',
    better: 'lower',
    clock: 'wall',
    exact: false,
    endPoints: 'start of the printk clock → first "Freeing unused kernel … memory" line (its timestamp)',
    thesis: {
      before: 0.818967,
      after: 0.476708,
      ratio: 1.72,
      endPoints: 'start of the printk clock → "Freeing unused kernel memory" (its timestamp)',
    },
    ends: { from: 'clock-start', to: 'initmem-freed' },
  },
  {
    id: 'initrd_release',
    title: 'Initrd release',
    unit: 's',
    better: 'lower',
    clock: 'wall',
    exact: false,
    endPoints: 'the line before "Freeing initrd memory" → that line (its cost column)',
    thesis: {
      before: 1.024451,
      after: 0.188621,
      ratio: 5.43,
      endPoints: 'the line before "Freeing initrd memory" → that line (its cost column)',
    },
    ends: { from: 'line-before', to: 'initrd-freed' },
  },
  {
    id: 'initrd_phase',
    title: 'Initrd phase',
    unit: 's',
    better: 'lower',
    clock: 'wall',
    exact: false,
    endPoints: '"Run … as init process" (the initrd\'s first program) → first line of the root\'s own systemd',
    // What runs as init after an old-style initrd is the root's own.
    ends: {
      from: 'init-exec',
      to: 'systemd-start',
      onlyIf: (markers) => hasInitrd(markers) && !hasOldInitrd(markers),
    },
  },
  {
    id: 'module_loading',
    title: 'Module loading',
    unit: 's',
    better: 'lower',
    clock: 'wall',
    exact: false,
    endPoints:
      '"drydock: modules begin" → "drydock: modules end": the unit before docker.service that loads all that Docker\'s ' +
      'default bridge network needs',
    thesis: {
      before: 19.178696,
      after: 13.851692,
      ratio: 1.38,
      endPoints: 'the line before "loop: module loaded" → that line (its cost column)',
    },
    ends: { from: 'modules-begin', to: 'modules-end' },
  },
  {
    id: 'total_boot',
    title: 'Total boot',
    unit: 's',
    better: 'lower',
    clock: 'wall',
    exact: false,
    endPoints: 'start of the printk clock → "drydock: ready": docker0 is up and a container on the bridge has run',
    thesis: {
      before: 47.71536,
      after: 38.097239,
      ratio: 1.25,
      endPoints: 'start of the printk clock → "IPv6: ADDRCONF(NETDEV_UP): docker0: link is not ready" (its timestamp)',
    },
    ends: { from: 'clock-start', to: 'ready' },
  },
  {
    id: 'total_boot_host',
    title: 'Total boot, host clock',
    unit: 's',
    better: 'lower',
    clock: 'wall',
    exact: false,
    endPoints: 'QEMU process start → "drydock: ready" arrives on the console (host monotonic clock)',
  },
  {
    id: 'kernel_size',
    title: 'Kernel size',
    unit: 'bytes',
    better: 'lower',
    clock: 'none',
    exact: true,
    endPoints: 'size of the bzImage file',
  },
  {
    id: 'initrd_size',
    title: 'Initrd size',
    unit: 'bytes',
    better: 'lower',
    clock: 'none',
    exact: true,
    endPoints: 'size of the initrd file as QEMU loads it',
  },
  {
    id: 'memory_used',
    title: 'Memory used',
    unit: 'bytes',
    better: 'lower',
    clock: 'none',
    exact: false,
    endPoints: "RAM that QEMU gives the guest less MemAvailable when ready (the kernel's own image and reserves count)",
  },
];

/** The metrics that one boot's log yields, by metric id; one whose markers are missing is absent, never zero. */
export function bootMetrics(markers: BootMarkers): Record<string, number> {
  const entries: [string, number][] = [];
  for (const { id, ends } of METRICS) {
    const value = ends === undefined ? undefined : secondsBetween(ends, markers);
    if (value !== undefined) entries.push([id, value]);
  }
  return Object.fromEntries(entries);
}

/** What a metric of the log comes to in seconds; absent where one of its ends was not found. */
export function secondsBetween({ from, to, onlyIf }: MetricEnds, markers: BootMarkers): number | undefined {
  if (onlyIf !== undefined && !onlyIf(markers)) return undefined;
  const end = markers[to];
  if (from === 'clock-start') return end?.atSec;
  return from === 'line-before' ? end?.deltaSec : between(markers[from], end);
}
