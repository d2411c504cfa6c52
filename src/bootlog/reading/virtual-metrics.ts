import type { BootMarkers } from '../../model/boots/boot.ts';
import { between, type MetricDefinition } from './metrics.ts';

const shared = { unit: 's', better: 'lower', clock: 'virtual', exact: false } as const;

/**
 * What a boot on the virtual clock yields: executed instructions of one virtual CPU, a nanosecond each, so host noise has
 * no part in them. Their ids are their own: a figure of this clock never stands in one row with one of the wall's.
 */
export const VIRTUAL_METRICS: readonly MetricDefinition[] = [
  {
    ...shared,
    id: 'kernel_before_clock_virtual',
    title: "Before the kernel's clock",
    endPoints:
      'machine reset → start of the printk clock: firmware, loading, decompression (the time stamp counter at the ' +
      'hand-over less its printk stamp)',
  },
  {
    ...shared,
    id: 'kernel_init_virtual',
    title: 'Kernel init',
    endPoints: 'start of the printk clock → first "Freeing unused kernel … memory" line (its timestamp)',
  },
  {
    ...shared,
    id: 'initrd_release_virtual',
    title: 'Initrd release',
    endPoints: 'the line before "Freeing initrd memory" → that line (its cost column)',
  },
  {
    ...shared,
    id: 'initrd_phase_virtual',
    title: 'Initrd to hand-over',
    endPoints: '"Run … as init process" → "drydock: hand-over", where the initrd would mount the root',
  },
  {
    ...shared,
    id: 'hand_over_virtual',
    title: 'Reset to hand-over',
    endPoints: 'machine reset → the initrd would mount the root (time stamp counter; needs no printk)',
  },
];

/** The metrics of one boot on the virtual clock, by id. `clockSec` is the time stamp counter at the hand-over, in seconds. */
export function virtualMetrics(markers: BootMarkers, clockSec: number): Record<string, number> {
  const handOver = markers['hand-over']?.atSec;
  const values: Readonly<Record<string, number | undefined>> = {
    kernel_before_clock_virtual: handOver === undefined ? undefined : clockSec - handOver,
    kernel_init_virtual: markers['initmem-freed']?.atSec,
    initrd_release_virtual: markers['initrd-freed']?.deltaSec,
    initrd_phase_virtual: between(markers['init-exec'], markers['hand-over']),
    hand_over_virtual: clockSec,
  };
  return Object.fromEntries(
    Object.entries(values).flatMap(([id, value]) => (value === undefined ? [] : [[id, Number(value.toFixed(9))]])),
  );
}
