import { createHash } from 'node:crypto';
import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';

const diskSchema = z.strictObject({
  /** Whether `docker import` has put the probe image there. */
  probeImage: z.boolean(),
  /** Files that were uploaded, by path, in base64. */
  files: z.record(z.string(), z.string()),
});

/** The content of a fake disk image: a JSON text where QEMU would have qcow2. */
export type FakeDisk = z.infer<typeof diskSchema>;

export const EMPTY_DISK: FakeDisk = { probeImage: false, files: {} };

export async function readDisk(file: string): Promise<FakeDisk> {
  return diskSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}

export async function writeDisk(file: string, disk: FakeDisk): Promise<void> {
  await writeFile(file, JSON.stringify(disk));
}

/** An overlay or a flattened copy: fake disks are small enough to be copied either way. */
export async function copyDisk(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await chmod(to, 0o644);
}

export function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
