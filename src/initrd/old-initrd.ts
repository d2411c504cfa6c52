import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Host } from '../host/host.ts';
import { initrdEntries } from './busybox-initrd.ts';
import type { InitrdContent } from './busybox-initrd.ts';
import { writeExt2Image } from './archive/ext2-image.ts';

export interface OldInitrdOptions extends InitrdContent {
  /** Scratch folder. */
  readonly workDir: string;
  readonly outputPath: string;
}

/**
 * Packs drydock's BusyBox initrd in the old style: a file system image, under gzip, that the kernel loads into a RAM disk and
 * whose /linuxrc it runs itself before it mounts the root (Documentation/admin-guide/initrd.rst). The files are those of
 * the cpio; the same input gives the same bytes.
 *
 * @returns the size of the RAM disk that it needs, in KiB
 * @throws Fault `kernel-config` when a module is compressed, `command-failed` when e2fsprogs fails
 */
export async function buildOldInitrd(host: Host, options: OldInitrdOptions): Promise<{ readonly ramDiskKb: number }> {
  const imagePath = path.join(options.workDir, 'initrd.ext2');
  const entries = await initrdEntries(host, options);
  const { sizeKb } = await writeExt2Image(host, { entries, workDir: options.workDir, outputPath: imagePath });
  await host.files.writeAtomic(options.outputPath, gzipSync(await host.files.readBytes(imagePath), { level: 9 }));
  return { ramDiskKb: sizeKb };
}
