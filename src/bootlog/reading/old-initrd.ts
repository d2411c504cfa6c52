import type { BootMarkers } from '../../model/boots/boot.ts';

/** Whether the kernel ran the /linuxrc of an initrd that is a file system in a RAM disk (init/do_mounts_initrd.c). */
export function hasOldInitrd(markers: BootMarkers): boolean {
  return markers['initrd-mounted'] !== undefined;
}

/** What a reader of such a boot's figures must know: they do not mean what they mean with an initramfs. */
export function oldInitrdWarnings(markers: BootMarkers): readonly string[] {
  const [mounted, left, freed] = [markers['initrd-mounted'], markers['initrd-left'], markers['initmem-freed']];
  if (mounted === undefined || left === undefined || freed === undefined) return [];
  return [
    `old-style initrd: the kernel ran its /linuxrc (${(left.atSec - mounted.atSec).toFixed(3)} s, with mounting the root) before it freed its init memory, so kernel_init contains it; initrd_release is the copy of the image alone, loading it came later (phase RAM disk)`,
  ];
}
