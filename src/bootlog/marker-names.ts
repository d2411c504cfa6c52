import type { MarkerId } from '../model/boots/boot.ts';

/** Markers with the words a chart has room for. */
export const markerNames: Readonly<Record<MarkerId, string>> = {
  'kernel-start': 'kernel start',
  'initrd-unpack': 'initrd unpack',
  'initrd-freed': 'initrd freed',
  'initrd-mounted': 'initrd mounted',
  'initrd-left': 'initrd left',
  'initmem-freed': 'initmem freed',
  'init-exec': 'init exec',
  'hand-over': 'hand-over',
  'systemd-start': 'systemd start',
  'modules-begin': 'modules begin',
  'modules-end': 'modules end',
  'startup-finished': 'startup finished',
  'docker0-up': 'docker0 up',
  ready: 'ready',
};

/** Markers in the order a boot passes them. */
export const markerIds: readonly MarkerId[] = [
  'kernel-start',
  'initrd-unpack',
  'initrd-freed',
  'initrd-mounted',
  'initrd-left',
  'initmem-freed',
  'init-exec',
  'hand-over',
  'systemd-start',
  'modules-begin',
  'modules-end',
  'startup-finished',
  'docker0-up',
  'ready',
];
