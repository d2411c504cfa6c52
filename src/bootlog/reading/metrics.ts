import type { BootMarkers } from '../../model/boots/boot.ts';
import type { Clock, Score, Unit } from '../../model/verdicts/measure.ts';
import { hasOldInitrd } from './old-initrd.ts';

/** What drydock measures, in which unit, and between which two ends. */
export interface MetricDefinition {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly better: 'lower' | 'higher';
  readonly clock: Clock;
  /** True for quantities without noise: one look is the truth, and no test applies. */
  readonly exact: boolean;
  /** Both ends of the quantity, in one line. */
  readonly endPoints: string;
  /** What the thesis measured under this name, and between which ends. */
  readonly thesis?: NonNullable<Score['thesis']>;
  /** Reads the metric from one boot's markers; absent where the log does not hold it. */
  readonly read?: (markers: BootMarkers) => number | undefined;
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
    read: (markers) => markers['initmem-freed']?.atSec,
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
    read: (markers) => markers['initrd-freed']?.deltaSec,
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
    read: (markers) =>
      hasInitrd(markers) && !hasOldInitrd(markers)
        ? between(markers['init-exec'], markers['systemd-start'])
        : undefined,
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
    read: (markers) => between(markers['modules-begin'], markers['modules-end']),
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
    read: (markers) => markers.ready?.atSec,
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
  for (const { id, read } of METRICS) {
    const value = read?.(markers);
    if (value !== undefined) entries.push([id, value]);
  }
  return Object.fromEntries(entries);
}
