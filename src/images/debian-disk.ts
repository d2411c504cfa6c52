import path from 'node:path';
import type { BootstrappedGuest } from '../profile/guest-schema.ts';
import type { ImageWorkshop } from './debian-tree.ts';

/** One file system identity for every image of a definition: the same packages give the same disk. */
const FS_UUID = '6d1d0c2e-6f0d-4b5e-9b0a-d0c4e2017000';
/** Plenty for a guest of this kind; fewer inodes are fewer blocks to write. */
const INODES = 400_000;
/** Where partitioning tools put the first partition. GRUB's core image lies in the gap before it (grub-install(8)). */
const FIRST_PARTITION_KIB = 1024;
const OFFSET = `,offset=${String(FIRST_PARTITION_KIB * 1024)}`;
/** sfdisk(8)'s script of a BIOS partition table: one partition over the rest of the disk, and the same signature each time. */
const PARTITION_TABLE = `label: dos\nlabel-id: 0x64727964\nstart=${String(FIRST_PARTITION_KIB)}KiB, type=83, bootable\n`;

/**
 * Makes the guest's tree a qcow2 disk at `diskPath` without mounting anything: `mke2fs -d` fills the file system, which is
 * the whole disk, or its only partition where the definition names one. The tree is gone afterwards.
 */
export async function makeDisk(
  workshop: ImageWorkshop,
  { rootDevice, machine }: Pick<BootstrappedGuest, 'rootDevice' | 'machine'>,
  diskPath: string,
): Promise<void> {
  const { scratch, root, plain, asRoot } = workshop;
  const raw = path.join(scratch, 'disk.img');
  const isPartition = /\d$/.test(rootDevice);
  const { diskGb } = machine;
  await asRoot([
    'mke2fs',
    ...['-q', '-t', 'ext4', '-d', root, '-L', 'drydock-root', '-U', FS_UUID, '-N', String(INODES)],
    // Everything initialised now: a kernel thread that does it later would do so in the middle of a measured boot.
    ...['-E', `hash_seed=${FS_UUID},lazy_itable_init=0,lazy_journal_init=0${isPartition ? OFFSET : ''}`],
    raw,
    isPartition ? `${String(diskGb * 1024 ** 2 - FIRST_PARTITION_KIB)}k` : `${String(diskGb)}G`,
  ]);
  if (isPartition) {
    await asRoot(['truncate', '--size', `${String(diskGb)}G`, raw]);
    await asRoot(['sfdisk', '--quiet', '--wipe-partitions=never', raw], { input: PARTITION_TABLE });
  }
  await plain(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, diskPath]);
  await asRoot(['rm', '-rf', root, raw]);
}
